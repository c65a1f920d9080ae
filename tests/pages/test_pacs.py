"""The page PACS: a connection that answers is added, a search lists studies, ticked series are fetched."""

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import ParallaxError
from core.pacs import client
from core.pacs.client import Address, Asked, FoundSeries, FoundStudy
from db import accounts, audit, pacs
from db.engine import open_session
from db.permissions import SYSTEM
from tests.pages.conftest import sent

PAGE = "coordinator/pacs.py"
STUDY = FoundStudy("1.2", "PAT-7", "Doe^Jane", "20260301", "CT chest", "A1")


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What the PACS is asked for; it knows one study of two series."""
    seen: list[Asked] = []

    def search(address: Address, asked: Asked, *, limit: int) -> list[FoundStudy]:
        assert (address.password, limit) == ("secret", 100)
        seen.append(asked)
        return [STUDY] if "doe" in asked.patient_name.lower() else []

    monkeypatch.setattr(client, "check", lambda address: None)
    monkeypatch.setattr(client, "search", search)
    return seen


def added(page: Any) -> Any:
    page.text_input(key="pacs_name").set_value("Radiology")
    page.text_input(key="pacs_url").set_value("https://pacs.example/dicom-web")
    page.text_input(key="pacs_user").set_value("u")
    page.text_input(key="pacs_password").set_value("secret")
    return page.button(key="pacs_add_now").click().run()


def test_a_connection_is_added_searched_and_removed(
    db_url: str, act_as: Callable[[str], accounts.Account], open_page: Callable[..., Any], searches: list[Asked]
):
    me = act_as("coordinator")
    page = added(open_page(PAGE))
    assert "https://pacs.example/dicom-web" in sent(page)
    page.button(key="pacs_search_now").click().run()
    assert "Fill in one field" in sent(page)
    assert searches == []
    page.text_input(key="pacs_patient_name").set_value("Doe")
    page.button(key="pacs_search_now").click().run()
    assert searches[0].patient_name == "Doe*"
    (studies,) = [table.value for table in page.dataframe if "Patient ID" in table.value]
    assert list(studies["Patient"]) == ["Doe, Jane"]
    assert list(studies["Date"]) == ["2026-03-01"]
    page.text_input(key="pacs_patient_name").set_value("Nobody")
    page.button(key="pacs_search_now").click().run()
    assert "No CT study matches" in sent(page)
    with open_session(db_url) as session:
        kinds = [event.kind for event in audit.events(session, by=SYSTEM)]
        server = pacs.servers(session, by=me.id)[0].id
    assert kinds.count("PACS searched") == 2
    page.button(key=f"pacs_remove_{server}").click().run()
    assert "https://pacs.example/dicom-web" not in sent(page)


def test_a_pacs_that_does_not_answer_is_not_added(
    db_url: str, act_as: Callable[[str], accounts.Account], open_page: Callable[..., Any], monkeypatch: Any
):
    me = act_as("coordinator")

    def refuses(address: Address) -> None:
        raise ParallaxError("The PACS cannot be reached at this address.")

    monkeypatch.setattr(client, "check", refuses)
    page = added(open_page(PAGE))
    assert "cannot be reached" in sent(page)
    with open_session(db_url) as session:
        assert pacs.servers(session, by=me.id) == []


def test_readers_have_no_pacs(act_as: Callable[[str], accounts.Account], open_page: Callable[..., Any]):
    act_as("reader")
    assert "other roles" in sent(open_page(PAGE))


def test_a_series_names_itself_for_the_register_and_in_no_repr():
    series = FoundSeries(STUDY, "1.2.3", "4", "Lung 1 mm", "CT", 300)
    assert series.source == "PACS: Doe^Jane, PAT-7, 20260301, CT chest, 4, Lung 1 mm"
    assert "Doe" not in repr(series)
    assert "secret" not in repr(Address("https://pacs.example", "u", "secret"))
