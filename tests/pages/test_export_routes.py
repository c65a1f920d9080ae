"""Files from the routes: the command line's very bytes, in pieces, to nobody who may not see the results."""

import hashlib
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.export import long as export
from core.export.files import file_of
from core.export.kinds import KINDS, MARKED, Kind
from core.results.rows import Filter
from core.study.words import Design, StudyState
from db import accounts, audit, chain
from db.engine import open_session, open_view
from db.models import Study
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study
from tests.reading.client import Client, sign_in
from tests.study import builder

PLAN = Plan(cases=30, design=Design.SEQUENTIAL, missing=0.03, indeterminate=0.03)


def client(url: str, role: str | None) -> Client:
    if role is None:
        return Client(None)
    with open_session(url) as session:
        account = accounts.create(session, username=role, name=role, role=role, at=clock.now(), by=SYSTEM)
        for study_id in session.scalars(select(Study.id)) if role == "coordinator" else ():
            builder.share(session, study_id, account.id)
        return sign_in(session, account.id, clock.now())


def seed(url: str, plan: Plan) -> int:
    with open_session(url) as session:
        return seed_study(session, plan)


def written(url: str, study: int, kind: Kind, chosen: Filter, **more: Any) -> str:
    with open_view(url) as session:
        rows = analysis.rows(session, study_id=study, by=SYSTEM, practice=chosen.practice, detail=True)
    return "".join(file_of(rows.where(chosen), kind, **more).pieces)


WHOLE = tuple(kind for kind in KINDS if kind not in MARKED)  # what a study without marks has


@pytest.mark.parametrize("kind", MARKED)
def test_marks_of_a_study_without_marks_are_refused_in_words(db_url: str, kind: Kind):
    study = seed(db_url, PLAN)
    got = client(db_url, "coordinator").ask("GET", f"/api/studies/{study}/export/{kind}")
    assert got.status_code == 422
    assert "not marked on the image" in got.json()["message"]


@pytest.mark.parametrize("kind", WHOLE)
def test_a_download_is_what_the_command_line_writes(db_url: str, kind: Kind):
    study = seed(db_url, PLAN)
    got = client(db_url, "coordinator").ask("GET", f"/api/studies/{study}/export/{kind}")
    assert got.status_code == 200
    assert got.text == written(db_url, study, kind, Filter())
    assert got.headers["content-disposition"].startswith(f'attachment; filename="study-{study}')
    assert got.headers["cache-control"] == "private, no-store"


def test_filters_class_and_comparison_travel_in_the_address(db_url: str):
    study, people = seed(db_url, PLAN), client(db_url, "coordinator")
    query = "group=novice&class=cap&class=covid&tag=soft+kernel&practice=1&arm=unaided&session=1"
    wanted = Filter(("novice",), ("unaided",), (1,), ("cap", "covid"), ("soft kernel",), practice=True)
    got = people.ask("GET", f"/api/studies/{study}/export/csv?{query}").text
    assert got == written(db_url, study, "csv", wanted)
    assert "novice 1,novice" in got
    assert "expert 1" not in got
    got = people.ask("GET", f"/api/studies/{study}/export/imrmc?positive=cap&compare=arms").text
    assert got == written(db_url, study, "imrmc", Filter(), positive="cap", compare="arms")


def test_the_report_comes_from_a_route_too(db_url: str):
    study = seed(db_url, PLAN)
    got = client(db_url, "coordinator").ask("GET", f"/api/studies/{study}/report")
    assert got.text.startswith("<!doctype html>")
    assert "Compute it again" in got.text


def test_every_download_is_an_event_and_the_report_names_the_head_it_follows(db_url: str):
    study, people = seed(db_url, PLAN), client(db_url, "coordinator")
    for kind in WHOLE:
        people.ask("GET", f"/api/studies/{study}/export/{kind}?group=novice&practice=1")
    report = people.ask("GET", f"/api/studies/{study}/report").content
    with open_view(db_url) as session:
        events = audit.find(session, audit.Filter(kinds=("results exported",)), by=SYSTEM)
        printed = re.search(r"audit trail: (\d+:[0-9a-f]{64})<", report.decode())
        assert printed is not None
        assert chain.verify(session, head=printed[1]).broken == []
        number, _, seal = printed[1].partition(":")
        forged = f"{number}:{seal[::-1]}"
        assert chain.verify(session, head=forged).broken
    assert [(event.actor, event.study_id, event.detail["format"]) for event in events] == [
        ("coordinator", study, kind) for kind in ("report", *reversed(WHOLE))
    ]
    assert events[0].detail["sha256"] == hashlib.sha256(report).hexdigest()
    assert all(event.detail["filter"] == {"groups": ["novice"]} and event.detail["practice"] for event in events[1:])


def test_what_is_refused_is_no_event(db_url: str):
    study = seed(db_url, PLAN)
    client(db_url, "reader").ask("GET", f"/api/studies/{study}/export/csv")
    client(db_url, "coordinator").ask("GET", f"/api/studies/{study}/export/csv?session=first")
    with open_view(db_url) as session:
        assert audit.count(session, audit.Filter(kinds=("results exported",)), by=SYSTEM) == 0


@pytest.mark.parametrize("path", ["export/csv", "export/json", "export/imrmc", "export/rjafroc", "report"])
@pytest.mark.parametrize(("role", "state", "status"), [
    (None, "unblinded", 401),
    ("reader", "unblinded", 403),
    ("coordinator", "closed", 403),
    ("administrator", "open", 403),
])  # fmt: skip
def test_nobody_gets_a_file_who_may_not_see_the_results(
    db_url: str, path: str, role: str | None, state: str, status: int
):
    study = seed(db_url, replace(PLAN, cases=6, state=StudyState(state)))
    got = client(db_url, role).ask("GET", f"/api/studies/{study}/{path}")
    assert got.status_code == status
    assert set(got.json()) == {"error", "message"}


def test_what_is_not_there_or_not_possible_is_said_before_anything_is_sent(db_url: str):
    study, people = (
        seed(db_url, replace(PLAN, cases=6, ratings=False, design=Design.INDEPENDENT)),
        client(db_url, "coordinator"),
    )
    for path, status, said in (
        (f"{study}/export/xls", 422, "csv, json, imrmc, rjafroc"),
        (f"{study}/export/imrmc", 422, "No reader gave ratings"),
        (f"{study}/export/csv?session=first", 422, "whole number"),
        ("404/export/csv", 403, "does not exist"),
        (f"{10**12}/export/csv", 403, "does not exist"),
    ):
        got = people.ask("GET", f"/api/studies/{path}")
        assert (got.status_code, said in got.json()["message"]) == (status, True), path


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_long_file_never_stands_whole_in_memory(db_url: str, kind: Kind, monkeypatch: pytest.MonkeyPatch):
    study = seed(db_url, PLAN)
    monkeypatch.setattr(export, "CHUNK", 20)
    with open_view(db_url) as session:
        rows = analysis.rows(session, study_id=study, by=SYSTEM, detail=True)
    sizes = [len(piece) for piece in file_of(rows, kind).pieces]
    assert len(sizes) > len(rows) / 20
    assert max(sizes[1:]) < sum(sizes) / 5
