"""What is known of a study and its parts, as frozen values; nothing here tells a truth or a read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.study.classes import StudyClass
from core.study.protocol import Protocol
from core.study.words import Arm, Design, StudyState
from db import permissions
from db.cases import CaseInfo, of_study
from db.models import Account, Read, Reader, ReaderGroup, Study, StudyCase
from db.models import StudyClass as ClassRow
from db.permissions import Actor, Right
from db.study.counts import counts


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A reader group; `position` gives the order of comparisons."""

    id: int
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class StudyInfo:
    """One study. `protocol`, classes and groups never change once it is open, but for words before the first read."""

    id: int
    title: str
    state: StudyState
    design: Design
    protocol: Protocol
    classes: tuple[StudyClass, ...]
    groups: tuple[GroupInfo, ...]
    ai_model_id: int | None
    ai_rule: str
    ai_parameters: dict[str, Any]
    seed: int | None
    created_by: int
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    unblinded_at: datetime | None

    @property
    def editable(self) -> bool:
        """Whether the design may still change."""
        return self.state.editable

    @property
    def shows_ai(self) -> bool:
        """Whether readers see an AI in any arm."""
        return self.design != Design.INDEPENDENT or self.protocol.independent_arm == Arm.AIDED

    @property
    def sessions(self) -> int:
        """How many sessions a reader has."""
        return self.design.sessions


@dataclass(frozen=True, slots=True)
class ReaderInfo:
    """A reader of one study, with the account behind the pseudonym (for coordinators only)."""

    id: int
    account_id: int
    username: str
    name: str
    pseudonym: str
    group_id: int
    group: str
    years: float | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    has_password: bool


@dataclass(frozen=True, slots=True)
class StudyCaseInfo:
    """A case taken into a study."""

    case: CaseInfo
    practice: bool
    frozen_truth_id: int | None


@dataclass(frozen=True, slots=True)
class StudySummary:
    """One line of the list of studies; counts leave practice and withdrawn readers out. `owner` is a name.

    `locked` of `wanted` reads are done; a read that is made again is not locked until its newest attempt is.
    """

    id: int
    title: str
    state: StudyState
    design: Design
    cases: int
    practice: int
    readers: int
    locked: int
    wanted: int
    owner: str
    created_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    unblinded_at: datetime | None


def row(session: Session, study_id: int, *, hold: bool = False) -> Study:
    """Return the row of a study, for verbs of db only; raises NotFound, also for one that was deleted.

    `hold` locks it for this transaction.
    """
    query = select(Study).where(Study.id == study_id)
    found = session.scalar(query.with_for_update().execution_options(populate_existing=True) if hold else query)
    if found is None:
        raise NotFound("This study does not exist.")
    if found.deleted_at is not None:
        raise NotFound("This study was deleted; the list of studies can take it back.")
    return found


def study(session: Session, study_id: int, *, by: Actor) -> StudyInfo:
    """Return one study to those who have a part in running it; raises Forbidden, NotFound."""
    permissions.require(session, study_id, by, Right.OVERVIEW)
    return load(session, study_id)


def load(session: Session, study_id: int) -> StudyInfo:
    """Return one study, for verbs of db only; raises NotFound."""
    found = row(session, study_id)
    return StudyInfo(
        id=found.id,
        title=found.title,
        state=found.state,
        design=found.design,
        protocol=found.protocol,
        classes=classes(session, study_id),
        groups=groups(session, study_id),
        ai_model_id=found.ai_model_id,
        ai_rule=found.ai_rule,
        ai_parameters=found.ai_parameters,
        seed=found.seed,
        created_by=found.created_by,
        created_at=found.created_at,
        opened_at=found.opened_at,
        closed_at=found.closed_at,
        unblinded_at=found.unblinded_at,
    )


def every(session: Session, *, by: Actor) -> list[StudySummary]:
    """Return the studies that `by` has a part in running, but for deleted ones; newest first."""
    mine = permissions.studies(session, by, Right.OVERVIEW)
    query = select(Study).where(mine, Study.deleted_at.is_(None)).order_by(Study.id.desc())
    found = session.scalars(query).all()
    counted = counts(session, [study.id for study in found])
    return [
        StudySummary(
            id=one.id,
            title=one.title,
            state=one.state,
            design=one.design,
            cases=counted.cases.get(one.id, 0),
            practice=counted.practice.get(one.id, 0),
            readers=counted.readers.get(one.id, 0),
            locked=counted.locked.get(one.id, 0),
            wanted=counted.wanted.get(one.id, 0),
            owner=counted.owners.get(one.id, ""),
            created_at=one.created_at,
            opened_at=one.opened_at,
            closed_at=one.closed_at,
            unblinded_at=one.unblinded_at,
        )
        for one in found
    ]


def classes(session: Session, study_id: int) -> tuple[StudyClass, ...]:
    """Return the classes of a study in their order. For verbs of db only."""
    rows = session.scalars(select(ClassRow).where(ClassRow.study_id == study_id).order_by(ClassRow.position))
    return tuple(StudyClass(r.code, r.label, r.letter, r.colour, r.ai_class, r.positive) for r in rows)


def groups(session: Session, study_id: int) -> tuple[GroupInfo, ...]:
    """Return the reader groups of a study in their order. For verbs of db only."""
    rows = session.scalars(select(ReaderGroup).where(ReaderGroup.study_id == study_id).order_by(ReaderGroup.position))
    return tuple(GroupInfo(r.id, r.name, r.position) for r in rows)


def readers(session: Session, study_id: int, *, by: Actor, withdrawn: bool = True) -> list[ReaderInfo]:
    """Return the readers of a study, with their names, to those who manage it; those withdrawn too unless refused."""
    permissions.require(session, study_id, by, Right.MANAGE)
    return people(session, study_id, withdrawn=withdrawn)


def people(session: Session, study_id: int, *, withdrawn: bool = True) -> list[ReaderInfo]:
    """Return the readers of a study by group and pseudonym. For verbs of db only."""
    query = (
        select(Reader, Account, ReaderGroup)
        .join(Account, Account.id == Reader.account_id)
        .join(ReaderGroup, ReaderGroup.id == Reader.group_id)
        .where(Reader.study_id == study_id)
        .order_by(ReaderGroup.position, Reader.id)
    )
    if not withdrawn:
        query = query.where(Reader.withdrawn_at.is_(None))
    return [
        ReaderInfo(
            id=reader.id,
            account_id=account.id,
            username=account.username,
            name=account.name,
            pseudonym=reader.pseudonym,
            group_id=group.id,
            group=group.name,
            years=reader.years,
            withdrawn_at=reader.withdrawn_at,
            withdrawn_reason=reader.withdrawn_reason,
            has_password=bool(account.password_hash or account.oidc_subject),
        )
        for reader, account, group in session.execute(query)
    ]


def studies_for_reader(session: Session, account_id: int) -> list[int]:
    """Return the ids of the studies this account itself reads in, in any state, oldest first."""
    permissions.active(session, account_id)
    query = (
        select(Reader.study_id)
        .join(Study, Study.id == Reader.study_id)
        .where(Reader.account_id == account_id, Reader.withdrawn_at.is_(None), Study.deleted_at.is_(None))
    )
    return list(session.scalars(query.order_by(Reader.study_id)))


def cases(session: Session, study_id: int, *, by: Actor) -> list[StudyCaseInfo]:
    """Return the cases of a study by number to those who manage it; raises Forbidden."""
    permissions.require(session, study_id, by, Right.MANAGE)
    return taken(session, study_id)


def taken(session: Session, study_id: int) -> list[StudyCaseInfo]:
    """Return the cases of a study by number. For verbs of db only."""
    query = select(StudyCase.case_id, StudyCase.practice, StudyCase.frozen_truth_id)
    links = {
        case_id: (practice, truth)
        for case_id, practice, truth in session.execute(query.where(StudyCase.study_id == study_id))
    }
    return [StudyCaseInfo(case, *links[case.id]) for case in of_study(session, study_id)]


def reading_began(session: Session, study_id: int) -> bool:
    """Tell whether any read of the study was opened. For verbs of db only."""
    query = select(Read.id).join(Reader, Reader.id == Read.reader_id).where(Reader.study_id == study_id).limit(1)
    return session.scalar(query) is not None
