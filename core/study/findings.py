"""The findings a study asks for where it asks for several at once, and how their marks are judged.

A study of findings names each as one of its classes (code, label, letter, colour); what is asked of it stands in the
protocol. A study without findings asks for one diagnosis.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from core.study.questions.question import NOTHING_ELSE, Option, repeated

MarkShape = Literal["point", "box", "length", "sphere"]
MARK_SHAPES: dict[MarkShape, str] = {"point": "a point", "box": "a box", "length": "a length", "sphere": "a sphere"}
ABSENT, PRESENT = "absent", "present"
PLAIN_LEVELS = (Option(ABSENT, "Absent"), Option(PRESENT, "Present"))
MOST_LEVELS = 11  # as many as 0 to 10
MOST_FINDINGS = 18  # as many letters as the viewer leaves
Levels = Mapping[str, str]  # of one case: the code of the level of each finding


@dataclass(frozen=True, slots=True)
class Finding:
    """What is asked of one finding. `code` is that of the study's class.

    `levels` are its grades, the lowest first; empty, it is absent or present. From the level at place `positive_from`
    on it counts as present. `mark` is what readers set on the image for each place where they see it, any number.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    code: str
    levels: tuple[Option, ...] = ()
    positive_from: int = 1
    mark: MarkShape | None = None

    @property
    def graded(self) -> bool:
        """Whether it has levels of its own."""
        return bool(self.levels)

    @property
    def options(self) -> tuple[Option, ...]:
        """Its levels, the lowest first."""
        return self.levels or PLAIN_LEVELS

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of its levels, the lowest first."""
        return tuple(option.code for option in self.options)

    def present(self, level: str | None) -> bool:
        """Tell whether a level counts as present."""
        return level in self.codes[self.positive_from :]

    def said(self, level: str | None) -> str:
        """Return a level by its label."""
        return next((option.label for option in self.options if option.code == level), level or "not said")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a mark counts as on a lesion; distances in mm.

    "radius": the middles of mark and lesion are at most `radius_mm` apart. "overlap": intersection over union is at
    least `overlap`; a flat mark may pass the lesion at `reach_mm`. `forced` asks for exactly one mark a case (LROC).
    """

    __pydantic_config__: ClassVar[ConfigDict] = NOTHING_ELSE

    rule: Literal["radius", "overlap"] = "radius"
    radius_mm: float = 10.0
    overlap: float = 0.1
    reach_mm: float = 0.0
    forced: bool = False

    def said(self) -> str:
        """Say the rule in words."""
        if self.rule == "radius":
            return f"A mark is on a lesion where their middles are at most {self.radius_mm:g} mm apart."
        return (
            f"A mark is on a lesion where they overlap by {self.overlap:g} or more (intersection over union)"
            + (f"; a flat mark may pass it at {self.reach_mm:g} mm." if self.reach_mm else ".")
        )  # fmt: skip


def finding_problems(findings: Sequence[Finding], acceptance: Acceptance) -> list[str]:
    """Return a sentence for everything that keeps these findings from being asked."""
    problems = [f"The finding {twice} is named twice; leave one out." for twice in repeated([f.code for f in findings])]
    for finding in findings:
        name = f"The finding {finding.code}"
        codes = [option.code for option in finding.levels]
        if len(codes) == 1 or len(codes) > MOST_LEVELS:
            problems.append(f"{name} needs 2 to {MOST_LEVELS} grades, or none for absent and present.")
        problems += [f"{name} has the grade {twice} twice; change one." for twice in repeated(codes)]
        if not all(option.code.strip() and option.label.strip() for option in finding.levels):
            problems.append(f"{name} has a grade without a text.")
        if not 1 <= finding.positive_from < max(2, len(finding.options)):
            problems.append(f"{name}: choose from which grade on it counts as present, not the lowest.")
    return problems + (_acceptance_problems(acceptance) if any(f.mark for f in findings) else [])


def _acceptance_problems(chosen: Acceptance) -> list[str]:
    if chosen.rule == "radius" and not (0 < chosen.radius_mm < 1000 and math.isfinite(chosen.radius_mm)):
        return ["The acceptance radius lies above 0 and below 1000 mm."]
    if chosen.rule == "overlap" and not 0 < chosen.overlap <= 1:
        return ["The overlap that is accepted lies above 0 and is at most 1."]
    return [] if 0 <= chosen.reach_mm < 1000 else ["The reach of a flat mark lies between 0 and 1000 mm."]


def aligned(findings: Sequence[Finding], codes: Sequence[str]) -> tuple[Finding, ...]:
    """Return the findings of these classes in their order; a class without one is absent or present."""
    known = {finding.code: finding for finding in findings}
    return tuple(known.get(code) or Finding(code) for code in codes)


def levels_problems(given: object, findings: Sequence[Finding], labels: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the levels of a case, a sentence by finding: none may be missing or unknown."""
    levels = given if isinstance(given, dict) else {}
    wrong = {}
    for finding in findings:
        label, level = labels.get(finding.code, finding.code), levels.get(finding.code)
        if level is None:
            wrong[finding.code] = f"{label} is missing; say {' or '.join(finding.codes)}."
        elif level not in finding.codes:
            wrong[finding.code] = f"{label} is {str(level)[:40]}, which is none of {', '.join(finding.codes)}."
    return wrong


def anything(levels: Levels, findings: Sequence[Finding]) -> str:
    """Return "some" where any finding counts as present, else "none": by this, orders spread the cases evenly."""
    return "some" if any(finding.present(levels.get(finding.code)) for finding in findings) else "none"


def in_words(levels: Levels, findings: Sequence[Finding], labels: Mapping[str, str]) -> str:
    """Return the findings that are there, with the grade of graded ones."""
    there = [
        labels.get(finding.code, finding.code)
        + (f" ({finding.said(levels.get(finding.code))})" if finding.graded else "")
        for finding in findings
        if finding.present(levels.get(finding.code))
    ]
    return ", ".join(there) or "None of the findings"
