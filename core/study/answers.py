"""What a reader may answer: leniently while a draft is saved, strictly at the lock.

A draft may be incomplete, but what it holds must have the right shape, so that it can be shown again anywhere.
A lock needs everything the protocol requires, each answer of its type, in its range, with marks inside the volume.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.study.classes import INDETERMINATE
from core.study.findings import Finding
from core.study.questions.mark import Mark
from core.study.questions.question import Question
from core.study.questions.values import finite, plain, whole

MAX_MARKS = 200  # of one read, with points of all kinds
MAX_KEY_SLICES = 200
POINTS = {"point": 1, "box": 2, "length": 2, "ellipse": 2, "sphere": 2}  # box, ellipse: corners; sphere: centre, rim
PLANES = {"axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1)}  # axes of (z, y, x): images, rows, columns
EMPTY: dict[str, Any] = {"diagnosis": None, "ratings": {}, "answers": {}, "marks": [], "key_slices": []}

Fields = dict[str, str]


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked of a case with volume `shape` (z, y, x). `classes` maps codes to labels.

    With `findings` each of the classes is one, and there is no diagnosis; `forced` asks for exactly one mark of each
    that is marked.
    """

    classes: Mapping[str, str]
    indeterminate: bool
    ratings: bool
    questions: Sequence[Question]
    shape: tuple[int, int, int]
    findings: Sequence[Finding] = ()
    forced: bool = False

    @property
    def rated(self) -> tuple[str, ...]:
        """Codes of what is rated from 0 to 100: a graded finding has its grade for that."""
        graded = {finding.code for finding in self.findings if finding.graded}
        return tuple(code for code in self.classes if code not in graded) if self.ratings else ()


def checked(content: object, form: Form, *, complete: bool) -> tuple[dict[str, Any], Fields]:
    """Return the content with only its known parts, and what is wrong with it by field; empty when it may be stored.

    With `complete` (the lock) everything required must be there; without (a draft) only what is there is checked.
    """
    if not isinstance(content, dict):
        return dict(EMPTY), {"content": "The answers did not arrive whole; reload the page."}
    fields: Fields = {}
    marks = _marks(content.get("marks"), form, fields)
    clean = {
        "diagnosis": _diagnosis(content.get("diagnosis"), form, fields, complete=complete),
        "ratings": _ratings(content.get("ratings"), form, fields, complete=complete),
        "answers": _answers(content.get("answers"), form, fields, complete=complete),
        "marks": marks,
        "key_slices": _key_slices(content.get("key_slices"), form, fields),
    }
    if form.findings:
        clean["findings"] = _findings(content.get("findings"), form, fields, complete=complete)
    if complete:
        _required_marks(marks, form, fields)
        _marks_of_findings(clean, form, fields)
    return clean, fields


def _diagnosis(value: object, form: Form, fields: Fields, *, complete: bool) -> str | None:
    if form.findings:
        return None
    if value is None or value == "":
        if complete:
            fields["diagnosis"] = "Choose a diagnosis before locking."
        return None
    if value == INDETERMINATE and form.indeterminate:
        return INDETERMINATE
    if isinstance(value, str) and value in form.classes:
        return value
    fields["diagnosis"] = "This diagnosis is not one of the study's classes."
    return None


def _ratings(value: object, form: Form, fields: Fields, *, complete: bool) -> dict[str, int]:
    given = value if isinstance(value, dict) else {}
    clean: dict[str, int] = {}
    for code in form.rated:
        rating, label = given.get(code), form.classes[code]
        if rating is None:
            if complete:
                fields[f"ratings.{code}"] = f"Rate {label} from 0 to 100."
        elif whole(rating) and 0 <= rating <= 100:
            clean[code] = int(rating)
        else:
            fields[f"ratings.{code}"] = f"The rating of {label} is a whole number from 0 to 100."
    return clean


def _findings(value: object, form: Form, fields: Fields, *, complete: bool) -> dict[str, str]:
    given = value if isinstance(value, dict) else {}
    clean: dict[str, str] = {}
    for finding in form.findings:
        level, label = given.get(finding.code), form.classes.get(finding.code, finding.code)
        if level is None:
            if complete:
                fields[f"findings.{finding.code}"] = f"Say for {label} {' or '.join(o.label for o in finding.options)}."
        elif level in finding.codes:
            clean[finding.code] = str(level)
        else:
            fields[f"findings.{finding.code}"] = f"{label} takes one of its answers."
    return clean


def _marks_of_findings(clean: Mapping[str, Any], form: Form, fields: Fields) -> None:
    """What is present needs a mark, where marks are asked for; every such mark needs its rating."""
    for finding in form.findings:
        if finding.mark is None:
            continue
        label, name = form.classes.get(finding.code, finding.code), f"findings.{finding.code}"
        mine = [mark for mark in clean["marks"] if mark.get("finding") == finding.code]
        if form.forced and len(mine) != 1:
            fields[name] = f"Set one mark where {label} is most likely, in every case; there are {len(mine)}."
        elif finding.present(clean["findings"].get(finding.code)) and not mine:
            fields[name] = f"Mark where {label} is."
        elif any(mark.get("rating") is None for mark in mine):
            fields[name] = f"Rate every mark of {label} from 0 to 100."


def _answers(value: object, form: Form, fields: Fields, *, complete: bool) -> dict[str, Any]:
    given = value if isinstance(value, dict) else {}
    clean: dict[str, Any] = {}
    for question in form.questions:
        if isinstance(question, Mark):
            continue
        answer = question.answer({"answers": given})
        if answer is None:
            if complete and question.required:
                fields[f"answers.{question.id}"] = f"“{question.label}” needs an answer."
            continue
        fault = question.answer_fault(answer, complete=complete)
        if fault:
            fields[f"answers.{question.id}"] = f"“{question.label}” {fault}."
        else:
            clean[question.id] = answer
    return clean


def _marks(value: object, form: Form, fields: Fields) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MAX_MARKS:
        fields["marks"] = f"A read takes at most {MAX_MARKS} marks."
        return []
    asked = {question.id: question for question in form.questions if isinstance(question, Mark)}
    clean = []
    marked = {finding.code: finding for finding in form.findings if finding.mark is not None}
    for number, mark in enumerate(value, start=1):
        taken = _mark(mark, asked, form.shape)
        if isinstance(taken, dict) and marked:
            taken = _of_finding(taken, mark, marked)
        if isinstance(taken, str):
            fields["marks"] = f"Mark {number} {taken}; remove it and set it again."
        else:
            clean.append(taken)
    return clean


def _mark(mark: object, asked: Mapping[str, Mark], shape: tuple[int, int, int]) -> dict[str, Any] | str:
    """Return the mark with only its known parts, or what is wrong with it as the rest of a sentence."""
    if not isinstance(mark, dict) or not isinstance(mark.get("points"), list):
        return "did not arrive whole"
    kind, points, place = mark.get("kind"), mark["points"], mark.get("slice")
    if not isinstance(kind, str) or len(points) != POINTS.get(kind):
        return "is neither a point, a box, a length, an ellipse nor a sphere"
    plane = mark.get("plane", "axial")
    if not isinstance(plane, str) or plane not in PLANES:
        return "lies in no plane of this case"
    images, rows, columns = (shape[axis] for axis in PLANES[plane])
    if not whole(place) or not 0 <= place < images:
        return "lies outside the slices of this case"
    for point in points:
        if not (isinstance(point, list) and len(point) == 2 and all(finite(value) for value in point)):
            return "did not arrive whole"
        # voxel centres are whole numbers, so a voxel reaches half a voxel further
        if not (-0.5 <= point[0] <= columns - 0.5 and -0.5 <= point[1] <= rows - 0.5):
            return "lies outside the image"
    question = mark.get("question")
    if question is not None and (not isinstance(question, str) or question not in asked):
        return "belongs to no question of this study"
    if question is not None and asked[question].mark not in (None, kind):
        return "is not of the kind its question asks for"
    named, label = str(mark.get("id", ""))[:64], str(mark.get("label") or "")[:200]
    if not plain(named + label):
        return "has a label that is no plain text"
    return {
        "id": named,
        "kind": kind,
        "plane": plane,
        "slice": int(place),
        "points": [[float(value) for value in point] for point in points],
        "question": question,
        "label": label,
    }


def _of_finding(clean: dict[str, Any], mark: Any, marked: Mapping[str, Finding]) -> dict[str, Any] | str:
    """Return the mark with the finding it shows and its rating, where it shows one, or what is wrong with it."""
    code, rating = mark.get("finding"), mark.get("rating")
    if code is None:
        return clean
    if not isinstance(code, str) or code not in marked:
        return "belongs to no finding of this study"
    if marked[code].mark != clean["kind"]:
        return "is not of the kind its finding asks for"
    if rating is not None and not (whole(rating) and 0 <= rating <= 100):
        return "has a rating that is no whole number from 0 to 100"
    return {**clean, "finding": code, "rating": None if rating is None else int(rating)}


def _required_marks(marks: list[dict[str, Any]], form: Form, fields: Fields) -> None:
    answered = {mark["question"] for mark in marks}
    for question in form.questions:
        if isinstance(question, Mark) and question.required and question.id not in answered:
            fields[f"answers.{question.id}"] = f"“{question.label}” needs a mark on the image."


def _key_slices(value: object, form: Form, fields: Fields) -> list[int]:
    if value is None:
        return []
    if (
        not isinstance(value, list)
        or len(value) > MAX_KEY_SLICES
        or not all(whole(index) and 0 <= index < form.shape[0] for index in value)
    ):
        fields["key_slices"] = "A key image lies outside the slices of this case."
        return []
    return sorted({int(index) for index in value})
