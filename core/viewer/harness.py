"""The reading component without Streamlit or database, its routes answered by a Fake: for its tests and its bench."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.viewer.build import ensure_bundle
from core.viewer.contract.bodies import Refusal
from core.viewer.contract.reading import Bindings, BindingsSaved
from core.viewer.fake import Answer, Fake, FakeRead, lock_read, next_answer, save_draft, show_clinical, take_events
from core.viewer.stream import HEADERS, frames, held, outward, packed, slices

# The host listens as Streamlit does, so that tests see which keys escape.
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Reading</title><link rel="icon" href="data:,"></head>
<body><div id="host"></div><script type="module">
window.hostKeys = [];
const heard = (event) => window.hostKeys.push(event.key);
for (const kind of ["keydown", "keyup", "keypress"]) document.addEventListener(kind, heard);
const {default: reading} = await import("/viewer.js");
const parentElement = document.getElementById("host").attachShadow({mode: "open"});
window.startedAt = performance.now();
const rendering = new URLSearchParams(location.search).get("rendering") ?? undefined;
window.unmount = reading({data: {study_id: 1, api: "", rendering}, parentElement, setTriggerValue: () => {}});
</script></body></html>"""

Change = Callable[[Fake, FakeRead, object], Answer]


def harness(fake: Fake) -> Starlette:
    """Return an app with the page at /, the bundle, and the contract's routes answered by `fake`."""
    bundle = ensure_bundle().read_bytes()

    def guarded(method: str, path: str, verb: Callable[[Request], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            return _refused(fake, request) or verb(request)

        return Route(path, endpoint, methods=[method])

    def changing(method: str, name: str, verb: Change) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.json()
            refused = _refused(fake, request)
            if refused:
                return refused
            status, answer = verb(fake, _read(fake, request), body)
            return JSONResponse(answer.json_body(), status)

        return Route(f"/api/reads/{{token}}/{name}", endpoint, methods=[method])

    async def bindings(request: Request) -> Response:
        fake.bindings = Bindings.parsed(await request.json()).bindings
        return JSONResponse(BindingsSaved().json_body())

    return Starlette(
        routes=[
            Route("/", lambda request: HTMLResponse(PAGE)),
            Route("/work", lambda request: HTMLResponse("<title>Work list</title>")),
            Route("/viewer.js", lambda request: Response(bundle, media_type="text/javascript")),
            guarded("GET", "/api/reading/1/next", lambda request: JSONResponse(next_answer(fake).json_body())),
            guarded("GET", "/api/studies/1/cases/{case:int}/slices", lambda request: _pixels(fake, request)),
            guarded("GET", "/api/reads/{token}/lungs", lambda request: _overlay(fake, request, "lungs")),
            guarded("GET", "/api/reads/{token}/heat", lambda request: _overlay(fake, request, "heat")),
            changing("PUT", "draft", save_draft),
            changing("POST", "events", take_events),
            changing("POST", "lock", lock_read),
            changing("POST", "clinical", show_clinical),
            Route("/api/preferences/bindings", bindings, methods=["PUT"]),
        ]
    )


def _refused(fake: Fake, request: Request) -> Response | None:
    fake.log.append(f"{request.method} {request.url.path}")
    status = fake.trouble(request.method, request.url.path)
    if status is not None:
        return _error(status, "trouble", "The server answered badly.")
    if not fake.signed_in:
        return _error(401, "not_signed_in", "Your sign-in has expired.")
    return None


def _pixels(fake: Fake, request: Request) -> Response:
    if request.query_params.get("form") == "packed":
        return _packed(fake, request)
    case = request.path_params["case"]
    order = outward(int(request.query_params["first"]), len(fake.cases[case - 1].hu))[
        int(request.query_params.get("skip", 0)) :
    ]
    limit, fake.pixel_limit = fake.pixel_limit, None
    return StreamingResponse(_chunks(fake, case, order, limit), media_type="application/octet-stream", headers=HEADERS)


async def _chunks(fake: Fake, case: int, order: list[int], limit: int | None) -> AsyncIterator[memoryview]:
    n = 0
    async for chunk in slices(lambda z: fake.slice(case, z), order):
        if n == limit:
            return  # the connection breaks here
        await run_in_threadpool(fake.gate, n)
        yield chunk
        n += 1


def _packed(fake: Fake, request: Request) -> Response:
    case, asked = request.path_params["case"], request.query_params
    hu = fake.cases[case - 1].hu
    have = held(asked.get("have", ""), len(hu))
    reads: list[Callable[[], bytes]] = [
        partial(fake.frame, case, z) for z in outward(int(asked["first"]), len(hu)) if not have[z]
    ]
    coarse = asked.get("coarse") == "1"
    if coarse:
        reads.insert(1, partial(fake.coarse, case))
    limit, fake.pixel_limit = fake.pixel_limit, None
    headers = {**HEADERS, "Content-Encoding": "zstd"}
    return StreamingResponse(
        _frames(fake, reads, limit, 1 if coarse else -1), media_type="application/octet-stream", headers=headers
    )


async def _frames(fake: Fake, reads: list[Callable[[], bytes]], limit: int | None, coarse: int) -> AsyncIterator[bytes]:
    """Yield the frames; those of slices are counted, the coarse view at place `coarse` is not."""
    n = place = 0
    async for frame in frames(reads, inflated=False):
        if place != coarse:
            if n == limit:
                return  # the connection breaks here
            await run_in_threadpool(fake.gate, n)
            n += 1
        yield frame
        place += 1


def _overlay(fake: Fake, request: Request, name: str) -> Response:
    read = _read(fake, request)
    if fake.ai is None or read.phase != "aided" or read is not fake.current:
        return _error(403, "forbidden", "The AI's output is not shown for this read.")
    array = fake.lungs if name == "lungs" else fake.heat
    if array is None:
        return _error(404, "not_found", "There is no such overlay.")
    headers = {**HEADERS, "Content-Encoding": "gzip", "X-Shape": ",".join(map(str, array.shape))}
    return Response(packed(array), media_type="application/octet-stream", headers=headers)


def _read(fake: Fake, request: Request) -> FakeRead:
    return next(read for read in fake.reads if read.token == request.path_params["token"])


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse(Refusal(error=code, message=message).json_body(), status)
