"""The reading page talks to these: the next read, drafts, events, the lock, and the reader's own keys.

Everything a reader's browser may know is put together here from what db.reads hands out, and nothing else.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import clock
from core.errors import NotFound
from core.study.clinical import ClinicalNote
from core.study.reading_clock import Reading
from core.viewer.contract.bodies import Body
from core.viewer.contract.case import AiOutput, ClassChoice, Content, VolumeInfo
from core.viewer.contract.reading import (
    Bindings,
    BindingsSaved,
    ClinicalInfo,
    Clock,
    Draft,
    DraftEdit,
    DraftSaved,
    EventPost,
    EventsTaken,
    FindingInfo,
    FormInfo,
    Invalid,
    Level,
    Locked,
    NothingLeft,
    OpenClock,
    OpenRead,
    PracticeFeedback,
    ReadInfo,
    Stale,
    StudyName,
    Upcoming,
    ViewerInfo,
)
from db import accounts
from db.accounts import Account
from db.engine import open_session
from db.permissions import MAX_ID
from db.reading import reads
from db.reading.events import HEARTBEAT_S
from db.reading.types import CaseAccess, DraftState, Feedback, InvalidContent, NextRead, StaleDraft
from db.reading.types import OpenRead as ReadOpen
from pages.routes.shapes import ai_output, volume_info
from pages.routes.web import NO_STORE, changing, reading


def next_read(request: Request, account: Account) -> Response:
    """GET: open or resume the reader's next read in a study."""
    at, study_id = clock.now(), int(request.path_params["study_id"])
    if study_id > MAX_ID:
        raise NotFound("This study does not exist.")
    with open_session() as session:
        found = reads.next_read(session, account_id=account.id, study_id=study_id, at=at)
    return answer(upcoming_read(found, account))


def draft(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """PUT a DraftEdit: save the draft."""
    at = clock.now()
    try:
        with open_session() as session:
            saved = reads.save_draft(session, account_id=account.id, **_edit(request, body), at=at)
    except StaleDraft as error:
        return _stale(error.reason, str(error), error.draft)
    except InvalidContent as error:
        return invalid(error)
    return answer(DraftSaved(revision=saved.revision, saved_at=_iso(saved.saved_at)))


def events(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """POST an EventPost: record the events; 409 tells a tab that another one holds the case."""
    at, post = clock.now(), EventPost.parsed(body)
    with open_session() as session:
        taken = reads.add_events(
            session,
            account_id=account.id,
            token=request.path_params["token"],
            tab=post.tab,
            events=list(post.events),
            counters=post.counters,
            at=at,
        )
    if not taken.holds:
        return _stale("taken_over", reads.TAKEN_OVER, taken.draft)
    return answer(EventsTaken(accepted=taken.accepted, locked=taken.locked, clock=Clock(**_clock(taken.clock))))


def lock(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """POST a DraftEdit: lock the read and answer with what comes next."""
    at = clock.now()
    try:
        with open_session() as session:
            locked = reads.lock(session, account_id=account.id, **_edit(request, body), at=at)
    except StaleDraft as error:
        return _stale(error.reason, str(error), error.draft)
    except InvalidContent as error:
        return invalid(error)
    return answer(Locked(next=upcoming_read(locked.next, account)))


def clinical(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """POST: show the clinical information of the reader's read, after a first diagnosis."""
    at = clock.now()
    with open_session() as session:
        note = reads.show_clinical(session, account_id=account.id, token=request.path_params["token"], at=at)
    return answer(ClinicalInfo.model_validate(asdict(note)))


def bindings(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """PUT Bindings: keep the reader's own keys."""
    asked = Bindings.parsed(body)
    with open_session() as session:
        accounts.save_preferences(session, account.id, {"bindings": asked.bindings})
    return answer(BindingsSaved())


def routes() -> list[Route]:
    """The routes of the reading page."""
    return [
        Route("/api/reading/{study_id:int}/next", reading(next_read), methods=["GET"]),
        Route("/api/reads/{token}/draft", changing(draft), methods=["PUT"]),
        Route("/api/reads/{token}/events", changing(events), methods=["POST"]),
        Route("/api/reads/{token}/lock", changing(lock), methods=["POST"]),
        Route("/api/reads/{token}/clinical", changing(clinical), methods=["POST"]),
        Route("/api/preferences/bindings", changing(bindings), methods=["PUT"]),
    ]


def _edit(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    edit = DraftEdit.parsed(body)
    return {
        "token": request.path_params["token"],
        "revision": edit.revision,
        "tab": edit.tab,
        "content": edit.content,
    }


def upcoming_read(found: NextRead, account: Account) -> OpenRead | NothingLeft:
    """Return what comes next for a reader as the browser is told."""
    read = found.read
    study = StudyName(id=found.study_id, title=found.title)
    if read is None:
        return NothingLeft(
            message=found.message, opens_on=_iso(found.opens_at), feedback=_feedback(found.feedback), study=study
        )
    protocol = read.protocol
    return OpenRead(
        read=ReadInfo(
            token=read.token,
            case=read.case.case_number,
            position=read.position,
            total=read.total,
            practice=read.practice,
            arm=read.arm,
            session=read.session,
            phase=read.arm,
            attempt=read.attempt,
        ),
        form=_form(read),
        viewer=ViewerInfo(
            open_at=protocol.open_at, window=protocol.window, bindings=account.preferences.get("bindings", {})
        ),
        draft=_draft(read.draft),
        clock=OpenClock(**_clock(read.clock), idle_after_s=float(protocol.idle_after_s)),
        volume=_volume(found.study_id, read.case),
        ai=_ai(read),
        clinical=_clinical(read.clinical),
        clinical_waits=read.clinical_waits,
        feedback=_feedback(found.feedback),
        next=_upcoming(found.study_id, read.upcoming),
        break_=_break(read),
        study=study,
    )


def _form(read: ReadOpen) -> FormInfo:
    protocol = read.protocol
    return FormInfo(
        title=f"Case {read.case.case_number}",
        classes=[
            ClassChoice(code=choice.code, label=choice.label, letter=choice.letter, colour=choice.colour)
            for choice in read.classes
        ],
        indeterminate=protocol.indeterminate,
        ratings=protocol.ratings,
        questions=protocol.questions,
        findings=[
            FindingInfo(
                code=finding.code,
                levels=[
                    Level(code=option.code, label=option.label, present=finding.present(option.code))
                    for option in finding.options
                ],
                rated=protocol.ratings and not finding.graded,
                mark=finding.mark,
            )
            for finding in protocol.findings
        ],
        forced=protocol.acceptance.forced,
        undo=protocol.undo,
        clock_visible=protocol.clock_visible,
    )


def _volume(study_id: int, case: CaseAccess) -> VolumeInfo:
    return volume_info(case, f"/api/studies/{study_id}/cases/{case.case_number}/slices")


def _upcoming(study_id: int, case: CaseAccess | None) -> Upcoming | None:
    return None if case is None else Upcoming(case=case.case_number, volume=_volume(study_id, case))


def _ai(read: ReadOpen) -> AiOutput | None:
    if read.ai is None:
        return None
    return ai_output(
        AiOutput,
        read.ai.output,
        read.ai.slices,
        read.ai.heat_slices,
        masks_url=f"/api/reads/{read.token}/lungs" if read.ai.lungs else None,
        heat_url=f"/api/reads/{read.token}/heat" if read.ai.heat else None,
    )


def _clinical(note: ClinicalNote | None) -> ClinicalInfo | None:
    return None if note is None else ClinicalInfo.model_validate(asdict(note))


def _feedback(given: Feedback | None) -> PracticeFeedback | None:
    if given is None:
        return None
    return PracticeFeedback(
        case=given.case_number,
        diagnosis=given.diagnosis,
        truth=given.truth,
        truth_label=given.truth_label,
        correct=given.correct,
    )


def _break(read: ReadOpen) -> str | None:
    """Return the sentence that suggests a break before this case, by the protocol's number of cases or minutes."""
    protocol = read.protocol
    if read.clock.started_at is not None or read.streak_began is None:
        return None
    minutes = (clock.now() - read.streak_began).total_seconds() / 60
    many = protocol.break_after_cases and read.streak % protocol.break_after_cases == 0
    long = protocol.break_after_minutes and minutes >= protocol.break_after_minutes
    if not many and not long:
        return None
    return f"You have read {read.streak} cases in a row. A break of ten minutes keeps the reading fair."


def _clock(clock: Reading) -> dict[str, Any]:
    return {
        "active_s": round(clock.active_seconds, 1),
        "raw_s": round(clock.raw_seconds, 1),
        "started": clock.started_at is not None,
        "paused": clock.paused,
        "heartbeat_s": HEARTBEAT_S,
    }


def _stale(reason: str, message: str, current: DraftState) -> Response:
    return answer(Stale(error=reason, message=message, draft=_draft(current)), 409)


def _draft(state: DraftState) -> Draft:
    content = Content.model_validate(state.content)
    return Draft(revision=state.revision, content=content, chosen=state.chosen)


def invalid(error: InvalidContent) -> Response:
    """Answer that answers cannot be taken, with a sentence for each field."""
    return answer(Invalid(message=str(error), fields=error.fields), 422)


def answer(body: Body, status: int = 200) -> Response:
    """Answer with a body of the contract."""
    return JSONResponse(body.json_body(), status, headers=NO_STORE)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
