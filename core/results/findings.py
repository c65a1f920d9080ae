"""A study of several findings, one question at a time: each finding becomes a study of two classes, or of its grades.

Every panel, export and figure takes such rows as those of any study of one diagnosis. A graded finding gives two
questions: whether it is present (from the grade the protocol says; the grade is the score), and its grades.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.results.rows import CaseFacts, ClassFacts, StudyFacts, StudyRows
from core.study.findings import ABSENT, PRESENT, Finding
from core.study.protocol import Protocol

NOT_SAID, FAILED, NO_PART = -1, -2, -3  # in place of a level: none was given, the AI failed, the AI knows no such class
GRADES = "-grades"  # ends the key of the question on a finding's grades
SHADES = ("#999999", "#56B4E9", "#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#009E73", "#F0E442")


@dataclass(frozen=True, slots=True)
class Question:
    """One question on one finding: is it present, or, with `grades`, which grade is it. `label` is the finding's."""

    finding: Finding
    label: str
    colour: str
    place: int  # of the finding among the study's
    grades: bool = False

    @property
    def key(self) -> str:
        """Its name in addresses and files."""
        return self.finding.code + (GRADES if self.grades else "")

    @property
    def name(self) -> str:
        """Its name for people."""
        if self.grades:
            return f"{self.label}, grades"
        if not self.finding.graded:
            return self.label
        return f"{self.label}, {self.finding.options[self.finding.positive_from].label} or above"

    @property
    def classes(self) -> tuple[ClassFacts, ...]:
        """What a read can say."""
        if self.grades:
            shades = [SHADES[at % len(SHADES)] for at in range(len(self.finding.options))]
            return tuple(
                ClassFacts(option.code, option.label, shade, positive=False)
                for option, shade in zip(self.finding.options, shades, strict=True)
            )
        return (ClassFacts(ABSENT, "Absent", "#999999", False), ClassFacts(PRESENT, "Present", self.colour, True))

    def truth_of(self, case: CaseFacts) -> str:
        """Return the truth of a case in the classes of this question."""
        level = case.levels[self.finding.code]
        return level if self.grades else PRESENT if self.finding.present(level) else ABSENT


def questions(study: StudyFacts) -> tuple[Question, ...]:
    """Return every question of a study of findings, in its order; none of a study of one diagnosis."""
    found: list[Question] = []
    labels = {study_class.code: study_class for study_class in study.classes}
    for place, finding in enumerate(study.protocol.findings):
        if finding.code in labels:
            known = labels[finding.code]
            found.append(Question(finding, known.label, known.colour, place))
            if finding.graded:
                found.append(Question(finding, known.label, known.colour, place, grades=True))
    return tuple(found)


def of_presence(study: StudyFacts) -> tuple[Question, ...]:
    """Return the questions whether each finding is present."""
    return tuple(question for question in questions(study) if not question.grades)


def chosen_question(study: StudyFacts, key: str) -> Question:
    """Return the question of this key, the prespecified finding's, or else the first, for an empty one.

    Raises InvalidInput for a key of none.
    """
    asked = questions(study)
    wanted = key or study.protocol.prespecification.endpoint_class or asked[0].key
    found = next((question for question in asked if question.key == wanted), None if key else asked[0])
    if found is None:
        raise InvalidInput(
            f"The study has no finding {key[:60]}; choose one of {', '.join(question.key for question in asked)}."
        )
    return found


def asked_of(rows: StudyRows, key: str = "") -> StudyRows:
    """Return the rows of one question of a study of findings; those of a study of one diagnosis as they are."""
    if not rows.study.protocol.findings or rows.whole is not None:
        return rows
    return of_question(rows, chosen_question(rows.study, key))


def each_presence(rows: StudyRows) -> Iterator[tuple[Question, StudyRows]]:
    """Yield whether each finding is present, with its rows; `rows` may be those of a question of the same study."""
    whole = rows.whole or rows
    for question in of_presence(whole.study):
        yield question, of_question(whole, question)


def of_question(rows: StudyRows, question: Question) -> StudyRows:
    """Return the rows as those of a study that asks this question alone. An AI without part in it has no rows."""
    levels = rows.answers["levels"][:, question.place]
    part = levels != NO_PART
    if question.grades:
        part &= ~rows.is_ai  # an AI says whether a finding is present, not how much
    kept, levels = rows.take(part), levels[part]
    cut = 0 if question.grades else question.finding.positive_from
    call = levels if question.grades else (levels >= cut).astype(np.int16)
    undecided = len(question.classes)
    call = np.select([levels == NOT_SAID, levels == FAILED], [undecided, undecided + 1], call)
    ratings, probabilities = _scores(kept, question, levels)
    return replace(
        kept,
        study=_study_of(rows.study, question),
        call=call.astype(np.int16),
        ai_call=_shown(rows, kept, question, cut),
        ratings=ratings,
        probabilities=probabilities,
        whole=rows,
    )


def _scores(
    kept: StudyRows, question: Question, levels: NDArray[np.int16]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if question.grades:
        none = np.full((len(kept), len(question.finding.options)), np.nan)
        return none, none.copy()
    rating = kept.ratings[:, question.place]
    if question.finding.graded:
        grade = np.where(levels >= 0, 100.0 * levels / (len(question.finding.options) - 1), np.nan)
        rating = np.where(kept.is_ai, np.nan, grade)
    likely = kept.probabilities[:, question.place]
    return np.stack([100 - rating, rating], axis=1), np.stack([1 - likely, likely], axis=1)


def _shown(rows: StudyRows, kept: StudyRows, question: Question, cut: int) -> NDArray[np.int16]:
    """Return what the first AI said of each read's case where the reader was shown it, -1 elsewhere."""
    found = np.full(len(kept), -1, np.int16)
    first = next((at for at, person in enumerate(rows.study.participants) if person.is_ai), None)
    if question.grades or first is None or not (kept.ai_call >= 0).any():
        return found
    by_case = np.full(len(rows.study.cases), -1, np.int16)
    mine = rows.participant == first
    levels = rows.answers["levels"][mine, question.place]
    by_case[rows.case[mine]] = np.where(levels >= 0, levels >= cut, -1)
    return np.where(kept.ai_call >= 0, by_case[kept.case], -1).astype(np.int16)


def _study_of(study: StudyFacts, question: Question) -> StudyFacts:
    return replace(
        study,
        title=f"{study.title}: {question.name}",
        classes=question.classes,
        cases=tuple(replace(case, truth=question.truth_of(case)) for case in study.cases),
        protocol=_protocol_of(study.protocol, question),
        finding=question.key,
    )


def _protocol_of(protocol: Protocol, question: Question) -> Protocol:
    """Return the protocol with what was prespecified on this finding; on every other all is exploratory."""
    plan = protocol.prespecification
    if plan.endpoint_class != question.finding.code or question.grades:
        bare = replace(
            plan,
            endpoint="accuracy",
            endpoint_class=None,
            hypothesis="none",
            margin=None,
            multiplicity="single",
            family=(),
        )
        return replace(protocol, prespecification=bare)
    mine = _named(plan.family, {question.finding.code: PRESENT})
    return replace(protocol, prespecification=replace(plan, endpoint_class=PRESENT, family=mine))


def _named(family: tuple[str, ...], to: Mapping[str, str]) -> tuple[str, ...]:
    parts = [name.partition(" ") for name in family]
    return tuple(f"{kind} {to[code]}" if code else kind for kind, _, code in parts if not code or code in to)
