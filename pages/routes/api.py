"""The interface for scripts, /api/v1: the same verbs and permissions as the pages, behind a personal token.

`OPERATIONS` is the one list of it; routes and the OpenAPI description come of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import __version__, clock
from core.errors import NotFound, ParallaxError
from core.export.kinds import KINDS
from db import tokens
from db.accounts import Account
from db.engine import open_session, open_view
from db.study import info, monitor
from db.tokens import NOTED_EVERY, Scope, Token
from pages.routes import exports
from pages.routes.api_shapes import CaseOut, CasesOut, ErrorOut, ProgressOut, StudiesOut, StudyOut
from pages.routes.web import NO_STORE, Refused, json_error

ROOT = "/api/v1"
WITHOUT = "Send a personal token (My account makes one) as 'Authorization: Bearer plx_…'; this one is missing or ended."
ERRORS = {401: "no token that can be used", 403: "not for this token or this person", 404: "not there"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a script can ask for. `gives` is a model, or the media type of a file."""

    path: str
    scope: Scope
    summary: str
    answer: Callable[[Request, Account], Response]
    gives: type[BaseModel] | str
    query: tuple[tuple[str, str], ...] = ()


def studies(request: Request, account: Account) -> Response:
    """Answer the studies of the token's person."""
    with open_view() as session:
        found = info.every(session, by=account.id)
    return _json(StudiesOut(studies=[StudyOut.model_validate(operation) for operation in found]))


def study(request: Request, account: Account) -> Response:
    """Answer one study."""
    study_id = request.path_params["study_id"]
    with open_view() as session:
        info.study(session, study_id, by=account.id)  # refuses as the pages do
        found = next((operation for operation in info.every(session, by=account.id) if operation.id == study_id), None)
    if found is None:
        raise NotFound("This study does not exist.")
    return _json(StudyOut.model_validate(found))


def cases(request: Request, account: Account) -> Response:
    """Answer the cases of a study to who manages it."""
    with open_view() as session:
        found = info.cases(session, request.path_params["study_id"], by=account.id)
    shown = [CaseOut(number=case.case.number, practice=case.practice, tags=list(case.case.tags)) for case in found]
    return _json(CasesOut(cases=shown))


def progress(request: Request, account: Account) -> Response:
    """Answer how far the reading of a study is."""
    with open_view() as session:
        found = monitor.progress(session, request.path_params["study_id"], by=account.id, at=clock.now())
    return _json(ProgressOut.model_validate(found))


FILTERS = (("group", "only readers of this group; may be given again"), ("arm", "unaided or aided"),
           ("session", "a whole number"), ("class", "only cases of this true class"), ("tag", "only with this tag"),
           ("practice", "1: practice reads too"), ("positive", "imrmc, rjafroc: the class against the rest"),
           ("compare", "imrmc, rjafroc: ai or arms"))  # fmt: skip
OPERATIONS = (
    Operation("/studies", Scope.STUDIES, "The studies you run", studies, StudiesOut),
    Operation("/studies/{study_id:int}", Scope.STUDIES, "One study", study, StudyOut),
    Operation("/studies/{study_id:int}/cases", Scope.STUDIES, "The cases of a study", cases, CasesOut),
    Operation("/studies/{study_id:int}/progress", Scope.STUDIES, "How far the reading is", progress, ProgressOut),
    Operation(
        "/studies/{study_id:int}/export/{kind}", Scope.RESULTS, f"Every read as a file: {', '.join(KINDS)}",
        exports.export, "application/octet-stream", FILTERS,
    ),
    Operation("/studies/{study_id:int}/report", Scope.RESULTS, "The report", exports.report, "text/html"),
)  # fmt: skip


def caller(headers: Headers) -> tuple[Account, Token] | None:
    """Return whose token a request brings, or None; its use is written down once a minute."""
    kind, _, secret = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret.startswith(tokens.PREFIX):
        return None
    now = clock.now()
    with open_view() as session:
        found = tokens.account_of(session, secret.strip(), at=now)
    if found and (found[1].used_at is None or now - found[1].used_at > NOTED_EVERY):
        with open_session() as session:
            tokens.note_use(session, found[1].id, at=now)
    return found


def description() -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the interface."""
    models: list[type[BaseModel]] = [
        operation.gives for operation in OPERATIONS if not isinstance(operation.gives, str)
    ]
    models = [*dict.fromkeys(models), ErrorOut]
    where, schemas = models_json_schema(
        [(model, "serialization") for model in models], ref_template="#/components/schemas/{model}"
    )
    error = {"application/json": {"schema": where[ErrorOut, "serialization"]}}
    paths = {}
    for operation in OPERATIONS:
        if isinstance(operation.gives, str):
            given: dict[str, Any] = {operation.gives: {"schema": {"type": "string", "format": "binary"}}}
        else:
            given = {"application/json": {"schema": where[operation.gives, "serialization"]}}
        answers = {"200": {"description": "here it is", "content": given}}
        answers |= {str(code): {"description": text, "content": error} for code, text in ERRORS.items()}
        paths[_plain(operation.path)] = {
            "get": {
                "operationId": operation.answer.__name__,
                "summary": operation.summary,
                "description": f"Needs the scope {operation.scope}.",
                "parameters": _parameters(operation),
                "responses": answers,
                "security": [{"token": []}],
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parallax", "version": __version__, "description": "Reader studies, for scripts."},
        "servers": [{"url": ROOT}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def routes() -> list[Route]:
    """The routes for scripts."""
    described = Route(f"{ROOT}/openapi.json", _endpoint(None, lambda *_: JSONResponse(description())), methods=["GET"])
    return [
        described,
        *(
            Route(ROOT + operation.path, _endpoint(operation.scope, operation.answer), methods=["GET"])
            for operation in OPERATIONS
        ),
    ]


def _endpoint(scope: Scope | None, answer: Callable[[Request, Account], Response]) -> Callable[[Request], Any]:
    def ask(request: Request) -> Response:
        found = caller(request.headers)
        if found is None:
            raise Refused(401, "no_token", WITHOUT)
        if scope is not None:
            tokens.require(found[1], scope)
        return answer(request, found[0])

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(ask, request)
        except ParallaxError as error:
            return json_error(error)

    return endpoint


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in (("study_id", {"type": "integer"}), ("kind", {"enum": list(KINDS)}))
        if f"{{{name}" in operation.path
    ]
    return found + [
        {"name": n, "in": "query", "description": d, "schema": {"type": "string"}} for n, d in operation.query
    ]


def _plain(path: str) -> str:
    return path.replace(":int", "")


def _json(shape: BaseModel) -> Response:
    return Response(shape.model_dump_json(), media_type="application/json", headers=NO_STORE)
