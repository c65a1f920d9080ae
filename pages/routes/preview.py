"""The reading page for those who prepare a study: the same page, answered without storing anything."""

from datetime import UTC, datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from core import clock
from core.errors import NotFound
from core.viewer.build import ensure_bundle
from core.viewer.contract.reading import (
    Bindings,
    BindingsSaved,
    Clock,
    DraftEdit,
    DraftSaved,
    EventPost,
    EventsTaken,
    Locked,
    NothingLeft,
    OpenRead,
)
from db import permissions
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right
from db.reading import preview
from db.reading.access import Overlay
from db.reading.events import HEARTBEAT_S
from db.reading.types import CaseAccess, InvalidContent
from pages.routes.pixels import overlay_array, packed_answer, slices_of
from pages.routes.read_page import COMPONENT, HEADERS, OPENING, PAGE
from pages.routes.reading import answer, invalid, upcoming_read
from pages.routes.shapes import volume_info
from pages.routes.web import changing, reading

BASE = "/api/preview/{study_id:int}"
MORE = """ data-parallax-api="api/preview/{study}" data-parallax-home="Back to the study\""""


def page(request: Request, account: Account) -> Response:
    """GET ?study=: the reading page as the readers of this study will have it."""
    text = request.query_params.get("study", "")
    study_id = int(text) if text.isdecimal() and len(text) < 10 else 0
    with open_view() as session:
        permissions.require(session, study_id, account.id, Right.MANAGE)
    script = escape(f"api/viewer/{ensure_bundle().name}", quote=True)
    component = COMPONENT.format(study=study_id, more=MORE.format(study=study_id), script=script)
    return HTMLResponse(PAGE.format(text=OPENING, component=component), headers=HEADERS)


def first(request: Request, account: Account) -> Response:
    """GET: the case of the preview in its first phase."""
    return answer(_phase(request, account, 0, clock.now()))


def draft(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """PUT a DraftEdit: say whether a draft would be saved."""
    edit = DraftEdit.parsed(body)
    try:
        _checked(request, account, edit, complete=False)
    except InvalidContent as error:
        return invalid(error)
    return answer(DraftSaved(revision=edit.revision + 1, saved_at=clock.now().isoformat()))


def events(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """POST an EventPost: the clock, and nothing else."""
    del account
    post, (_, since) = EventPost.parsed(body), _token(request)
    seconds = round(max(0.0, (clock.now() - since).total_seconds()), 1)
    now = Clock(active_s=seconds, raw_s=seconds, started=True, paused=False, heartbeat_s=HEARTBEAT_S)
    return answer(EventsTaken(accepted=len(post.events), locked=False, clock=now))


def lock(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """POST a DraftEdit: say what is missing, or show the next phase."""
    edit, (number, _) = DraftEdit.parsed(body), _token(request)
    try:
        clean = _checked(request, account, edit, complete=True)
    except InvalidContent as error:
        return invalid(error)
    return answer(Locked(next=_phase(request, account, number + 1, clock.now(), before=clean)))


def bindings(request: Request, account: Account, body: dict[str, Any]) -> Response:
    """PUT Bindings: taken for this page, kept nowhere."""
    del request, account
    Bindings.parsed(body)
    return answer(BindingsSaved())


def lungs(request: Request, account: Account) -> Response:
    """GET: the lung mask that the aided phase shows."""
    return _overlay(request, account, "lungs")


def heat(request: Request, account: Account) -> Response:
    """GET: the heat maps that the aided phase shows."""
    return _overlay(request, account, "heat")


def leave(request: Request, account: Account) -> Response:
    """GET: back to the check of the study."""
    del account
    return RedirectResponse(f"../../../design?study={request.path_params['study_id']}&step=check", 303)


def routes() -> list[Route]:
    """The routes of the preview."""
    of_read = f"{BASE}/api/reads/{{token}}"
    return [
        Route("/preview", reading(page), methods=["GET"]),
        Route(f"{BASE}/api/reading/{{same:int}}/next", reading(first), methods=["GET"]),
        Route(f"{of_read}/draft", changing(draft), methods=["PUT"]),
        Route(f"{of_read}/events", changing(events), methods=["POST"]),
        Route(f"{of_read}/lock", changing(lock), methods=["POST"]),
        Route(f"{BASE}/api/preferences/bindings", changing(bindings), methods=["PUT"]),
        Route(f"{BASE}/slices", slices_of(_volume), methods=["GET"]),
        Route(f"{of_read}/lungs", reading(lungs), methods=["GET"]),
        Route(f"{of_read}/heat", reading(heat), methods=["GET"]),
        Route(f"{BASE}/work", reading(leave), methods=["GET"]),
    ]


def _phase(
    request: Request, account: Account, number: int, at: datetime, before: object = None
) -> OpenRead | NothingLeft:
    study_id = int(request.path_params["study_id"])
    with open_view() as session:
        found = preview.phase(session, study_id, number, since=at, at=at, by=account.id, before=before)
    shown = upcoming_read(found, account)
    if isinstance(shown, NothingLeft) or found.read is None:
        return shown
    return shown.model_copy(update={"volume": volume_info(found.read.case, "/slices")})


def _checked(request: Request, account: Account, edit: DraftEdit, *, complete: bool) -> dict[str, Any]:
    study_id = int(request.path_params["study_id"])
    with open_view() as session:
        return preview.check(session, study_id, edit.content, complete=complete, by=account.id, at=clock.now())


def _volume(request: Request, account: Account) -> CaseAccess:
    with open_view() as session:
        return preview.volume(session, request.path_params["study_id"], by=account.id, at=clock.now())


def _overlay(request: Request, account: Account, name: Overlay) -> Response:
    with open_view() as session:
        access = preview.overlay(session, request.path_params["study_id"], name, by=account.id, at=clock.now())
    return packed_answer(overlay_array(access.case, access.ai, name))


def _token(request: Request) -> tuple[int, datetime]:
    """Return the phase and the beginning that a token of the preview names; raises NotFound."""
    number, _, since = str(request.path_params["token"]).partition("-")
    if not (number.isdecimal() and since.isdecimal() and len(number) < 3 and len(since) < 12):
        raise NotFound("This read does not exist.")
    return int(number), datetime.fromtimestamp(int(since), UTC)
