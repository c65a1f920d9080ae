"""The reference standard of a study: append-only versions, each with its author, its source and, if it corrects, why.

These verbs are for those who manage the study and do not read in it (practice feedback: db.reading.rules).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from core.study.findings import anything, levels_problems
from core.study.identifiers import identifying
from core.study.lesions import Place
from core.study.reasons import given_reason, reason_fault
from core.study.truth_csv import Fault, TruthRow
from core.study.words import StudyState
from db import audit
from db.batches import batched
from db.models import Account, Case, Study, StudyCase, StudyClass, Truth
from db.permissions import Actor
from db.study.info import row
from db.truth.authors import may_author, must_not_read


@dataclass(frozen=True, slots=True)
class TruthInfo:
    """One version of the truth of one case; `findings` by code where a study asks for several, lesions in LPS mm."""

    id: int
    case_id: int
    case_number: int
    version: int
    class_code: str
    source: str
    author: str
    reason: str | None
    at: datetime
    findings: dict[str, str] | None = None
    lesions: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What taking a row of a CSV would do: 'new', 'same' or 'correction' of `before`."""

    row: TruthRow
    kind: str
    before: str | None


def current(session: Session, study_id: int, *, by: Actor) -> dict[int, TruthInfo]:
    """Return the newest truth of every case of a study that has one, by case id; raises Forbidden."""
    may_author(session, study_id, by)
    return newest(session, study_id)


def newest(session: Session, study_id: int) -> dict[int, TruthInfo]:
    """Return the newest truth of every case of a study that has one, by case id. For verbs of db only."""
    found = session.execute(_query(study_id).order_by(Case.number, Truth.version))
    return {info.case_id: info for info in (_public(truth, number, name) for truth, number, name in found)}


def history(session: Session, study_id: int, case_id: int, *, by: Actor) -> list[TruthInfo]:
    """Return every version of the truth of a case, newest first; raises Forbidden."""
    may_author(session, study_id, by)
    return _versions(session, study_id, case_id)


def _versions(session: Session, study_id: int, case_id: int) -> list[TruthInfo]:
    found = session.execute(_query(study_id).where(Truth.case_id == case_id).order_by(Truth.version.desc()))
    return [_public(truth, number, name) for truth, number, name in found]


def record(
    session: Session,
    study_id: int,
    case_id: int,
    *,
    class_code: str = "",
    source: str,
    by: int,
    at: datetime,
    reason: str | None = None,
    findings: Mapping[str, str] | None = None,
) -> TruthInfo:
    """Store the truth of a case; the same again changes nothing. A study of findings takes the level of each.

    A correction needs its reason. After opening it is stored too, but the study keeps the version it was opened with.
    Raises Forbidden when the author reads in the study and its protocol does not allow that.
    """
    may_author(session, study_id, by)
    said: dict[str, Any] = {"class_code": class_code, "source": source, "reason": reason, "findings": findings}
    return store(session, study_id, case_id, **said, by=by, at=at)


def store(
    session: Session,
    study_id: int,
    case_id: int,
    *,
    class_code: str,
    source: str,
    reason: str | None,
    by: int,
    at: datetime,
    findings: Mapping[str, str] | None = None,
    lesions: Sequence[Place] | None = None,
) -> TruthInfo:
    """Do what `record` does for an author whose right was looked at already. For verbs of db only."""
    sheet = sheet_of(session, study_id, by, [case_id])
    said: dict[str, Any] = {"class_code": class_code, "source": source, "reason": reason, "findings": findings}
    write(session, sheet, case_id, **said, lesions=lesions, by=by, at=at)
    session.flush()
    return _versions(session, study_id, case_id)[0]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What new truths are checked against, looked up once for all of them; cases by id."""

    study: Study
    labels: dict[str, str]
    numbers: dict[int, int]
    newest: dict[int, Truth]


def sheet_of(session: Session, study_id: int, by: int, case_ids: Sequence[int]) -> Sheet:
    """Look up what new truths of these cases are checked against. For verbs of db only."""
    study = row(session, study_id, hold=True)
    must_not_read(session, study_id, by)
    named = select(StudyClass.code, StudyClass.label).where(StudyClass.study_id == study_id)
    labels = {code: label for code, label in session.execute(named)}
    numbers: dict[int, int] = {}
    known: dict[int, Truth] = {}
    for some in batched(case_ids):
        cases = select(Case.id, Case.number).join(StudyCase).where(StudyCase.study_id == study_id, Case.id.in_(some))
        numbers |= {case_id: number for case_id, number in session.execute(cases)}
        versions = _query(study_id).where(Truth.case_id.in_(some)).order_by(Truth.version)
        known |= {truth.case_id: truth for truth, _, _ in session.execute(versions)}
    return Sheet(study, labels, numbers, known)


def write(
    session: Session, sheet: Sheet, case_id: int, *, class_code: str, source: str, reason: str | None, by: int,
    at: datetime, findings: Mapping[str, str] | None = None, lesions: Sequence[Place] | None = None,
) -> None:  # fmt: skip
    """Add a version of the truth of a case, where it says something new. For verbs of db only."""
    study, source = sheet.study, source.strip()
    asked = study.protocol.findings
    if asked:
        if wrong := levels_problems(dict(findings or {}), asked, sheet.labels):
            raise InvalidInput(" ".join(wrong.values()))
        findings = {finding.code: (findings or {})[finding.code] for finding in asked}
        class_code = anything(findings, asked)
    elif class_code not in sheet.labels:
        raise InvalidInput(f"{class_code or 'An empty diagnosis'} is not a class of this study.")
    if not 1 <= len(source) <= 200:
        raise InvalidInput("Say what the truth of this case rests on, in 1 to 200 characters.")
    for text in (source, reason or ""):
        if what := identifying(text, names=False):
            raise InvalidInput(
                f"Source or reason look as if they held {what}; it would be kept for good. Leave it out."
            )
    if case_id not in sheet.numbers:
        raise Conflict("This case is not in the study any more; reload the page.")
    earlier = sheet.newest.get(case_id)
    placed = [place.to_json() for place in lesions] if lesions is not None else earlier.lesions if earlier else None
    if earlier and (earlier.class_code, earlier.source, earlier.findings, earlier.lesions) == (
        class_code,
        source,
        findings if asked else None,
        placed,
    ):
        return
    if earlier:
        reason = given_reason(f"Case {sheet.numbers[case_id]} has a truth already; a correction", reason)
    made = Truth(
        study_id=study.id,
        case_id=case_id,
        version=earlier.version + 1 if earlier else 1,
        class_code=class_code,
        source=source,
        author_id=by,
        reason=(reason or "").strip() or None,
        at=at,
        **({"findings": findings} if asked else {}),
        **({} if placed is None else {"lesions": placed}),
    )
    session.add(made)
    sheet.newest[case_id] = made
    if study.state == StudyState.CHECKED:
        study.state = StudyState.DRAFT  # what was checked is not what is there now
    # class and reason stay out of the trail, which coordinators who read in the study may see
    detail = {"case": sheet.numbers[case_id], "version": made.version, "state": study.state}
    audit.record(session, kind="truth recorded", at=at, actor_id=by, study_id=study.id, detail=detail)


def preview(
    session: Session, study_id: int, rows: Sequence[TruthRow], *, by: Actor
) -> tuple[list[Change], list[Fault]]:
    """Return what taking these rows would do, and a fault for every correction without its reason."""
    there = {info.case_number: info for info in current(session, study_id, by=by).values()}
    changes, faults = [], []
    for given in rows:
        before = there.get(given.case_number)
        if before is None:
            kind = "new"
        elif (before.class_code if given.findings is None else before.findings, before.source) == (
            given.class_code if given.findings is None else given.findings,
            given.source,
        ):
            kind = "same"
        else:
            kind = "correction"
            if fault := reason_fault(given.reason):
                message = f"case {given.case_number} has a truth already; a correction {fault}."
                faults.append(Fault(given.line, "reason", message))
        changes.append(Change(given, kind, before.class_code if before else None))
    return changes, faults


def take(session: Session, study_id: int, rows: Sequence[TruthRow], *, by: int, at: datetime) -> int:
    """Store all rows or none and return how many said something new; raises InvalidInput for the first fault."""
    changes, faults = preview(session, study_id, rows, by=by)
    if faults:
        raise InvalidInput(f"Row {faults[0].row}, {faults[0].column}: {faults[0].message}")
    query = select(Case.number, Case.id).join(StudyCase).where(StudyCase.study_id == study_id)
    ids: dict[int, int] = {number: case_id for number, case_id in session.execute(query)}
    for given in rows:
        if given.case_number not in ids:
            raise NotFound(f"Case {given.case_number} is not in this study any more; reload the page.")
    sheet = sheet_of(session, study_id, by, [ids[given.case_number] for given in rows])
    for given in rows:
        said: dict[str, Any] = {"class_code": given.class_code, "source": given.source, "reason": given.reason}
        said["findings"] = given.findings
        write(session, sheet, ids[given.case_number], **said, by=by, at=at)
    session.flush()
    return sum(change.kind != "same" for change in changes)


def _query(study_id: int) -> Select[Truth, int, str]:
    return (
        select(Truth, Case.number, Account.name)
        .join(Case, Case.id == Truth.case_id)
        .join(Account, Account.id == Truth.author_id)
        .where(Truth.study_id == study_id)
    )


def _public(truth: Truth, number: int, author: str) -> TruthInfo:
    return TruthInfo(
        truth.id,
        truth.case_id,
        number,
        truth.version,
        truth.class_code,
        truth.source,
        author,
        truth.reason,
        truth.at,
        truth.findings,
        tuple(Place.from_json(lesion) for lesion in truth.lesions or ()),
    )
