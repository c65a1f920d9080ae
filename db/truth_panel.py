"""A panel for the truth: members vote without seeing each other, the majority is taken, the rest is adjudicated."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, InvalidInput
from core.study.protocol import Protocol
from db import audit
from db.models import Account, Case, StudyCase, StudyClass, TruthVote
from db.study_info import row
from db.truth import TruthInfo, current, may_author, must_not_read, record


@dataclass(frozen=True, slots=True)
class PanelCase:
    """How far a panel is with a case. `state`: waiting for votes, agreed by majority, split, or settled as truth.

    `votes` is empty while the panel still waits for members, so that nobody is swayed.
    """

    case_id: int
    case_number: int
    given: int
    needed: int
    state: str
    majority: str | None
    votes: tuple[tuple[str, str], ...]


def vote(
    session: Session, study_id: int, case_id: int, *, class_code: str, author_id: int, by: int, at: datetime
) -> None:
    """Store a member's opinion; a later one of the same member is a new version, until the case is settled.

    `by` is the coordinator who enters it: for themselves, or for a member whose opinion came on paper.
    """
    row(session, study_id, hold=True)
    may_author(session, study_id, by)
    must_not_read(session, study_id, author_id)
    if session.get(Account, author_id) is None:
        raise Forbidden("This panel member has no account.")
    if class_code not in session.scalars(select(StudyClass.code).where(StudyClass.study_id == study_id)).all():
        raise InvalidInput(f"{class_code or 'An empty diagnosis'} is not a class of this study.")
    if case_id in current(session, study_id):
        raise Conflict("The truth of this case is settled; correct it by the form, with a reason.")
    in_study = select(StudyCase.id).where(StudyCase.study_id == study_id, StudyCase.case_id == case_id)
    if session.scalar(in_study) is None:
        raise Conflict("This case is not in the study any more; reload the page.")
    key = TruthVote.study_id == study_id, TruthVote.case_id == case_id, TruthVote.author_id == author_id
    version = (session.scalar(select(func.max(TruthVote.version)).where(*key)) or 0) + 1
    session.add(
        TruthVote(
            study_id=study_id, case_id=case_id, author_id=author_id, version=version, class_code=class_code, at=at
        )
    )
    session.flush()
    detail = {"case": session.get_one(Case, case_id).number, "member": author_id, "version": version}
    audit.record(session, kind="panel vote", at=at, actor_id=by, study_id=study_id, detail=detail)


def votes_of(session: Session, study_id: int, author_id: int) -> dict[int, str]:
    """Return a member's own newest opinion by case id."""
    query = select(TruthVote).where(TruthVote.study_id == study_id, TruthVote.author_id == author_id)
    return {one.case_id: one.class_code for one in session.scalars(query.order_by(TruthVote.version))}


def panel(session: Session, study_id: int) -> list[PanelCase]:
    """Return every case of the study with how far its panel is, by number."""
    needed = Protocol.from_json(row(session, study_id).protocol).reference.panel_size
    settled = current(session, study_id)
    query = select(TruthVote, Account.name).join(Account, Account.id == TruthVote.author_id)
    newest: dict[int, dict[str, str]] = {}
    for one, name in session.execute(query.where(TruthVote.study_id == study_id).order_by(TruthVote.version)):
        newest.setdefault(one.case_id, {})[name] = one.class_code
    cases = select(Case.id, Case.number).join(StudyCase).where(StudyCase.study_id == study_id).order_by(Case.number)
    return [
        _panel_case(case_id, number, newest.get(case_id, {}), needed, settled=case_id in settled)
        for case_id, number in session.execute(cases)
    ]


def settle(session: Session, study_id: int, *, by: int, at: datetime) -> int:
    """Take the majority of every complete panel as truth and return how many cases that settled."""
    agreed = [case for case in panel(session, study_id) if case.state == "agreed" and case.majority is not None]
    for case in agreed:
        count = sum(code == case.majority for _, code in case.votes)
        source = f"panel, majority {count} of {case.given}"
        record(session, study_id, case.case_id, class_code=case.majority or "", source=source, by=by, at=at)
    return len(agreed)


def adjudicate(
    session: Session, study_id: int, case_id: int, *, class_code: str, reason: str, by: int, at: datetime
) -> TruthInfo:
    """Decide a case on which the panel is split; the reason is kept."""
    case = next((one for one in panel(session, study_id) if one.case_id == case_id), None)
    if case is None or case.state != "split":
        raise Conflict("Only a case with all votes and no majority is adjudicated.")
    if len(reason.strip()) < 3:
        raise InvalidInput("An adjudication needs its reason.")
    source = f"panel of {case.given}, adjudicated"
    return record(session, study_id, case_id, class_code=class_code, source=source, reason=reason, by=by, at=at)


def _panel_case(case_id: int, number: int, votes: dict[str, str], needed: int, *, settled: bool) -> PanelCase:
    given = len(votes)
    if given < needed:
        state = "settled" if settled else "waiting"
        return PanelCase(case_id, number, given, needed, state, None, ())
    ((first, count), *_) = Counter(votes.values()).most_common()
    majority = first if 2 * count > given else None
    state = "settled" if settled else "agreed" if majority else "split"
    return PanelCase(case_id, number, given, needed, state, majority, tuple(sorted(votes.items())))
