"""The interface for scripts: a token opens what its person may see, within its scopes, until it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from core import clock
from core.errors import InvalidInput, NotFound
from db import accounts, audit, sign_ins, tokens
from db.engine import open_session, open_view
from db.models import ApiToken
from db.permissions import SYSTEM
from db.simulated import Plan, seed_study
from db.study import monitor
from db.tokens import Scope
from pages.routes import api
from tests.reading.client import Client, Wall
from tests.study import builder

PLAN = Plan(cases=8, novices=1, experts=1, ai_failures=0)
BOTH = (Scope.STUDIES, Scope.RESULTS)


@dataclass
class Script:
    """A script with a token."""

    token: str
    id: int
    account: int

    def ask(self, path: str) -> httpx.Response:
        return Client(None).ask("GET", f"/api/v1{path}", authorization=f"Bearer {self.token}")


@pytest.fixture
def study(db_url: str) -> int:
    with open_session(db_url) as session:
        return seed_study(session, PLAN)


def script(url: str, role: str, *, scopes: tuple[Scope, ...] = BOTH, days: int = 30, study: int = 0) -> Script:
    at = clock.now()
    with open_session(url) as session:
        name = f"{role}{len(accounts.every(session, by=SYSTEM))}"
        account = accounts.create(session, username=name, name=name, role=role, at=at, by=SYSTEM)
        if study:
            builder.share(session, study, account.id)
        secret, token = tokens.make(session, name="nightly", scopes=scopes, days=days, by=account.id, at=at)
    return Script(secret, token.id, account.id)


def test_a_script_gets_studies_cases_progress_exports_and_the_report(db_url: str, study: int):
    mine = script(db_url, "coordinator", study=study)
    assert [one["id"] for one in mine.ask("/studies").json()["studies"]] == [study]
    one = mine.ask(f"/studies/{study}").json()
    assert (one["cases"], one["state"], one["readers"]) == (8, "unblinded", 2)
    assert len(mine.ask(f"/studies/{study}/cases").json()["cases"]) == 8 + one["practice"]
    with open_view(db_url) as session:
        expected = monitor.progress(session, study, by=SYSTEM, at=clock.now())
    got = mine.ask(f"/studies/{study}/progress").json()
    assert (got["locked"], got["total"], len(got["readers"])) == (expected.locked, expected.total, 2)
    text = mine.ask(f"/studies/{study}/export/csv?group=novice").text
    assert text.startswith("reader,group,case,truth")
    assert "expert" not in text
    assert mine.ask(f"/studies/{study}/report").text.startswith("<!doctype html>")
    assert "truth" not in mine.ask(f"/studies/{study}/cases").text


def test_rights_are_those_of_the_person_and_the_scope(db_url: str, study: int):
    stranger, reader = script(db_url, "coordinator"), script(db_url, "reader")
    narrow = script(db_url, "coordinator", scopes=(Scope.STUDIES,), study=study)
    assert stranger.ask("/studies").json() == {"studies": []}
    paths = ("", "/cases", "/progress", "/export/csv", "/report")
    for one in (stranger, reader):
        assert {one.ask(f"/studies/{study}{path}").status_code for path in paths} == {403}
    assert narrow.ask(f"/studies/{study}/export/csv").status_code == 403
    assert narrow.ask(f"/studies/{study}/export/csv").json()["error"] == "forbidden"
    assert narrow.ask(f"/studies/{study}").status_code == 200


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer plx_wrong", "Basic cm9vdDpyb290", "plx_bare"])
def test_without_a_token_that_can_be_used_nothing_answers(db_url: str, study: int, given: str):
    for path in ("/openapi.json", "/studies", f"/studies/{study}", f"/studies/{study}/report"):
        answer = Client(None).ask("GET", f"/api/v1{path}", authorization=given)
        assert (answer.status_code, answer.json()["error"]) == (401, "no_token")


def test_a_cookie_opens_nothing_here(db_url: str, study: int):
    account = script(db_url, "administrator").account
    with open_session(db_url) as session:
        cookie = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, account, at=clock.now()), at=clock.now())
    assert Client(cookie).ask("GET", "/api/v1/studies").status_code == 401


def test_a_token_ends_when_it_expires_is_revoked_or_its_person_is_disabled(
    db_url: str, study: int, monkeypatch: pytest.MonkeyPatch
):
    wall = Wall(clock.now(), monkeypatch)
    short, revoked, disabled = (script(db_url, "administrator", days=days) for days in (1, 9, 9))
    assert {one.ask("/studies").status_code for one in (short, revoked, disabled)} == {200}
    with open_session(db_url) as session:
        tokens.revoke(session, revoked.id, by=revoked.account, at=clock.now())
        accounts.set_disabled(session, disabled.account, disabled=True, by=SYSTEM, at=clock.now())
    wall.forward(days=1)
    assert {one.ask("/studies").status_code for one in (short, revoked, disabled)} == {401}


def test_only_the_hash_is_kept_and_making_using_and_revoking_are_events(
    db_url: str, study: int, monkeypatch: pytest.MonkeyPatch
):
    wall = Wall(clock.now().replace(hour=9), monkeypatch)
    mine = script(db_url, "coordinator", study=study)
    for _ in range(3):
        mine.ask("/studies")
        wall.forward(seconds=90)
    wall.forward(days=1)
    mine.ask("/studies")
    with open_session(db_url) as session:
        row = session.scalars(select(ApiToken)).one()
        assert mine.token not in f"{row.hash} {row.name} {row.scopes}"
        assert row.used_at == wall.now
        tokens.revoke(session, mine.id, by=mine.account, at=clock.now())
        told = [
            (event.kind, event.detail["name"])
            for event in audit.events(session, by=SYSTEM)
            if "API token" in event.kind
        ]
    used = [("API token used", "nightly")] * 2  # once a day
    assert told == [("API token revoked", "nightly"), *used, ("API token made", "nightly")]


def test_a_token_of_somebody_else_is_revoked_by_administrators_only(db_url: str):
    mine, other, root = script(db_url, "coordinator"), script(db_url, "coordinator"), script(db_url, "administrator")
    with open_session(db_url) as session, pytest.raises(NotFound):
        tokens.revoke(session, mine.id, by=other.account, at=clock.now())
    with open_session(db_url) as session:
        tokens.revoke(session, mine.id, by=root.account, at=clock.now())
        assert tokens.mine(session, by=mine.account, at=clock.now()) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"name": " "}, "name"), ({"name": "a" * 81}, "80"), ({"scopes": ()}, "used for"), ({"days": 0}, "365"),
     ({"days": 366}, "365"), ({"name": "a\nb"}, "name")],
)  # fmt: skip
def test_a_token_that_makes_no_sense_is_refused_in_words(db_url: str, wrong: dict[str, object], said: str):
    account = script(db_url, "coordinator").account
    given: dict[str, Any] = {"name": "x", "scopes": BOTH, "days": 3, **wrong}
    with open_session(db_url) as session, pytest.raises(InvalidInput, match=said):
        tokens.make(session, by=account, at=clock.now(), **given)


def test_nobody_gathers_tokens_without_end(db_url: str):
    account = script(db_url, "coordinator").account
    at: datetime = clock.now()
    with open_session(db_url) as session:
        for _ in range(tokens.MOST - 1):
            tokens.make(session, name="x", scopes=BOTH, days=3, by=account, at=at)
        with pytest.raises(InvalidInput, match="revoke one"):
            tokens.make(session, name="x", scopes=BOTH, days=3, by=account, at=at)
        session.execute(update(ApiToken).values(expires_at=at - timedelta(seconds=1)))
        tokens.make(session, name="x", scopes=BOTH, days=3, by=account, at=at)


def test_the_description_names_every_route_and_what_it_answers(db_url: str):
    told = script(db_url, "coordinator").ask("/openapi.json").json()
    routes = {route.path.removeprefix("/api/v1").replace(":int", "") for route in api.routes()} - {"/openapi.json"}
    assert set(told["paths"]) == routes
    assert told["openapi"].startswith("3.1")
    for path in told["paths"].values():
        kind, content = next(iter(path["get"]["responses"]["200"]["content"].items()))
        if kind == "application/json":
            name = content["schema"]["$ref"].rsplit("/", 1)[1]
            assert told["components"]["schemas"][name]["properties"]
        assert {"401", "403", "404"} < set(path["get"]["responses"])
