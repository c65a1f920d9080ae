"""The truth panel's page and the coordinator's step for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from db import accounts
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import info as study_info
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from db.truth import records as truth
from tests.db.test_panel import PANEL
from tests.pages.test_reader_pages import sent
from tests.study import builder
from tests.study.builder import AT

Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]
PAGE = "truth_panel/label.py"


@pytest.fixture
def study_id(db_url: str) -> int:
    protocol = replace(PANEL, reference=replace(PANEL.reference, panel_size=2))
    with open_session(db_url) as session:
        return builder.study(session, protocol=protocol, cases_=3, readers=0).id


def sit(study_id: int, account_id: int, *, adjudicator: bool = False) -> None:
    with open_session() as session:
        me = builder.coordinator(session)
        panel_members.add_member(session, study_id, account_id, adjudicator=adjudicator, by=me, at=AT)


def other_member(study_id: int, *codes: str) -> list[int]:
    """Let a second member label the first cases; return the numbers of all."""
    with open_session() as session:
        other = builder.account(session, "other")
    sit(study_id, other)
    with open_session() as session:
        numbers = [case.case.number for case in study_info.cases(session, study_id, by=SYSTEM)]
        for number, code in zip(numbers, codes, strict=False):
            truth_panel.label(session, study_id, number, class_code=code, account_id=other, at=AT)
    return numbers


def test_who_is_on_no_panel_is_told_so(act_as: Act, open_page: Open, study_id: int):
    act_as("reader")
    page = open_page(PAGE)
    assert "on no panel" in page.info[0].value
    assert not page.button


def test_a_member_labels_case_after_case_and_is_told_nothing_of_the_others(act_as: Act, open_page: Open, study_id: int):
    me = act_as("reader")
    sit(study_id, me.id)
    numbers = other_member(study_id, "covid", "covid", "covid")
    page = open_page(PAGE)
    told = sent(page)
    assert "other" not in told.lower()
    for done in range(3):
        now = int(page.selectbox[0].value)
        assert f"cases/{now}/slices" in sent(page)
        page.button(key=f"panel_is_{now}_cap").click().run()
        assert not page.exception
        assert not page.error
        with open_view() as session:
            assert len(truth_panel.votes_of(session, study_id, me.id, by=SYSTEM)) == done + 1
    assert "Every case is labelled" in page.success[0].value
    with open_view() as session:
        assert [panel_case.state for panel_case in truth_panel.panel_cases(session, study_id, by=SYSTEM)] == [
            "split"
        ] * 3
    assert sorted(numbers) == numbers
    assert not [one for one in page.button if one.key and one.key.startswith("panel_is_")]  # all given: labels stand
    assert "Other" not in sent(page)


def test_the_adjudicator_decides_on_the_page_with_a_reason(act_as: Act, open_page: Open, study_id: int):
    me = act_as("reader")
    sit(study_id, me.id, adjudicator=True)
    assert "No case waits for you" in open_page(PAGE).info[0].value
    number, *_ = other_member(study_id, "covid")
    with open_session() as session:
        third = builder.account(session, "third")
    sit(study_id, third)
    with open_session() as session:
        truth_panel.label(session, study_id, number, class_code="cap", account_id=third, at=AT)
    page = open_page(PAGE)
    assert "Pneumonia 1" in "".join(one.value for one in page.markdown)
    assert not {"Other", "Third"} & set(sent(page).split())
    page.selectbox(key=f"panel_truth_{number}").select("covid")
    page.button(key=f"panel_decide_save_{number}").click().run()
    assert "needs its reason" in page.error[0].value
    page.text_input(key=f"panel_reason_{number}").input("seen on CT")
    page.button(key=f"panel_decide_save_{number}").click().run()
    with open_view() as session:
        assert [one.reason for one in truth.current(session, study_id, by=SYSTEM).values()] == ["seen on CT"]


def test_a_coordinator_invites_the_panel_and_takes_the_majority(act_as: Act, open_page: Open, study_id: int):
    act_as("coordinator")
    page = open_page("coordinator/study/design.py", study=str(study_id), step="truth")
    for turn, name in enumerate(("ada", "ben")):
        page.text_input(key=f"study_panel_name_{turn}").input(name.title())
        page.text_input(key=f"study_panel_username_{turn}").input(name)
        page.button(key=f"study_panel_add_{turn}").click().run()
        assert not page.exception
        assert not page.error, page.error[0].value
    letters = [block.value for block in page.code]
    assert len(letters) == 2
    assert "each on your own" in letters[0]
    with open_session() as session:
        people = panel_members.members(session, study_id, by=SYSTEM)
        number = study_info.cases(session, study_id, by=SYSTEM)[0].case.number
        for person in people:
            truth_panel.label(session, study_id, number, class_code="cap", account_id=person.account_id, at=AT)
    page.run()
    page.button(key="study_panel_settle").click().run()
    with open_view() as session:
        assert [one.source for one in truth.current(session, study_id, by=SYSTEM).values()] == [
            "panel, majority 2 of 2"
        ]
