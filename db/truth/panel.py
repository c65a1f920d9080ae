"""A panel for the truth: members label without seeing each other, the majority is taken, the rest is adjudicated."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput
from core.study.reasons import given_reason
from db import audit, permissions
from db.models import Account, Case, StudyCase, StudyClass, TruthVote
from db.permissions import Actor
from db.study.info import row
from db.truth.authors import may_author, must_not_read
from db.truth.members import adjudicator_of, before_opening, seat, voters
from db.truth.records import TruthInfo, newest, record, store


@dataclass(frozen=True, slots=True)
class PanelCase:
    """How far a panel is with a case. `state`: waiting for labels, agreed by majority, split, or settled as truth.

    `votes` is empty while the panel still waits for members, so that nobody is swayed.
    """

    case_id: int
    case_number: int
    given: int
    needed: int
    state: str
    majority: str | None
    votes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A case as one person on the panel has it before them.

    A member sees their own label only; `fixed` tells that it stands. An adjudicator gets the cases that are split,
    with `counts` of labels by class and nobody's name.
    """

    case_number: int
    own: str | None
    fixed: bool
    counts: tuple[tuple[str, int], ...]


def tasks(session: Session, study_id: int, account_id: int) -> list[Task]:
    """Return what somebody on the panel has to label or to decide, in an order of their own; raises Forbidden."""
    permissions.active(session, account_id)
    part = seat(session, study_id, account_id)
    before_opening(session, study_id, hold=False)
    must_not_read(session, study_id, account_id)
    found = sorted(_cases(session, study_id), key=lambda case: _shuffled(study_id, account_id, case.case_id))
    if part.adjudicator:
        return [
            Task(case.case_number, None, False, tuple(sorted(Counter(code for _, code in case.votes).items())))
            for case in found
            if case.state == "split"
        ]
    own = _own_votes(session, study_id, account_id)
    return [Task(case.case_number, own.get(case.case_id), case.state != "waiting", ()) for case in found]


def label(session: Session, study_id: int, case_number: int, *, class_code: str, account_id: int, at: datetime) -> None:
    """Store the label that a member gives a case on their own page; raises Forbidden for everybody else."""
    permissions.active(session, account_id)
    seat(session, study_id, account_id, adjudicator=False)
    study = before_opening(session, study_id)
    if not study.protocol.reference.panel:
        raise Forbidden("This study has no panel any more; ask its coordinator.")
    _vote(session, study_id, _case_id(session, study_id, case_number), class_code, account_id, by=account_id, at=at)


def vote(
    session: Session, study_id: int, case_id: int, *, class_code: str, author_id: int, by: int, at: datetime
) -> None:
    """Store a member's label that came on paper, entered by the coordinator `by`."""
    may_author(session, study_id, by)
    before_opening(session, study_id)
    _vote(session, study_id, case_id, class_code, author_id, by=by, at=at)


def votes_of(session: Session, study_id: int, author_id: int, *, by: Actor) -> dict[int, str]:
    """Return a member's newest label by case id, for who enters labels that came on paper; raises Forbidden."""
    may_author(session, study_id, by)
    return _own_votes(session, study_id, author_id)


def _own_votes(session: Session, study_id: int, author_id: int) -> dict[int, str]:
    query = select(TruthVote).where(TruthVote.study_id == study_id, TruthVote.author_id == author_id)
    return {scalar.case_id: scalar.class_code for scalar in session.scalars(query.order_by(TruthVote.version))}


def panel_cases(session: Session, study_id: int, *, by: Actor) -> list[PanelCase]:
    """Return every case of the study with how far its panel is, by number; raises Forbidden."""
    may_author(session, study_id, by)
    return _cases(session, study_id)


def _cases(session: Session, study_id: int) -> list[PanelCase]:
    """Return every case with how far its panel is. Labels of who has left do not count."""
    needed = row(session, study_id).protocol.reference.panel_size
    settled, counting = newest(session, study_id), voters(session, study_id)
    query = select(TruthVote, Account.name).join(Account, Account.id == TruthVote.author_id)
    labels: dict[int, dict[int, tuple[str, str]]] = {}
    for case_, name in session.execute(query.where(TruthVote.study_id == study_id).order_by(TruthVote.version)):
        if case_.author_id in counting:
            labels.setdefault(case_.case_id, {})[case_.author_id] = (name, case_.class_code)
    cases = select(Case.id, Case.number).join(StudyCase).where(StudyCase.study_id == study_id).order_by(Case.number)
    return [
        _panel_case(case_id, number, list(labels.get(case_id, {}).values()), needed, settled=case_id in settled)
        for case_id, number in session.execute(cases)
    ]


def labels_by_case(session: Session, study_id: int) -> dict[int, tuple[str | None, ...]]:
    """Return what each member on the panel labelled every case as, in one order of members, None where they did not.

    For results only: who asks has passed the study's permissions.
    """
    counting = sorted(voters(session, study_id))
    query = select(TruthVote.case_id, TruthVote.author_id, TruthVote.class_code).where(TruthVote.study_id == study_id)
    newest_of: dict[int, dict[int, str]] = {}
    for case_id, author_id, code in session.execute(query.order_by(TruthVote.version)):
        newest_of.setdefault(case_id, {})[author_id] = code
    return {case_id: tuple(own.get(member) for member in counting) for case_id, own in newest_of.items()}


def settle(session: Session, study_id: int, *, by: int, at: datetime) -> int:
    """Take the majority of every complete panel as truth and return how many cases that settled."""
    may_author(session, study_id, by)
    agreed = [case for case in _cases(session, study_id) if case.state == "agreed" and case.majority is not None]
    for case in agreed:
        count = sum(code == case.majority for _, code in case.votes)
        source = f"panel, majority {count} of {case.given}"
        record(session, study_id, case.case_id, class_code=case.majority or "", source=source, by=by, at=at)
    return len(agreed)


def adjudicate(
    session: Session, study_id: int, case_number: int, *, class_code: str, reason: str, by: int, at: datetime
) -> TruthInfo:
    """Decide a case on which the panel is split; the reason is kept.

    By the panel's adjudicator where there is one, else by a coordinator; raises Forbidden for anybody else.
    """
    named = adjudicator_of(session, study_id)
    if by != named:
        may_author(session, study_id, by)
        if named is not None:
            raise Forbidden("The panel has an adjudicator, who decides where its members differ.")
    else:
        permissions.active(session, by)
    case = next((case_ for case_ in _cases(session, study_id) if case_.case_number == case_number), None)
    if case is None or case.state != "split":
        raise Conflict("Only a case with all labels and no majority is adjudicated.")
    reason = given_reason("An adjudication", reason)
    source = f"panel of {case.given}, adjudicated"
    return store(session, study_id, case.case_id, class_code=class_code, source=source, reason=reason, by=by, at=at)


def _vote(
    session: Session, study_id: int, case_id: int, class_code: str, author_id: int, *, by: int, at: datetime
) -> None:
    seat(session, study_id, author_id, adjudicator=False)
    must_not_read(session, study_id, author_id)
    if class_code not in session.scalars(select(StudyClass.code).where(StudyClass.study_id == study_id)).all():
        raise InvalidInput(f"{class_code or 'An empty diagnosis'} is not a class of this study.")
    case = next((case_ for case_ in _cases(session, study_id) if case_.case_id == case_id), None)
    if case is None:
        raise Conflict("This case is not in the study any more; reload the page.")
    if case.state != "waiting":
        # later changes would be no independent opinions: from now on labels can be seen
        raise Conflict("Every member has labelled this case, or it is settled: labels stand.")
    key = TruthVote.study_id == study_id, TruthVote.case_id == case_id, TruthVote.author_id == author_id
    version = (session.scalar(select(func.max(TruthVote.version)).where(*key)) or 0) + 1
    session.add(
        TruthVote(
            study_id=study_id, case_id=case_id, author_id=author_id, version=version, class_code=class_code, at=at
        )
    )
    session.flush()
    detail = {"case": case.case_number, "member": author_id, "version": version}
    audit.record(session, kind="panel vote", at=at, actor_id=by, study_id=study_id, detail=detail)


def _case_id(session: Session, study_id: int, case_number: int) -> int:
    query = select(Case.id).join(StudyCase, StudyCase.case_id == Case.id)
    found = session.scalar(query.where(StudyCase.study_id == study_id, Case.number == case_number))
    if found is None:
        raise Conflict("This case is not in the study any more; reload the page.")
    return found


def _shuffled(study_id: int, account_id: int, case_id: int) -> bytes:
    """Return what a member's cases are sorted by: an order of their own, always the same."""
    return hashlib.sha256(f"{study_id} {account_id} {case_id}".encode()).digest()


def _panel_case(case_id: int, number: int, votes: list[tuple[str, str]], needed: int, *, settled: bool) -> PanelCase:
    given = len(votes)
    if given < needed:
        state = "settled" if settled else "waiting"
        return PanelCase(case_id, number, given, needed, state, None, ())
    ((first, count), *_) = Counter(code for _, code in votes).most_common()
    majority = first if 2 * count > given else None
    state = "settled" if settled else "agreed" if majority else "split"
    return PanelCase(case_id, number, given, needed, state, majority, tuple(sorted(votes)))
