"""The reading page before the study opens: the real answers of the routes, and nothing stored."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from core.study.words import Arm, Design, StudyState
from db.engine import open_session
from db.models import AuditEvent, Draft, Read, ReadEvent
from tests.reading.build import Built, study
from tests.reading.client import Client, Wall, sign_in

WHOLE = {"diagnosis": "cap", "ratings": {}, "answers": {}, "marks": [], "key_slices": []}
KEPT = (Read, Draft, ReadEvent, AuditEvent)


def prepared(db_url: str, at: datetime, **how: Any) -> tuple[Built, Client]:
    with open_session(db_url) as session:
        built = study(session, at, state=StudyState.DRAFT, readers=1, prefix="draft", **how)
        return built, sign_in(session, built.coordinator, at)


def counts(db_url: str) -> list[int | None]:
    with open_session(db_url) as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in KEPT]


def test_a_preview_goes_through_both_phases_and_keeps_nothing(db_url: str, wall: Wall) -> None:
    built, owner = prepared(db_url, wall.now, design=Design.SEQUENTIAL, practice=1, ratings=False)
    before, base = counts(db_url), f"/api/preview/{built.study_id}"
    page = owner.ask("GET", f"/preview?study={built.study_id}")
    assert f'data-parallax-api="{base[1:]}"' in page.text
    opened = owner.ask("GET", f"{base}/api/reading/{built.study_id}/next").json()
    assert opened["study"]["title"].startswith("Preview: ")
    assert (opened["read"]["phase"], opened["read"]["practice"], opened["ai"]) == ("unaided", True, None)
    at = f"{base}/api/reads/{opened['read']['token']}"
    saved = owner.ask("PUT", f"{at}/draft", {"revision": 0, "tab": "t", "content": WHOLE})
    assert saved.json()["revision"] == 1
    wall.forward(12)
    posted = {"tab": "t", "seq": 1, "counters": {}, "events": [{"n": 0, "kind": "painted", "t": 1.0}]}
    assert owner.ask("POST", f"{at}/events", posted).json()["clock"]["active_s"] == 12.0
    missing = owner.ask("POST", f"{at}/lock", {"revision": 1, "tab": "t", "content": {**WHOLE, "diagnosis": None}})
    assert missing.status_code == 422
    assert "diagnosis" in missing.json()["fields"]
    aided = owner.ask("POST", f"{at}/lock", {"revision": 1, "tab": "t", "content": WHOLE}).json()["next"]
    assert aided["read"]["phase"] == "aided"
    assert aided["draft"]["content"]["diagnosis"] == "cap"
    assert aided["ai"]["call"]
    at = f"{base}/api/reads/{aided['read']['token']}"
    over = owner.ask("POST", f"{at}/lock", {"revision": 0, "tab": "t", "content": WHOLE}).json()["next"]
    assert over["done"]
    assert "Nothing of it was kept" in over["message"]
    assert counts(db_url) == before


def test_an_unaided_study_shows_no_ai_in_its_preview(db_url: str, wall: Wall) -> None:
    built, owner = prepared(db_url, wall.now, arm=Arm.UNAIDED)
    base = f"/api/preview/{built.study_id}"
    opened = owner.ask("GET", f"{base}/api/reading/{built.study_id}/next").json()
    assert (opened["read"]["phase"], opened["ai"]) == ("unaided", None)
    for overlay in ("lungs", "heat"):
        assert owner.ask("GET", f"{base}/api/reads/{opened['read']['token']}/{overlay}").status_code == 403


def test_a_study_of_findings_is_previewed_with_its_findings(db_url: str, wall: Wall) -> None:
    asked = [{"code": "cap"}, {"code": "covid"}, {"code": "normal"}]
    built, owner = prepared(db_url, wall.now, findings=asked, ratings=False)
    opened = owner.ask("GET", f"/api/preview/{built.study_id}/api/reading/1/next").json()
    at = f"/api/preview/{built.study_id}/api/reads/{opened['read']['token']}"
    said = {"cap": "present", "covid": "absent", "normal": "absent"}
    body = {"revision": 0, "tab": "t", "content": {**WHOLE, "diagnosis": None, "findings": {"cap": "present"}}}
    missing = owner.ask("POST", f"{at}/lock", body)
    assert missing.status_code == 422
    assert set(missing.json()["fields"]) == {"findings.covid", "findings.normal"}
    body["content"] = {**WHOLE, "diagnosis": None, "findings": said}
    assert owner.ask("POST", f"{at}/lock", body).json()["next"]["done"]


def test_a_study_without_cases_says_what_to_do(db_url: str, wall: Wall) -> None:
    built, owner = prepared(db_url, wall.now, cases=0)
    opened = owner.ask("GET", f"/api/preview/{built.study_id}/api/reading/1/next").json()
    assert opened["done"]
    assert "step Cases" in opened["message"]
    assert owner.ask("GET", f"/api/preview/{built.study_id}/slices").status_code == 404


@pytest.mark.parametrize("token", ["x", "1", "1-x", "99999-1", "0-99999999999999999999", "²-1"])
def test_a_token_of_another_kind_is_no_read(db_url: str, wall: Wall, token: str) -> None:
    built, owner = prepared(db_url, wall.now)
    body = {"revision": 0, "tab": "t", "content": WHOLE}
    assert owner.ask("POST", f"/api/preview/{built.study_id}/api/reads/{token}/lock", body).status_code == 404


def test_readers_and_strangers_get_no_preview(db_url: str, wall: Wall, ada: Client) -> None:
    built, owner = prepared(db_url, wall.now)
    with open_session(db_url) as session:
        reader = sign_in(session, built.readers[0], wall.now)
    for who in (reader, ada):
        assert who.ask("GET", f"/preview?study={built.study_id}").status_code == 403
        assert who.ask("GET", f"/api/preview/{built.study_id}/api/reading/1/next").status_code == 403
        assert who.ask("GET", f"/api/preview/{built.study_id}/slices").status_code == 403
    assert owner.ask("GET", "/preview?study=²").status_code in (403, 404)
    left = owner.ask("GET", f"/api/preview/{built.study_id}/work")
    assert left.headers["location"].endswith(f"design?study={built.study_id}&step=check")
