"""Pixels and AI overlays, streamed to those who may have them now. The database verbs decide; nothing is cached."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from core import clock
from core.errors import InvalidInput, NotFound, ParallaxError
from core.imaging.storage import VolumeStore
from core.settings import settings
from core.viewer.build import ensure_bundle
from core.viewer.stream import HEADERS, frames, held, outward, packed, slices
from db.accounts import Account
from db.ai.reads import AiReadInfo
from db.engine import open_view
from db.reading import reads
from db.reading.access import Overlay
from db.reading.types import CaseAccess
from pages.routes.web import json_error, reading, signed_in

OCTETS = "application/octet-stream"
FOREVER = "public, max-age=31536000, immutable"


def slices_of(find: Callable[[Request, Account], CaseAccess]) -> Callable[[Request], Any]:
    """Make a GET endpoint of the slices of the volume that `find(request, account)` returns; see `streamed`."""

    async def endpoint(request: Request) -> Response:
        try:
            access = await run_in_threadpool(lambda: find(request, signed_in(request)))
            return await streamed(request, access)
        except ParallaxError as error:
            return json_error(error)

    return endpoint


async def streamed(request: Request, access: CaseAccess) -> Response:
    """Return a volume, outward from ?first: int16 without the first ?skip, or ?form=packed as it is stored.

    Every slice is read in a thread, so one reader's volume does not hold up the others' requests.
    Raises InvalidInput, NotFound.
    """
    if request.query_params.get("form") == "packed":
        return await _packed(request, access)
    order = outward(_number(request, "first", access.shape[0]), access.shape[0])
    rest = order[_number(request, "skip", access.shape[0] + 1) :]
    store = VolumeStore(settings().storage)
    if rest:
        await run_in_threadpool(store.slice, access.storage_key, rest[0])  # a missing volume is 404, not a torn stream
    body = slices(lambda z: store.slice(access.storage_key, z), rest)
    return StreamingResponse(body, media_type=OCTETS, headers=HEADERS)


async def _packed(request: Request, access: CaseAccess) -> Response:
    """Return the images a browser misses, each as it is stored; ?have=digits, ?coarse=1 for the coarse view.

    First the slice ?first, then the coarse view, then the others. src/viewer/planes.js reads an image.
    """
    first, count = _number(request, "first", access.shape[0]), access.shape[0]
    try:
        have = held(request.query_params.get("have", ""), count)
    except ValueError:
        raise InvalidInput(f"have holds hexadecimal digits, one for every four of {count} slices.") from None
    store, key = VolumeStore(settings().storage), access.storage_key
    reads: list[Callable[[], bytes]] = [partial(store.frame, key, z) for z in outward(first, count) if not have[z]]
    if request.query_params.get("coarse") == "1":
        reads.insert(1, partial(store.coarse, key))
    if reads:
        await run_in_threadpool(reads[0])  # a missing volume is 404, not a torn stream
    native = "zstd" in request.headers.get("accept-encoding", "")
    headers = {**HEADERS, "Vary": "Accept-Encoding", **({"Content-Encoding": "zstd"} if native else {})}
    return StreamingResponse(frames(reads, inflated=not native), media_type=OCTETS, headers=headers)


def lungs(request: Request, account: Account) -> Response:
    """GET: the lung mask of an open aided read, uint8 (z, y, x), 0 none, 1 right, 2 left; its shape in X-Shape."""
    return _overlay(request, account, "lungs")


def heat(request: Request, account: Account) -> Response:
    """GET: heat maps of an open aided read, uint8 (k, h, w) over whole slices; its shape in X-Shape."""
    return _overlay(request, account, "heat")


def bundle(request: Request) -> Response:
    """GET: the reading component; its name carries the hash of its source, so browsers may keep it."""
    path = ensure_bundle()
    if request.path_params["name"] != path.name:
        return json_error(NotFound("The viewer was updated; reload the page."))
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": FOREVER})


def routes() -> list[Route]:
    """The routes of pixels, overlays and the component itself."""
    return [
        Route("/api/studies/{study_id:int}/cases/{case:int}/slices", slices_of(_case), methods=["GET"]),
        Route("/api/reads/{token}/lungs", reading(lungs), methods=["GET"]),
        Route("/api/reads/{token}/heat", reading(heat), methods=["GET"]),
        Route("/api/viewer/{name}", bundle, methods=["GET"]),
    ]


def _case(request: Request, account: Account) -> CaseAccess:
    asked = request.path_params
    with open_view() as session:
        return reads.case_access(
            session, account_id=account.id, study_id=asked["study_id"], case_number=asked["case"], at=clock.now()
        )


def _overlay(request: Request, account: Account, name: Overlay) -> Response:
    with open_view() as session:
        access = reads.ai_overlay_access(
            session, account_id=account.id, token=request.path_params["token"], at=clock.now(), overlay=name
        )
    return packed_answer(overlay_array(access.case, access.ai, name))


def overlay_array(case: CaseAccess, ai: AiReadInfo, name: Overlay) -> NDArray[np.uint8]:
    """Return the lungs or heat maps of an AI on a volume; raises NotFound."""
    found: NDArray[Any] = VolumeStore(settings().storage).array(case.storage_key, f"{name}-{ai.model.sha256[:12]}")
    return found.astype(np.uint8, copy=False)


def packed_answer(array: NDArray[np.uint8]) -> Response:
    """Return an array gzipped, with its shape in a header."""
    shape = ",".join(str(length) for length in array.shape)
    return Response(packed(array), media_type=OCTETS, headers={**HEADERS, "Content-Encoding": "gzip", "X-Shape": shape})


def _number(request: Request, name: str, below: int) -> int:
    text = request.query_params.get(name, "0")
    if not text.isdecimal() or len(text) > 6 or int(text) >= below:
        raise InvalidInput(f"{name} is a whole number below {below}.")
    return int(text)
