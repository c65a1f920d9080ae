"""The case register on the page Cases: opened by a click that is logged, only by whom it is open to."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from db import accounts, audit, cases, register
from db.engine import open_session
from db.permissions import SYSTEM
from tests.db.test_cases import new_series
from tests.pages.conftest import sent

PAGE = "coordinator/cases.py"
SOURCE = "=monday/Doe^Jane"


@pytest.fixture
def owner(db_url: str, act_as: Callable[[str], accounts.Account], monkeypatch: pytest.MonkeyPatch) -> accounts.Account:
    monkeypatch.setattr("core.jobs.queue.unfinished", list)
    monkeypatch.setattr("core.jobs.queue.jobs", lambda series: {})
    me = act_as("coordinator")
    with open_session(db_url) as session:
        added = cases.add(session, new_series(), by=me.id, at=clock.now())
        register.add(session, case_id=added.case.id, source=SOURCE, by=me.id, at=clock.now())
        accounts.create(session, username="other", name="", role="coordinator", at=clock.now(), by=SYSTEM)
    return me


def sources(page: Any) -> list[str]:
    tables = [table.value for table in page.dataframe if "File or folder" in table.value]
    return [source for table in tables for source in table["File or folder"]]


def readings(db_url: str) -> int:
    with open_session(db_url) as session:
        return [event.kind for event in audit.events(session, by=SYSTEM)].count("register read")


def test_names_are_sent_only_after_a_click_and_each_click_is_logged(
    db_url: str, owner: accounts.Account, open_page: Callable[..., Any]
):
    page = open_page(PAGE)
    assert "Jane" not in sent(page)
    assert readings(db_url) == 0
    page.button(key="register_open").click().run()
    assert sources(page) == [SOURCE]
    assert readings(db_url) == 1
    page.run()
    assert sources(page) == []
    assert readings(db_url) == 1


def test_others_see_it_once_they_are_named_and_no_longer_afterwards(
    db_url: str, owner: accounts.Account, open_page: Callable[..., Any], work_as: Callable[[int], None]
):
    with open_session(db_url) as session:
        other = next(one.id for one in accounts.every(session, by=SYSTEM) if one.username == "other")
    work_as(other)
    assert "Case register" not in sent(open_page(PAGE))
    work_as(owner.id)
    page = open_page(PAGE)
    page.text_input(key="register_name").input("other").run()
    page.button(key="register_allow").click().run()
    work_as(other)
    theirs = open_page(PAGE)
    theirs.button(key="register_open").click().run()
    assert sources(theirs) == [SOURCE]
    work_as(owner.id)
    open_page(PAGE).button(key=f"register_disallow_{other}").click().run()
    work_as(other)
    assert "Case register" not in sent(open_page(PAGE))


def test_destroying_it_is_said_with_its_date(db_url: str, owner: accounts.Account, open_page: Callable[..., Any]):
    page = open_page(PAGE)
    assert page.button(key="register_destroy").disabled
    page.checkbox(key="register_sure").check().run()
    page.button(key="register_destroy").click().run()
    assert f"You destroyed 1 entry, last on {clock.now():%Y-%m-%d}" in sent(page)
