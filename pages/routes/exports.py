"""A study's files, streamed to people who may see its results; the database verb decides, and seals them before."""

from dataclasses import asdict, replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core import clock
from core.errors import InvalidInput
from core.export.files import file_of
from core.export.kinds import DETAILED, KINDS
from core.export.mrmc_programs import Compare
from core.results.findings import asked_of
from core.results.rows import Filter
from core.services.reporting import report_of
from db.accounts import Account
from db.engine import open_session, open_view
from db.results import rows as analysis
from db.results import taken
from pages.routes.web import NO_STORE, reading


def export(request: Request, account: Account) -> Response:
    """GET [?group=&arm=&session=&class=&tag=&practice=1] [&positive=&compare=&finding=&ai=]: one of KINDS, in pieces.

    A study of findings is exported one finding at a time: the one asked for, else the prespecified or first one.
    """
    kind = next((kind_ for kind_ in KINDS if kind_ == request.path_params["kind"]), None)
    if kind is None:
        raise InvalidInput(f"A study is exported as one of {', '.join(KINDS)}.")
    asked, chosen = request.query_params, _filter(request)
    with open_view() as session:
        rows = analysis.rows(
            session,
            study_id=request.path_params["study_id"],
            by=account.id,
            practice=chosen.practice,
            detail=kind in DETAILED,
        )
    compare: Compare = "arms" if asked.get("compare") == "arms" else "ai"
    rows = asked_of(rows, asked.get("finding", ""))
    which = {name: asked.get(name, "") for name in ("positive", "ai")}
    file = file_of(rows.where(chosen), kind, compare=compare, **which)
    with open_session() as session:  # before the first piece leaves: what was begun to be taken away counts
        filtered = {name: list(value) for name, value in asdict(replace(chosen, practice=False)).items() if value}
        taken.results(
            session,
            rows.study.id,
            kind,
            by=account.id,
            at=clock.now(),
            filter=filtered,
            practice=chosen.practice or None,
        )
    return StreamingResponse(
        (piece.encode() for piece in file.pieces), media_type=file.mime, headers=_attached(file.name)
    )


def report(request: Request, account: Account) -> Response:
    """GET: the report of the whole study as one HTML file."""
    study_id = request.path_params["study_id"]
    text = report_of(study_id, by=account.id)
    return Response(text, media_type="text/html", headers=_attached(f"study-{study_id}-report.html"))


def routes() -> list[Route]:
    """The routes of files."""
    return [
        Route("/api/studies/{study_id:int}/export/{kind}", reading(export), methods=["GET"]),
        Route("/api/studies/{study_id:int}/report", reading(report), methods=["GET"]),
    ]


def _filter(request: Request) -> Filter:
    asked = request.query_params
    sessions = asked.getlist("session")
    if not all(session.isdecimal() and len(session) < 6 for session in sessions):
        raise InvalidInput("A session is a whole number.")
    return Filter(
        groups=tuple(asked.getlist("group")),
        arms=tuple(asked.getlist("arm")),
        sessions=tuple(int(session) for session in sessions),
        classes=tuple(asked.getlist("class")),
        tags=tuple(asked.getlist("tag")),
        practice=asked.get("practice") == "1",
    )


def _attached(name: str) -> dict[str, str]:
    return {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
