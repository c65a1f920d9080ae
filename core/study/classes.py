"""The diagnoses a study offers."""

import re
from dataclasses import dataclass

from core.study.findings import MOST_FINDINGS
from core.study.keys import letter_problem

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
# Okabe & Ito 2008: eight colours told apart with every common colour vision; black left out, as the page is dark
PALETTE = ("#009E73", "#E69F00", "#0072B2", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#999999")
MOST = 9  # diagnoses; ratings are set with Shift and a digit from 1 to 9
INDETERMINATE = "indeterminate"  # a code no class may have


@dataclass(frozen=True, slots=True)
class StudyClass:
    """One diagnosis. `ai_class` is the AI's class it corresponds to; `positive` marks the disease looked for."""

    code: str
    label: str
    letter: str
    colour: str
    ai_class: str | None = None
    positive: bool = False


def class_problems(classes: tuple[StudyClass, ...], *, findings: bool = False) -> tuple[str, ...]:
    """Return a sentence for everything that keeps readers from using these classes, or these `findings`.

    Colours tell diagnoses apart in charts; findings are shown one at a time and may share one.
    """
    found = []
    if findings and not 1 <= len(classes) <= MOST_FINDINGS:
        found.append(f"A study of findings needs 1 to {MOST_FINDINGS} of them.")
    if not findings and not 2 <= len(classes) <= MOST:
        found.append(f"A study needs 2 to {MOST} diagnoses.")
    for study_class in classes:
        name = study_class.label.strip() or study_class.code or "without a name"
        if not study_class.label.strip():
            found.append(f"The class {name} needs a label.")
        if not CODE.fullmatch(study_class.code) or study_class.code == INDETERMINATE:
            found.append(
                f"The class {name} needs a code of small letters, digits and _, other than {INDETERMINATE!r}; "
                "it starts with a letter."
            )
        if problem := letter_problem(study_class.letter):
            found.append(f"The class {name} {problem}.")
        if not COLOUR.fullmatch(study_class.colour):
            found.append(f"The class {name} needs a colour such as {PALETTE[0]}.")
    for field, word in (("code", "code"), ("letter", "letter"), ("label", "label"), ("colour", "colour")):
        if findings and field == "colour":
            continue
        values = [getattr(study_class, field).strip().lower() for study_class in classes]
        for twice in sorted({value for value in values if value and values.count(value) > 1}):
            found.append(f"Two classes have the {word} {twice}; change one.")
    if sum(study_class.positive for study_class in classes) > 1:
        found.append("Only one class can be the positive one.")
    return tuple(found)
