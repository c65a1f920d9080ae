"""The work list and the reading page, on an empty database, in the middle, and at the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from core import clock
from core.study.words import Design
from db import accounts
from db.engine import open_session
from db.models import Reader
from tests.pages.conftest import sent
from tests.reading.build import Built, read_one, study

Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]


def build(db_url: str, design: Design = Design.INDEPENDENT, read: int = 0, **more: Any) -> Built:
    at = clock.now() - timedelta(hours=3)
    with open_session(db_url) as session:
        built = study(session, at, design=design, **more)
        for index in range(read):
            read_one(session, built, built.readers[0], at + timedelta(minutes=index))
    return built


def test_without_a_study_the_work_list_says_who_opens_one(act_as: Act, open_page: Open) -> None:
    act_as("reader")
    assert "coordinator opens it" in open_page("reader/work_list.py").info[0].value


def test_a_coordinator_who_was_made_a_reader_of_a_study_reads_it(act_as: Act, open_page: Open, db_url: str) -> None:
    me = act_as("coordinator")
    built = build(db_url)
    with open_session(db_url) as session:
        session.get_one(Reader, built.reader_ids[0]).account_id = me.id
    assert "0 of 4" in sent(open_page("reader/work_list.py"))
    assert not open_page("reader/read.py").error


def test_the_work_list_belongs_to_readers(act_as: Act, open_page: Open) -> None:
    act_as("coordinator")
    for place in ("reader/work_list.py", "reader/read.py"):
        assert "other roles" in open_page(place).error[0].value


def test_a_reader_sees_how_far_they_are_and_about_how_long_is_left(
    db_url: str, work_as: Callable[[int], None], open_page: Open
) -> None:
    built = build(db_url, cases=9, practice=1, read=5, instructions="Look at *both* lungs.")
    work_as(built.readers[0])
    page = open_page("reader/work_list.py")
    assert page.subheader[0].value == "Study"
    assert "4 of 9, about 1 min left" in sent(page)
    assert page.button(key=f"work_open_{built.study_id}").label == "Continue"
    assert "both" in page.markdown[0].value


def test_practice_comes_first_and_is_announced(db_url: str, work_as: Callable[[int], None], open_page: Open) -> None:
    built = build(db_url, practice=2)
    work_as(built.readers[0])
    page = open_page("reader/work_list.py")
    assert page.button(key=f"work_open_{built.study_id}").label == "Start"
    assert "2 practice cases first" in page.caption[0].value


def test_a_later_session_shows_its_date_and_no_button(
    db_url: str, work_as: Callable[[int], None], open_page: Open
) -> None:
    built = build(db_url, design=Design.CROSSOVER, cases=2, read=2)
    work_as(built.readers[0])
    page = open_page("reader/work_list.py")
    assert "Session 2 opens on" in page.caption[0].value
    assert not page.button


def test_the_end_is_thanked_for(db_url: str, work_as: Callable[[int], None], open_page: Open) -> None:
    built = build(db_url, cases=2, read=2)
    work_as(built.readers[0])
    page = open_page("reader/work_list.py")
    assert "Every case is read" in page.caption[0].value
    assert not page.button


def test_another_readers_study_is_not_mounted(
    db_url: str, work_as: Callable[[int], None], open_page: Open, act_as: Act
) -> None:
    built = build(db_url)
    act_as("reader")
    page = open_page("reader/read.py", study=str(built.study_id))
    assert page.title[0].value == "Nothing to read"
