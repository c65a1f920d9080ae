"""A list of readers is pasted: accounts, letters, groups and years come of it, and nothing is lost by a mistake."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.study.template import PUBLISHED
from db import accounts
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import design as study_design
from db.study import info as study_info
from db.study import readers as study_readers
from tests.study import builder
from tests.study.builder import AT

Open = Callable[..., AppTest]
PAGE = "coordinator/study/design.py"
FOUR = "Ann One <ann@x.org>\nBen Two, ben@x.org\nCleo Three\tcleo@x.org\nDan Four"


@pytest.fixture
def study(db_url: str) -> int:
    with open_session(db_url) as session:
        me = builder.coordinator(session)
        return study_design.create_study(
            session, title="Pasted", groups=PUBLISHED.groups, classes=PUBLISHED.classes, by=me, at=AT
        ).id


def paste(page: AppTest, text: str) -> AppTest:
    (box,) = page.text_area
    box.input(text)
    (button,) = [one for one in page.button if one.label == "Add these readers"]
    return button.click().run()


def test_four_pasted_readers_are_invited_in_the_groups_of_the_template(
    act_as: Callable, open_page: Open, study: int, db_url: str
):
    act_as("coordinator")
    page = paste(open_page(PAGE, study=str(study), step="readers"), FOUR)
    assert not page.error
    with open_view(db_url) as session:
        found = study_info.readers(session, study, by=SYSTEM)
    assert [(one.name, one.username) for one in found] == [
        ("Ann One", "ann@x.org"),
        ("Ben Two", "ben@x.org"),
        ("Cleo Three", "cleo@x.org"),
        ("Dan Four", "dan.four"),
    ]
    assert [(one.group, one.years) for one in found] == list(PUBLISHED.readers)
    letters = [block.value for block in page.code]
    assert len(letters) == 4
    for one, letter in zip(found, letters, strict=True):
        assert f"Your user name is {one.username}" in letter
        assert "?link=" in letter


def test_a_mistake_in_one_line_adds_nobody_and_keeps_what_was_written(
    act_as: Callable, open_page: Open, study: int, db_url: str
):
    act_as("coordinator")
    wrong = FOUR + "\nEve, eve@x.org, Masters"
    page = paste(open_page(PAGE, study=str(study), step="readers"), wrong)
    assert "Line 5: there is no group Masters" in page.error[0].value
    assert page.text_area[0].value == wrong
    with open_view(db_url) as session:
        assert study_info.readers(session, study, by=SYSTEM) == []


def test_somebody_known_is_added_with_their_account_and_expertise(
    act_as: Callable, open_page: Open, study: int, db_url: str
):
    me = act_as("coordinator")
    with open_session(db_url) as session:
        known = builder.account(session, "ann@x.org")
        other = study_design.create_study(
            session, title="Before", groups=PUBLISHED.groups, classes=PUBLISHED.classes, by=me.id, at=AT
        )
        study_readers.add_reader(session, other.id, known, group="Experts", years=17, by=me.id, at=AT)
    page = paste(open_page(PAGE, study=str(study), step="readers"), "ANN@x.org\nBen, ben@x.org")
    assert not page.error
    with open_view(db_url) as session:
        first, second = sorted(study_info.readers(session, study, by=SYSTEM), key=lambda reader: reader.username)
        assert len([one for one in accounts.every(session, by=SYSTEM) if one.username == "ann@x.org"]) == 1
    assert (first.account_id, first.group, first.years) == (known, "Experts", 17)
    assert (second.group, second.years) == ("Novices", 2.0)
    letters = {block.value for block in page.code}
    assert sum("?link=" in letter for letter in letters) == 1
    assert sum("You have an account already" in letter for letter in letters) == 1
