"""The reading component without Streamlit or database: its routes answered from memory, for its tests and its bench.

It keeps to the contract of the real routes: revisions, one holder of a case, locks stored once, pixels of the present
and the next case only. `Fake.trouble` makes answers fail as networks do.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.viewer.build import ensure_bundle
from core.viewer.phantom import Phantom
from core.viewer.stream import HEADERS, outward, slices

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>Reading</title><link rel="icon" href="data:,"></head>
<body><div id="host"></div><script type="module">
window.hostKeys = [];
const heard = (event) => window.hostKeys.push(event.key);
for (const kind of ["keydown", "keyup", "keypress"]) document.addEventListener(kind, heard);
const {default: reading} = await import("/viewer.js");
const parentElement = document.getElementById("host").attachShadow({mode: "open"});
window.startedAt = performance.now();
window.unmount = reading({data: {study_id: 1, api: ""}, parentElement, setTriggerValue: () => {}});
</script></body></html>"""
EMPTY: dict[str, Any] = {"diagnosis": None, "ratings": {}, "answers": {}, "marks": [], "key_slices": []}
CLASSES = [
    {"code": "normal", "label": "Normal", "letter": "n", "colour": "#6f8f7a"},
    {"code": "cap", "label": "CAP", "letter": "a", "colour": "#b08a4e"},
    {"code": "covid", "label": "COVID-19", "letter": "c", "colour": "#a4616b"},
]
FORM: dict[str, Any] = {
    "title": "Case",
    "classes": CLASSES,
    "indeterminate": True,
    "ratings": True,
    "questions": [],
    "undo": True,
    "clock_visible": False,
}


@dataclass
class FakeRead:
    """One read as the server would hold it."""

    token: str
    case: int
    phase: str = "unaided"
    practice: bool = False
    revision: int = 0
    content: dict[str, Any] = field(default_factory=lambda: dict(EMPTY))
    tab: str | None = None
    locked: dict[str, Any] | None = None
    events: dict[tuple[str, int], str] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Kinds of the events received, in the order of their numbers."""
        return [kind for _, kind in sorted(self.events.items(), key=lambda item: item[0][1])]


@dataclass
class Fake:
    """A study in memory. Change its fields between requests to make the page meet other states."""

    cases: list[Phantom]
    reads: list[FakeRead]
    form: dict[str, Any] = field(default_factory=lambda: dict(FORM))
    open_at: str = "top"
    bindings: dict[str, Any] = field(default_factory=dict)
    orientation: dict[str, str] = field(default_factory=lambda: {"left": "R", "right": "L", "top": "A", "bottom": "P"})
    idle_after_s: float = 120.0
    ai: dict[str, Any] | None = None
    heat: NDArray[np.uint8] | None = None  # (k, h, w)
    feedback: dict[str, Any] | None = None
    rest: str | None = None
    paused: bool = False
    signed_in: bool = True
    pixel_limit: int | None = None  # a stream breaks after so many slices, once
    trouble: Callable[[str, str], int | None] = lambda method, path: None
    log: list[str] = field(default_factory=list)
    locks: int = 0

    @classmethod
    def of(cls, *cases: Phantom, **options: Any) -> "Fake":
        """A study whose reads are the cases in order."""
        return cls(list(cases), [FakeRead(f"token{n}", n) for n in range(1, len(cases) + 1)], **options)

    @property
    def current(self) -> FakeRead | None:
        """The read that is the reader's now."""
        return next((read for read in self.reads if read.locked is None), None)


def harness(fake: Fake) -> Starlette:
    """The page at /, the bundle, and the contract's routes."""
    bundle = ensure_bundle()

    def guard(verb: Callable[[Request], Response], method: str, path: str) -> Route:
        def endpoint(request: Request) -> Response:
            fake.log.append(f"{request.method} {request.url.path}")
            status = fake.trouble(request.method, request.url.path)
            if status is not None:
                return _error(status, "trouble", "The server answered badly.")
            if not fake.signed_in:
                return _error(401, "not_signed_in", "Your sign-in has expired.")
            return verb(request)

        return Route(path, endpoint, methods=[method])

    async def events(request: Request) -> Response:
        fake.log.append(f"POST {request.url.path}")
        status = fake.trouble("POST", request.url.path)
        if status is not None or not fake.signed_in:
            return _error(status or 401, "not_signed_in", "Your sign-in has expired.")
        return _events(fake, _read(fake, request), json.loads(await request.body()))

    async def draft(request: Request) -> Response:
        fake.log.append(f"PUT {request.url.path}")
        status = fake.trouble("PUT", request.url.path)
        if status is not None or not fake.signed_in:
            return _error(status or 401, "not_signed_in", "Your sign-in has expired.")
        return _draft(_read(fake, request), await request.json())

    async def lock(request: Request) -> Response:
        fake.log.append(f"POST {request.url.path}")
        status = fake.trouble("POST", request.url.path)
        if status is not None or not fake.signed_in:
            return _error(status or 401, "not_signed_in", "Your sign-in has expired.")
        return _lock(fake, _read(fake, request), await request.json())

    async def bindings(request: Request) -> Response:
        fake.bindings = (await request.json())["bindings"]
        return JSONResponse({"saved": True})

    return Starlette(
        routes=[
            Route("/", lambda request: HTMLResponse(PAGE)),
            Route("/work", lambda request: HTMLResponse("<title>Work list</title>")),
            Route("/viewer.js", lambda request: Response(bundle.read_bytes(), media_type="text/javascript")),
            guard(lambda request: JSONResponse(next_answer(fake)), "GET", "/api/reading/1/next"),
            guard(lambda request: _pixels(fake, request), "GET", "/api/studies/1/cases/{case:int}/slices"),
            guard(lambda request: _overlay(fake, request, "lungs"), "GET", "/api/reads/{token}/lungs"),
            guard(lambda request: _overlay(fake, request, "heat"), "GET", "/api/reads/{token}/heat"),
            Route("/api/reads/{token}/draft", draft, methods=["PUT"]),
            Route("/api/reads/{token}/events", events, methods=["POST"]),
            Route("/api/reads/{token}/lock", lock, methods=["POST"]),
            Route("/api/preferences/bindings", bindings, methods=["PUT"]),
        ]
    )


def next_answer(fake: Fake) -> dict[str, Any]:
    """What /next says now."""
    read = fake.current
    study = {"id": 1, "title": "Chest CT reader study"}
    feedback, fake.feedback = fake.feedback, None
    if read is None:
        return {
            "done": True,
            "message": "Thank you. Every case is read.",
            "opens_on": None,
            "feedback": feedback,
            "study": study,
        }
    place = fake.reads.index(read)
    following = next((other for other in fake.reads[place + 1 :] if other.case != read.case), None)
    rest, fake.rest = fake.rest, None
    return {
        "read": {
            "token": read.token,
            "case": read.case,
            "position": place + 1,
            "total": len(fake.reads),
            "practice": read.practice,
            "arm": read.phase,
            "session": 1,
            "phase": read.phase,
            "attempt": 1,
        },
        "form": fake.form,
        "viewer": {"open_at": fake.open_at, "bindings": fake.bindings},
        "draft": {"revision": read.revision, "content": read.content},
        "clock": {
            "active_s": 0.0,
            "raw_s": 0.0,
            "started": False,
            "paused": fake.paused,
            "heartbeat_s": 10.0,
            "idle_after_s": fake.idle_after_s,
        },
        "volume": _volume(fake, read.case),
        "ai": fake.ai if read.phase == "aided" else None,
        "feedback": feedback,
        "next": {"case": following.case, "volume": _volume(fake, following.case)} if following else None,
        "break": rest,
        "study": study,
    }


def _volume(fake: Fake, case: int) -> dict[str, Any]:
    phantom = fake.cases[case - 1]
    return {
        "url": f"/api/studies/1/cases/{case}/slices",
        "shape": list(phantom.hu.shape),
        "spacing_mm": list(phantom.spacing_mm),
        "z_mm": list(phantom.z_mm),
        "orientation": fake.orientation,
    }


def _pixels(fake: Fake, request: Request) -> Response:
    phantom = fake.cases[request.path_params["case"] - 1]
    order = outward(int(request.query_params["first"]), len(phantom.hu))[int(request.query_params.get("skip", 0)) :]
    limit, fake.pixel_limit = fake.pixel_limit, None

    def body() -> Iterator[bytes]:
        for n, chunk in enumerate(slices(lambda z: phantom.hu[z], order)):
            if limit is not None and n == limit:
                raise ConnectionError("the network breaks here")
            yield chunk

    return StreamingResponse(body(), media_type="application/octet-stream", headers=HEADERS)


def _overlay(fake: Fake, request: Request, name: str) -> Response:
    read = _read(fake, request)
    if fake.ai is None or read.phase != "aided" or read is not fake.current:
        return _error(403, "forbidden", "The AI's output is not shown for this read.")
    array = fake.cases[read.case - 1].lungs if name == "lungs" else fake.heat
    if array is None:
        return _error(404, "not_found", "There are no heat maps.")
    shape = ",".join(map(str, array.shape))
    return Response(array.tobytes(), media_type="application/octet-stream", headers={**HEADERS, "X-Shape": shape})


def _read(fake: Fake, request: Request) -> FakeRead:
    return next(read for read in fake.reads if read.token == request.path_params["token"])


def _events(fake: Fake, read: FakeRead, body: dict[str, Any]) -> Response:
    if read.locked is None:
        for event in body["events"]:
            read.events[body["tab"], event["n"]] = event["kind"]
            if event["kind"] in ("painted", "take_over"):
                read.tab = body["tab"]
        for name, value in body["counters"].items():
            read.counters[name] = value if isinstance(value, str) else max(value, read.counters.get(name, 0))
    if read.tab not in (None, body["tab"]):
        return _stale("taken_over", read)
    clock = {"active_s": 1.0, "raw_s": 1.0, "started": "painted" in read.kinds, "paused": False, "heartbeat_s": 10.0}
    return JSONResponse({"accepted": len(body["events"]), "locked": read.locked is not None, "clock": clock})


def _draft(read: FakeRead, body: dict[str, Any]) -> Response:
    if read.tab not in (None, body["tab"]):
        return _stale("taken_over", read)
    if (read.tab, read.revision, read.content) == (body["tab"], body["revision"] + 1, body["content"]):
        return JSONResponse({"revision": read.revision, "saved_at": "2026-01-01T00:00:00Z"})
    if body["revision"] != read.revision:
        return _stale("stale", read)
    read.tab, read.content, read.revision = body["tab"], body["content"], read.revision + 1
    return JSONResponse({"revision": read.revision, "saved_at": "2026-01-01T00:00:00Z"})


def _lock(fake: Fake, read: FakeRead, body: dict[str, Any]) -> Response:
    fake.locks += 1
    if read.locked is None:
        if read.tab not in (None, body["tab"]):
            return _stale("taken_over", read)
        if body["revision"] != read.revision:
            return _stale("stale", read)
        missing = [one["label"] for one in fake.form["classes"] if one["code"] not in body["content"]["ratings"]]
        if body["content"]["diagnosis"] is None or (fake.form["ratings"] and missing):
            return JSONResponse(
                {"error": "invalid", "message": "Missing.", "fields": {"diagnosis": "Choose a diagnosis."}}, 422
            )
        read.locked = body["content"]
    return JSONResponse({"locked": True, "next": next_answer(fake)})


def _stale(reason: str, read: FakeRead) -> Response:
    message = "Another tab holds this case." if reason == "taken_over" else "The newer answers are shown."
    draft = {"revision": read.revision, "content": read.content}
    return JSONResponse({"error": reason, "message": message, "draft": draft}, 409)


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": code, "message": message}, status)
