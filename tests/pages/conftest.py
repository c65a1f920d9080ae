"""Open pages without a browser, as somebody."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from core import clock
from db import accounts
from db.engine import open_session
from db.models import Study
from db.permissions import SYSTEM
from pages.components import access
from pages.coordinator.results import PAGES
from tests.study import builder

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def went(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Pages and queries that were switched to. A page run by itself knows no others: links are drawn as text."""
    places: list[tuple[str, dict[str, str]]] = []

    def switch(page: Any, *, query_params: dict[str, str] | None = None) -> None:
        places.append((str(page), dict(query_params or {})))
        st.stop()

    def link(page: Any, *, label: str = "", query_params: dict[str, str] | None = None, **_: Any) -> None:
        st.markdown(f"{label} -> {page if isinstance(page, str) else page.url_path} {query_params or ''}")

    monkeypatch.setattr(st, "switch_page", switch)
    monkeypatch.setattr(st, "page_link", link)
    return places


@pytest.fixture
def act_as(db_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], accounts.Account]:
    """Sign in as a new account of a role: act_as("coordinator"), with whom the studies that are there are shared."""

    def sign_in(role: str) -> accounts.Account:
        with open_session(db_url) as session:
            known = {a.username: a for a in accounts.every(session, by=SYSTEM)}
            made = known.get(f"a-{role}") or accounts.create(
                session, username=f"a-{role}", name=f"A. {role.title()}", role=role, at=clock.now(), by=SYSTEM
            )
            if role == "coordinator":
                for study_id in session.scalars(select(Study.id)):
                    builder.share(session, study_id, made.id)
        monkeypatch.setattr(access, "current", lambda: made)
        return made

    return sign_in


@pytest.fixture
def work_as(db_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sign in as an account by id."""

    def sign_in(account_id: int) -> None:
        with open_session(db_url) as session:
            me = accounts.by_id(session, account_id, by=SYSTEM)
        monkeypatch.setattr(access, "current", lambda: me)

    return sign_in


@pytest.fixture
def open_page(db_url: str) -> Callable[..., AppTest]:
    """Run a page script: open_page("admin/accounts.py", study="1") -> AppTest that raised nothing."""

    def run(place: str, **query: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "pages" / place), default_timeout=30)
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception, page.exception
        return page

    return run


@pytest.fixture
def open_results(db_url: str) -> Callable[..., AppTest]:
    """Run a results page by its address: open_results("roc", study="1") -> AppTest that raised nothing."""

    def run(address: str, **query: str) -> AppTest:
        (source,) = [path for path, _, one, _ in PAGES if one == address]
        if isinstance(source, str):
            page = AppTest.from_file(str(ROOT / "pages" / source), default_timeout=30)
        else:
            page = AppTest.from_string(SHOW.format(address=address), default_timeout=30)
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception, page.exception
        return page

    return run


SHOW = """
from pages.coordinator.results import PAGES

next(source for source, _, address, _ in PAGES if address == "{address}")()
"""


def sent(page: AppTest) -> str:
    """Everything the page sends to the browser, as text."""

    def inside(block: Any) -> str:
        return "".join(
            inside(child) if hasattr(child, "children") else str(child.proto) for child in block.children.values()
        )

    # a widget's id holds a hash of the path of this checkout, in which any number can occur
    return re.sub(r"ID-[0-9a-f]{32}", "", inside(page.main) + inside(page.sidebar))
