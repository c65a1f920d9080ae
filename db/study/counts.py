"""How many cases, readers and reads studies have, counted in the database, for the list of studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from core.study.words import Design, ReadState, StudyRole
from db.models import Account, OrderEntry, Read, Reader, ReadingOrder, Study, StudyCase, StudyMember


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by study; practice cases and withdrawn readers are left out of reads."""

    cases: dict[int, int]
    practice: dict[int, int]
    readers: dict[int, int]
    locked: dict[int, int]
    wanted: dict[int, int]
    owners: dict[int, str]


def counts(session: Session, studies: Sequence[int]) -> Counts:
    """Count the parts of some studies. For verbs of db only."""
    taken = {
        (study_id, practice): count
        for study_id, practice, count in session.execute(
            select(StudyCase.study_id, StudyCase.practice, func.count())
            .where(StudyCase.study_id.in_(studies))
            .group_by(StudyCase.study_id, StudyCase.practice)
        )
    }
    active = select(Reader.study_id, func.count()).where(Reader.study_id.in_(studies), Reader.withdrawn_at.is_(None))
    owner = (
        select(StudyMember.study_id, Account.name)
        .join(Account, Account.id == StudyMember.account_id)
        .where(StudyMember.study_id.in_(studies), StudyMember.role == StudyRole.OWNER, StudyMember.removed_at.is_(None))
    )
    return Counts(
        cases={study_id: count for (study_id, practice), count in taken.items() if not practice},
        practice={study_id: count for (study_id, practice), count in taken.items() if practice},
        readers={study_id: count for study_id, count in session.execute(active.group_by(Reader.study_id))},
        locked=_locked(session, studies),
        wanted=_wanted(session, studies),
        owners={study_id: name for study_id, name in session.execute(owner)},
    )


def _wanted(session: Session, studies: Sequence[int]) -> dict[int, int]:
    """Count the reads that the orders ask for: two a place where the AI is shown after the first look."""
    a_place = case((Study.design == Design.SEQUENTIAL, 2), else_=1)
    query = (
        select(Reader.study_id, func.sum(a_place))
        .join(ReadingOrder, ReadingOrder.reader_id == Reader.id)
        .join(OrderEntry, OrderEntry.order_id == ReadingOrder.id)
        .join(Study, Study.id == Reader.study_id)
        .where(Reader.study_id.in_(studies), Reader.withdrawn_at.is_(None), OrderEntry.practice.is_(False))
        .group_by(Reader.study_id)
    )
    return {study_id: count for study_id, count in session.execute(query)}


def _locked(session: Session, studies: Sequence[int]) -> dict[int, int]:
    newest = (
        select(func.max(Read.id))
        .select_from(Read)
        .join(Reader, Reader.id == Read.reader_id)
        .where(Reader.study_id.in_(studies), Reader.withdrawn_at.is_(None), Read.practice.is_(False))
        .group_by(Read.reader_id, Read.case_id, Read.session, Read.arm)
    )
    query = (
        select(Reader.study_id, func.count())
        .select_from(Read)
        .join(Reader, Reader.id == Read.reader_id)
        .where(Read.id.in_(newest), Read.state == ReadState.LOCKED)
        .group_by(Reader.study_id)
    )
    return {study_id: count for study_id, count in session.execute(query)}
