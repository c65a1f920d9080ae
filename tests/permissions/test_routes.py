"""Every HTTP route, times every kind of account and nobody, times own and other study."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import clock
from core.settings import settings
from db.engine import engine_for, open_session
from pages.routes import api
from pages.routes.every import routes
from tests.permissions.scene import DISABLED, IN_INSTALLATION, Scene, build
from tests.permissions.table import EVERYBODY, MANAGE, RESULTS, Verb
from tests.reading.client import Client, sign_in

NOBODY = "signed out"
PREVIEW = "/api/preview/{study_id:int}"
OPEN = "open"  # to everybody, signed in or not
TOKENS: frozenset[str] = frozenset()  # no cookie opens them; who may with a token: tests/pages/test_api.py
ROUTES: dict[tuple[str, str], frozenset[str] | str] = {
    ("GET", "/api/health"): OPEN,
    ("GET", "/api/metrics"): OPEN,  # but for its token: 404 to everybody else
    **{("GET", route.path): TOKENS for route in api.routes()},
    ("POST", "/api/session/sign-in"): OPEN,
    ("POST", "/api/session/link"): OPEN,
    ("GET", "/api/session/institution"): OPEN,
    ("POST", "/api/session/end"): OPEN,
    ("GET", "/api/viewer/{name}"): OPEN,
    ("GET", "/api/studies/{study_id:int}/cases/{case:int}/slices"): MANAGE,
    ("GET", "/api/cases/{case:int}/picture"): MANAGE,
    ("GET", "/api/cases/{case:int}/slices"): MANAGE,
    ("GET", "/api/reads/{token}/lungs"): frozenset(),  # nobody here has an aided read open
    ("GET", "/api/reads/{token}/heat"): frozenset(),
    ("GET", "/api/reading/{study_id:int}/next"): frozenset(),  # nothing is open here
    ("PUT", "/api/reads/{token}/draft"): frozenset(),  # the read belongs to somebody else
    ("POST", "/api/reads/{token}/events"): frozenset(),
    ("POST", "/api/reads/{token}/lock"): frozenset(),
    ("POST", "/api/reads/{token}/clinical"): frozenset(),
    ("PUT", "/api/preferences/bindings"): EVERYBODY,
    ("GET", "/read"): EVERYBODY,  # the page itself; what it reads, the routes above decide
    ("GET", "/preview"): MANAGE,
    ("GET", f"{PREVIEW}/work"): EVERYBODY,  # leads on to the study, which asks again
    ("GET", f"{PREVIEW}/slices"): MANAGE,
    ("GET", f"{PREVIEW}/api/reading/{{same:int}}/next"): MANAGE,
    ("PUT", f"{PREVIEW}/api/reads/{{token}}/draft"): MANAGE,
    ("POST", f"{PREVIEW}/api/reads/{{token}}/events"): EVERYBODY,  # the clock, and nothing of the study
    ("POST", f"{PREVIEW}/api/reads/{{token}}/lock"): MANAGE,
    ("PUT", f"{PREVIEW}/api/preferences/bindings"): EVERYBODY,
    ("GET", f"{PREVIEW}/api/reads/{{token}}/lungs"): frozenset(),  # nobody here has an AI to show
    ("GET", f"{PREVIEW}/api/reads/{{token}}/heat"): frozenset(),
    ("GET", "/api/studies/{study_id:int}/cases/{case:int}/review"): RESULTS,
    ("GET", "/api/studies/{study_id:int}/cases/{case:int}/review/slices"): RESULTS,
    ("GET", "/api/studies/{study_id:int}/cases/{case:int}/review/lungs"): RESULTS,
    ("GET", "/api/studies/{study_id:int}/cases/{case:int}/review/heat"): RESULTS,
    ("GET", "/api/studies/{study_id:int}/export/{kind}"): RESULTS,
    ("GET", "/api/studies/{study_id:int}/report"): RESULTS,
}
BODIES = {"draft": {"revision": 0, "tab": "t", "content": {}}, "lock": {"revision": 0, "tab": "t", "content": {}}}
BODIES |= {"events": {"tab": "t", "events": [], "counters": {}}, "bindings": {"bindings": {}}}


@pytest.fixture(scope="module")
def stage(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Client], Scene]]:
    """A database with everybody signed in but the disabled account, whose cookie is from before."""
    folder = tmp_path_factory.mktemp("routes")
    shutil.copy(migrated_sqlite, folder / "parallax.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARALLAX_DATA_DIR", str(folder))
        settings.cache_clear()
        url = settings().database
        with open_session(url) as session:
            scene = build(session)
            people = {who: sign_in(session, account, clock.now()) for who, account in scene.people.items()}
        yield {**people, NOBODY: Client(None)}, scene
        engine_for(url).dispose()
        engine_for.cache_clear()
    settings.cache_clear()


def test_every_route_has_a_row():
    there = {(method, route.path) for route in routes() for method in (route.methods or set()) - {"HEAD"}}
    assert there == set(ROUTES)


@pytest.mark.parametrize("place", ["own", "other"])
@pytest.mark.parametrize("who", [*IN_INSTALLATION, NOBODY])
@pytest.mark.parametrize("route", list(ROUTES), ids=" ".join)
def test_a_route_is_for_whom_the_table_says(
    stage: tuple[dict[str, Client], Scene], route: tuple[str, str], who: str, place: str
):
    people, scene = stage
    (method, path), at = route, scene.places[place]
    review = "review" in path or "export" in path or "report" in path
    study_id, case = (at.unblinded, at.reviewed) if review else (at.draft, at.case_number)
    token = "0-1" if path.startswith(PREVIEW) else at.token
    asked = path.format_map(_parts(study_id, case, token)) + (f"?study={study_id}" if path == "/preview" else "")
    client = Client(None) if path == "/api/session/end" else people[who]
    status = client.ask(method, asked, BODIES.get(path.rsplit("/", 1)[-1])).status_code
    allowed = ROUTES[route]
    if path.startswith(api.ROOT):
        assert status == 401
    elif isinstance(allowed, str):
        assert status != 403  # a wrong password is 401 for everybody
    elif who in (NOBODY, DISABLED):
        assert status == 401
    else:
        field = "anywhere" if allowed in (EVERYBODY, frozenset()) else "study"
        row = Verb(lambda *_: None, **{field: allowed})
        assert (status != 403) is row.allows(who, place)


class _Text(str):
    """What fills a place of a route's pattern, whose converter Python takes for a format."""

    def __new__(cls, value: object) -> "_Text":
        return super().__new__(cls, str(value))

    def __format__(self, spec: str) -> str:
        return str(self)


def _parts(study_id: int, case: int, token: str) -> dict[str, _Text]:
    parts = {"study_id": study_id, "same": study_id, "case": case, "token": token, "kind": "csv", "name": "x"}
    return {name: _Text(value) for name, value in parts.items()}
