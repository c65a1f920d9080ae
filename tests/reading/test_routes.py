"""The routes of the reading page: their shapes, refusals, and repeats of every request."""

import json
from datetime import datetime
from typing import Any

import pytest

from db.engine import open_session
from tests.reading.build import SHAPE, Built, answers, study
from tests.reading.client import Client, Wall, reads_in, sign_in


def test_the_next_read_has_the_agreed_shape(ada: Client, built: Built) -> None:
    found = ada.next(built.study_id)
    case = built.orders[0][0]
    assert found["read"] == {
        "token": found["read"]["token"], "case": case, "position": 1, "total": 3, "practice": False,
        "arm": "unaided", "session": 1, "phase": "unaided", "attempt": 1,
    }  # fmt: skip
    assert found["form"]["classes"][0] == {"code": "normal", "label": "Normal", "letter": "N", "colour": "#888888"}
    assert found["draft"] == {
        "revision": 0,
        "content": {"diagnosis": None, "ratings": {}, "findings": {}, "answers": {}, "marks": [], "key_slices": []},
        "chosen": False,
    }
    assert found["clock"] == {
        "active_s": 0, "raw_s": 0, "started": False, "paused": False, "idle_after_s": 120, "heartbeat_s": 10,
    }  # fmt: skip
    assert found["volume"]["url"] == f"/api/studies/{built.study_id}/cases/{case}/slices"
    assert found["volume"]["shape"] == list(SHAPE)
    assert found["next"]["case"] == built.orders[0][1]
    assert (found["ai"], found["feedback"], found["break"]) == (None, None, None)
    assert found["study"] == {"id": built.study_id, "title": "Study"}


def test_without_a_sign_in_everything_is_refused(ada: Client, built: Built) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    for stranger in (Client(None), Client("made-up")):
        answers_given = [
            stranger.ask("GET", f"/api/reading/{built.study_id}/next"),
            stranger.save(token, 0, answers()),
            stranger.events(token, "painted"),
            stranger.lock(token, 0, answers()),
            stranger.ask("PUT", "/api/preferences/bindings", {"bindings": {}}),
        ]
        assert [answer.status_code for answer in answers_given] == [401] * 5
        assert {answer.json()["error"] for answer in answers_given} == {"not_signed_in"}


def test_a_reader_of_another_study_gets_403_for_everything(
    db_url: str, ada: Client, built: Built, at: datetime
) -> None:
    with open_session(db_url) as session:
        other = study(session, at, prefix="other")
        stranger = sign_in(session, other.readers[0], at)
    token = ada.next(built.study_id)["read"]["token"]
    refused = [
        stranger.ask("GET", f"/api/reading/{built.study_id}/next"),
        stranger.save(token, 0, answers()),
        stranger.events(token, "painted"),
        stranger.lock(token, 0, answers()),
    ]
    assert [answer.status_code for answer in refused] == [403] * 4


def test_a_request_from_another_site_is_refused(ada: Client, built: Built) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    for path, method in ((f"/api/reads/{token}/lock", "POST"), (f"/api/reads/{token}/draft", "PUT")):
        assert ada.ask(method, path, {}, origin="https://elsewhere.example").status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"nonsense", b'{"revision": "0"}', b'{"revision": true, "tab": "t"}', b'{"revision": 0}',
     b"x" * 2_000_000],
)  # fmt: skip
def test_a_broken_body_is_answered_with_a_sentence(ada: Client, built: Built, body: bytes) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    for path, method in ((f"/api/reads/{token}/lock", "POST"), (f"/api/reads/{token}/draft", "PUT")):
        answer = ada.ask(method, path, body)
        assert answer.status_code == 422
        assert answer.json()["message"]


def test_unknown_reads_and_studies_are_404_or_403(ada: Client) -> None:
    assert ada.save("unknown", 0, answers()).status_code == 404
    assert ada.lock("unknown", 0, answers()).status_code == 404
    assert ada.events("unknown", "painted").status_code == 404
    for odd in ("%00", "%F0%9F%98%80", "..%2f", "a" * 5000):
        assert ada.ask("POST", f"/api/reads/{odd}/lock", {"revision": 0, "tab": "t"}).status_code == 404
    assert ada.ask("GET", "/api/reading/4711/next").status_code == 403
    assert ada.ask("GET", f"/api/reading/{10**30}/next").status_code == 404


def test_a_case_is_read_drafted_and_locked(ada: Client, built: Built, wall: Wall, db_url: str) -> None:
    first = ada.next(built.study_id)
    token = first["read"]["token"]
    assert ada.events(token, "painted").json()["accepted"] == 1
    wall.forward(12)
    saved = ada.save(token, 0, answers("cap"))
    assert (saved.status_code, saved.json()["revision"]) == (200, 1)
    wall.forward(3)
    locked = ada.lock(token, 1, answers("cap")).json()
    assert locked["locked"]
    assert locked["next"]["read"]["case"] == built.orders[0][1]
    row = reads_in(db_url)[0]
    assert (row.diagnosis, row.raw_seconds, row.active_seconds) == ("cap", 15, 15)


def test_every_request_twice_gives_one_locked_read_and_one_open(
    ada: Client, built: Built, wall: Wall, db_url: str
) -> None:
    first, again = ada.next(built.study_id), ada.next(built.study_id)
    assert first == again
    token = first["read"]["token"]
    painted = {"tab": "tab", "seq": 1, "counters": {"scrolls": 3}, "events": [{"n": 0, "kind": "painted", "t": 1}]}
    accepted = [ada.ask("POST", f"/api/reads/{token}/events", painted).json()["accepted"] for _ in range(2)]
    assert accepted == [1, 0]
    wall.forward(5)
    assert [ada.save(token, 0, answers()).json()["revision"] for _ in range(2)] == [1, 1]
    once, twice = ada.lock(token, 1, answers()), ada.lock(token, 1, answers())
    assert once.json() == twice.json()
    assert [row.state for row in reads_in(db_url)] == ["locked", "open"]
    assert reads_in(db_url)[0].counters == {"scrolls": 3}


def test_another_browser_has_the_same_case_draft_and_clock_and_takes_over(
    ada: Client, built: Built, wall: Wall, db_url: str
) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    ada.events(token, "painted")
    wall.forward(4)
    ada.save(token, 0, answers("cap"))
    other = Client(ada.cookie, tab="elsewhere")
    found = other.next(built.study_id)
    assert (found["read"]["token"], found["draft"]["revision"], found["clock"]["raw_s"]) == (token, 1, 4)
    assert other.events(token, "take_over", "painted").status_code == 200
    told = ada.events(token, "heartbeat")
    assert (told.status_code, told.json()["error"]) == (409, "taken_over")
    refused = ada.save(token, 1, answers("covid"))
    assert (refused.status_code, refused.json()["draft"]["content"]["diagnosis"]) == (409, "cap")
    assert other.lock(token, 1, answers("cap")).status_code == 200
    late = ada.lock(token, 1, answers("covid"))
    assert (late.status_code, late.json()["error"]) == (409, "taken_over")
    assert reads_in(db_url)[0].diagnosis == "cap"


def test_a_stale_draft_comes_back_with_the_current_one(ada: Client, built: Built) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    ada.save(token, 0, answers("cap"))
    ada.save(token, 1, answers("covid"))
    refused = ada.save(token, 0, answers("normal"))
    assert (refused.status_code, refused.json()["error"]) == (409, "stale")
    assert refused.json()["draft"] == {"revision": 2, "content": answers("covid") | {"findings": {}}, "chosen": True}


def test_an_incomplete_lock_is_422_with_a_sentence_a_field(ada: Client, built: Built) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    ada.events(token, "painted")
    refused = ada.lock(token, 0, {"diagnosis": "flu", "ratings": {"normal": 101, "cap": 2.5}})
    assert refused.status_code == 422
    assert set(refused.json()["fields"]) == {"diagnosis", "ratings.normal", "ratings.cap", "ratings.covid"}


def test_a_beacon_in_plain_text_is_taken(ada: Client, built: Built) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    body = json.dumps({"tab": "tab", "seq": 1, "counters": {}, "events": [{"n": 1, "kind": "leave", "t": 5}]})
    answer = ada.ask("POST", f"/api/reads/{token}/events", body.encode(), content_type="text/plain;charset=UTF-8")
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("tab", ["", "\x00", "x" * 65, "\ud800", 5, None])
def test_a_tab_without_a_plain_name_is_refused(ada: Client, built: Built, tab: Any) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    for path, method in (("lock", "POST"), ("draft", "PUT"), ("events", "POST")):
        body = json.dumps({"tab": tab, "revision": 0, "content": {}, "counters": {}, "events": []}).encode()
        assert ada.ask(method, f"/api/reads/{token}/{path}", body).status_code == 422


@pytest.mark.parametrize("events", [None, {}, [1], ["painted"], [{"n": 1}] * 501])
def test_events_that_are_none_are_refused(ada: Client, built: Built, events: Any) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    answer = ada.ask("POST", f"/api/reads/{token}/events", {"tab": "t", "counters": {}, "events": events})
    assert answer.status_code == 422


def test_unusable_events_and_counters_are_left_out(ada: Client, built: Built, db_url: str, wall: Wall) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    events: list[dict[str, Any]] = [
        {"n": 5, "kind": ["pause"]}, {"n": 6, "kind": "loaded", "t": 10**400},
        {"n": -1, "kind": "pause"}, {"n": "1", "kind": "pause"}, {"n": 10**12, "kind": "pause"},
        {"n": 2, "kind": "made up"}, {"n": 3}, {"n": 4, "kind": "painted", "t": "soon"},
    ]  # fmt: skip
    counters = {
        "scrolls": -4,
        "slices_seen": "many",
        "window_changes": True,
        "zooms": 2,
        "\x00": 3,
        "pans": 10**400,
        "screen": "8K" * 100,
    }
    body = {"tab": "tab", "counters": counters, "events": events}
    assert ada.ask("POST", f"/api/reads/{token}/events", body).json()["accepted"] == 2
    wall.forward(1)
    assert ada.lock(token, 0, answers()).status_code == 200
    assert reads_in(db_url)[0].counters == {"zooms": 2}
    assert len(reads_in(db_url)[0].screen or "") == 40


@pytest.mark.parametrize("skew_ms", [-8.64e7, 3.6e6, 1e300])
def test_a_wrong_clock_in_the_browser_changes_no_second(
    ada: Client, built: Built, wall: Wall, db_url: str, skew_ms: float
) -> None:
    token = ada.next(built.study_id)["read"]["token"]
    for n, (kind, wait) in enumerate([("painted", 8), ("pause", 60), ("resume", 5)]):
        event = {"n": n, "kind": kind, "t": skew_ms * (n + 1)}
        ada.ask("POST", f"/api/reads/{token}/events", {"tab": "tab", "counters": {}, "events": [event]})
        wall.forward(wait)
    ada.lock(token, 0, answers())
    row = reads_in(db_url)[0]
    assert (row.raw_seconds, row.active_seconds) == (73, 13)
