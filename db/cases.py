"""Cases, their patients and their stored series."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from db import audit, permissions
from db.models import Case, CaseUploader, Patient, Series, StudyCase
from db.permissions import Actor, Task

FIRST_NUMBER, LAST_NUMBER = 1_000, 999_999
TRIES = 100


@dataclass(frozen=True, slots=True)
class NewSeries:
    """What is known of a volume once it is stored. Lengths in mm; `z_mm` holds one value a slice."""

    content_hash: str
    storage_key: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    affine: tuple[tuple[float, ...], ...]
    attributes: dict[str, Any]
    patient_key: str
    deidentified: dict[str, Any] | None = None  # names of elements kept, replaced and removed


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """One case as the coordinator's pages and the worker see it."""

    id: int
    number: int
    patient_id: int
    tags: tuple[str, ...]
    created_at: datetime
    withdrawn: bool
    series_id: int
    storage_key: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    attributes: dict[str, Any]
    deidentified: dict[str, Any] | None = None
    affine: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """The outcome of adding a series: its case, and whether the same content was there before."""

    case: CaseInfo
    known: bool


def add(
    session: Session, new: NewSeries, *, by: int, at: datetime, draw: Callable[[int], int] = secrets.randbelow
) -> Added:
    """Store a series as a new case, or return the case that has the very same content already.

    `draw(n)` gives a random number below n: case numbers tell nothing about the order of upload. Of several uploads at
    once each waits here for the one before, so that none draws its number or adds its patient or content twice.
    """
    permissions.require_task(session, by, Task.CASES)
    audit.hold(session)
    known = session.scalar(select(Series.case_id).where(Series.content_hash == new.content_hash))
    if known is not None:
        _uploaded(session, known, by)  # who brings the same content has it already, and may see it here too
        return Added(_one(session, Case.id == known), known=True)
    patient = session.scalar(select(Patient).where(Patient.key == new.patient_key))
    if patient is None:
        patient = Patient(key=new.patient_key)
        session.add(patient)
        session.flush()
    number = _new_number(session, draw)
    case = Case(number=number, patient_id=patient.id, tags=[], created_by=by, created_at=at)
    session.add(case)
    session.flush()
    depth, rows, columns = new.shape
    session.add(
        Series(
            case_id=case.id,
            content_hash=new.content_hash,
            storage_key=new.storage_key,
            slices=depth,
            rows=rows,
            columns=columns,
            spacing_mm=list(new.spacing_mm),
            z_mm=list(new.z_mm),
            affine=[list(row) for row in new.affine],
            attributes=new.attributes,
            deidentified=new.deidentified,
            created_at=at,
        )
    )
    session.flush()
    audit.record(session, kind="case added", at=at, actor_id=by, detail={"case": number, "slices": depth})
    _uploaded(session, case.id, by)
    return Added(_one(session, Case.id == case.id), known=False)


def _uploaded(session: Session, case_id: int, by: int) -> None:
    query = select(CaseUploader.id).where(CaseUploader.case_id == case_id, CaseUploader.account_id == by)
    if session.scalar(query) is None:
        session.add(CaseUploader(case_id=case_id, account_id=by))
        session.flush()


def _new_number(session: Session, draw: Callable[[int], int]) -> int:
    """Return a number no case has: four digits while fewer than half of those are taken, then five, then six.

    A class-sorted upload numbered in order would tell a reader the truth by the number alone.
    """
    there = session.scalar(select(func.count()).select_from(Case)) or 0
    last = next((top for top in (9_999, 99_999) if 2 * there < top), LAST_NUMBER)
    for _ in range(TRIES):
        number = FIRST_NUMBER + draw(last - FIRST_NUMBER + 1)
        if session.scalar(select(Case.id).where(Case.number == number)) is None:
            return number
    raise Conflict("No free case number was found; try again.")


def every(session: Session, *, by: Actor, withdrawn: bool = False) -> list[CaseInfo]:
    """Return the cases `by` may see and use, by number; those withdrawn only when asked for."""
    mine = permissions.cases(session, by)
    query = select(Case, Series).join(Series, Series.case_id == Case.id).where(mine).order_by(Case.number)
    if not withdrawn:
        query = query.where(Case.withdrawn_at.is_(None))
    return [public(case, series) for case, series in session.execute(query)]


def of_study(session: Session, study_id: int) -> list[CaseInfo]:
    """Return the cases taken into a study, by number. For verbs of db only."""
    query = (
        select(Case, Series)
        .join(Series, Series.case_id == Case.id)
        .join(StudyCase, StudyCase.case_id == Case.id)
        .where(StudyCase.study_id == study_id)
        .order_by(Case.number)
    )
    return [public(case, series) for case, series in session.execute(query)]


def by_number(session: Session, number: int, *, by: Actor) -> CaseInfo:
    """Return the case with this number; raises Forbidden, NotFound."""
    return _shown(session, Case.number == number, by)


def by_series(session: Session, series_id: int, *, by: Actor) -> CaseInfo:
    """Return the case a series belongs to; raises Forbidden, NotFound."""
    return _shown(session, Series.id == series_id, by)


def _shown(session: Session, condition: Any, by: Actor) -> CaseInfo:
    query = select(Case.id).join(Series, Series.case_id == Case.id).where(condition)
    case_id = session.scalar(query)
    permissions.require_cases(session, [case_id or 0], by)
    return _one(session, condition)


def set_tags(session: Session, case_id: int, tags: list[str], *, by: int, at: datetime) -> None:
    """Replace the tags of a case: short words for subgroups, such as a centre's letter or a kernel."""
    permissions.require_cases(session, [case_id], by)
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("This case does not exist.")
    case.tags = sorted({tag.strip()[:40] for tag in tags if tag.strip()})
    audit.record(session, kind="case tagged", at=at, actor_id=by, detail={"case": case.number})


def set_withdrawn(session: Session, case_id: int, *, withdrawn: bool, by: int, at: datetime) -> None:
    """Take a case out of the library, or back in, for who uploaded it. Studies that hold it keep it."""
    permissions.require_upload(session, case_id, by)
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound("This case does not exist.")
    case.withdrawn_at = at if withdrawn else None
    kind = "case withdrawn" if withdrawn else "case taken back"
    audit.record(session, kind=kind, at=at, actor_id=by, detail={"case": case.number})


def newest_storage_key(session: Session) -> str | None:
    """Return the storage key of the series stored last; None in an empty library."""
    return session.scalar(select(Series.storage_key).order_by(Series.id.desc()).limit(1))


def _one(session: Session, condition: Any) -> CaseInfo:
    row = session.execute(select(Case, Series).join(Series, Series.case_id == Case.id).where(condition)).first()
    if row is None:
        raise NotFound("This case does not exist.")
    return public(row[0], row[1])


def public(case: Case, series: Series) -> CaseInfo:
    """Return a case with its series as pages see it. For verbs of db only."""
    return CaseInfo(
        id=case.id,
        number=case.number,
        patient_id=case.patient_id,
        tags=tuple(case.tags),
        created_at=case.created_at,
        withdrawn=case.withdrawn_at is not None,
        series_id=series.id,
        storage_key=series.storage_key,
        shape=(series.slices, series.rows, series.columns),
        spacing_mm=tuple(series.spacing_mm),
        z_mm=tuple(series.z_mm),
        attributes=series.attributes,
        deidentified=series.deidentified,
        affine=tuple(tuple(row) for row in series.affine),
    )
