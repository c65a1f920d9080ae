"""A case of an unblinded study for the viewer in review: one answer with everything, its pixels, and the overlays."""

from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.viewer.contract.case import Content
from core.viewer.contract.review import Review, ReviewAi, ReviewClass, ReviewRead, ReviewTruth
from db.accounts import Account
from db.engine import open_view
from db.reading.types import CaseAccess
from db.results.case import CaseReview, ReviewedRead, case_review, review_images, review_overlay
from pages.routes.pixels import overlay_array, packed_answer, slices_of
from pages.routes.shapes import ai_output, volume_info
from pages.routes.web import NO_STORE, reading


def whole_case(request: Request, account: Account) -> Response:
    """GET: the case's truth, the AI's output and everybody's locked reads; refused before unblinding."""
    with open_view() as session:
        found = case_review(session, **_asked(request), by=account.id)
    return JSONResponse(_review(found, request.url.path).json_body(), headers=NO_STORE)


def lungs(request: Request, account: Account) -> Response:
    """GET: the AI's lung mask of a case of an unblinded study, uint8 (z, y, x)."""
    return _overlay(request, account, "lungs")


def heat(request: Request, account: Account) -> Response:
    """GET: the AI's heat maps of a case of an unblinded study, uint8 (k, h, w)."""
    return _overlay(request, account, "heat")


def routes() -> list[Route]:
    """The routes of looking a case over."""
    base = "/api/studies/{study_id:int}/cases/{case:int}/review"
    return [
        Route(base, reading(whole_case), methods=["GET"]),
        Route(f"{base}/slices", slices_of(_images), methods=["GET"]),
        Route(f"{base}/lungs", reading(lungs), methods=["GET"]),
        Route(f"{base}/heat", reading(heat), methods=["GET"]),
    ]


def _asked(request: Request) -> dict[str, Any]:
    return {"study_id": request.path_params["study_id"], "case_number": request.path_params["case"]}


def _images(request: Request, account: Account) -> CaseAccess:
    with open_view() as session:
        return review_images(session, **_asked(request), by=account.id)


def _overlay(request: Request, account: Account, name: Literal["lungs", "heat"]) -> Response:
    with open_view() as session:
        access, ai = review_overlay(session, **_asked(request), by=account.id)
    return packed_answer(overlay_array(access, ai, name))


def _review(found: CaseReview, url: str) -> Review:
    truth = found.truth
    return Review(
        case=found.case.case_number,
        practice=found.practice,
        tags=list(found.tags),
        volume=volume_info(found.case, f"{url}/slices"),
        classes=[ReviewClass(code=known.code, label=known.label, colour=known.colour) for known in found.classes],
        truth=None
        if truth is None
        else ReviewTruth(
            code=truth.code,
            label=found.label(truth.code),
            version=truth.version,
            versions=truth.versions,
            source=truth.source,
            rests_on=list(truth.rests_on),
        ),
        ai=_ai(found, url),
        reads=[_read(found, read) for read in found.reads],
    )


def _read(found: CaseReview, read: ReviewedRead) -> ReviewRead:
    content = Content.model_validate({name: value for name, value in read.content.items() if value is not None})
    return ReviewRead(
        reader=read.reader,
        group=read.group,
        arm=read.arm,
        session=read.session,
        label=found.label(read.diagnosis),
        right=read.right,
        seconds=read.seconds,
        ratings={found.label(code): value for code, value in content.ratings.items()},
        answers=list(read.answers),
        marks=content.marks,
        key_slices=content.key_slices,
    )


def _ai(found: CaseReview, url: str) -> ReviewAi | None:
    if found.ai is None or found.ai_output is None:
        return None
    ai = found.ai
    return ai_output(
        ReviewAi,
        found.ai_output,
        found.ai_slices,
        ai.heat_slices,
        masks_url=f"{url}/lungs" if ai.slice_probabilities else None,
        heat_url=f"{url}/heat" if ai.heat_slices else None,
        seconds=ai.seconds,
    )
