"""Every results page opens: on nothing, sealed, on a full study, and where something is missing it says what."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.results.panels import registry
from core.study.words import Design, StudyState
from db.engine import open_session
from db.simulated import Plan, seed_study
from pages.coordinator.results import PAGES

PANELS = [address for path, _, address, _ in PAGES if path != "coordinator/published.py"]
FIRST = registry.PANELS[0].address
FULL = Plan(cases=30, design=Design.SEQUENTIAL, missing=0.03, indeterminate=0.03)
LITTLE = Plan(novices=1, experts=0, cases=1, practice=0, missing=0.0, ratings=False, ai=False, indeterminate=0.0)


def texts(page: AppTest) -> str:
    parts: list[Any] = [*page.info, *page.caption, *page.markdown, *page.error]
    return " ".join(part.value for part in parts)


def seed(url: str, plan: Plan) -> None:
    with open_session(url) as session:
        seed_study(session, plan)


@pytest.mark.parametrize("address", PANELS)
def test_every_panel_opens_on_a_full_study(address: str, db_url: str, act_as: Callable, open_results: Callable):
    seed(db_url, FULL)
    act_as("coordinator")
    page = open_results(address)
    assert page.title[0].value
    assert "Traceback" not in texts(page)


@pytest.mark.parametrize("address", PANELS)
def test_every_panel_says_what_is_missing_with_one_reader_one_case_no_ratings_and_no_ai(
    address: str, db_url: str, act_as: Callable, open_results: Callable
):
    seed(db_url, LITTLE)
    act_as("coordinator")
    page = open_results(address)
    if address == "export":
        assert "No reader gave ratings" in texts(page)
    else:
        assert page.info
        assert all(one.value.count(". ") >= 1 for one in page.info)  # what is missing, and then what would fill it


@pytest.mark.parametrize("address", PANELS)
def test_every_panel_of_a_study_that_nobody_read_says_so_and_shows_nothing_else(
    address: str, db_url: str, act_as: Callable, open_results: Callable
):
    seed(db_url, replace(LITTLE, novices=0, cases=4))
    act_as("coordinator")
    page = open_results(address)
    assert [one.value for one in page.info] == [
        "Nothing was read in this study, by readers or by an AI. Copy the study to have it read."
    ]
    assert not page.dataframe
    assert not page.subheader


@pytest.mark.parametrize("address", PANELS)
@pytest.mark.parametrize("plan", [replace(FULL, novices=0, experts=0), replace(FULL, cases=1, practice=0)])
def test_no_heading_stands_over_nothing_where_only_the_ai_read_or_one_case_was_read(
    address: str, plan: Plan, db_url: str, act_as: Callable, open_results: Callable
):
    seed(db_url, plan)
    act_as("coordinator")
    kinds = [one.type for one in open_results(address).main]
    assert kinds[-1] != "subheader"
    assert [at for at, kind in enumerate(kinds[:-1]) if kind == kinds[at + 1] == "subheader"] == []


@pytest.mark.parametrize("address", ["comparison", "export"])
def test_a_panel_is_sealed_before_unblinding(address: str, db_url: str, act_as: Callable, open_results: Callable):
    seed(db_url, replace(FULL, cases=4, state=StudyState.CLOSED))
    act_as("administrator")
    page = open_results(address)
    assert "sealed" in page.info[0].value
    assert not page.dataframe


def test_without_any_study_a_panel_says_where_to_make_one(act_as: Callable, open_results: Callable):
    act_as("coordinator")
    assert "no study" in open_results(FIRST).info[0].value


def test_readers_are_turned_away(db_url: str, act_as: Callable, open_results: Callable):
    seed(db_url, replace(FULL, cases=4))
    act_as("reader")
    page = open_results(FIRST)
    assert "other roles" in page.error[0].value
    assert not page.title


def test_a_filter_in_the_address_is_the_filter_of_the_page(db_url: str, act_as: Callable, open_results: Callable):
    seed(db_url, replace(FULL, design=Design.INDEPENDENT))
    act_as("coordinator")
    page = open_results(FIRST, group="novice")
    names = page.dataframe[-1].value.iloc[:, 0].tolist()
    assert names == ["AI", "novice 1", "novice 2"]


def test_an_address_of_a_study_that_is_not_there_says_so(db_url: str, act_as: Callable, open_results: Callable):
    seed(db_url, replace(FULL, cases=4))
    act_as("coordinator")
    assert "names study 999" in open_results(FIRST, study="999").warning[0].value
    assert not [one for one in open_results(FIRST).warning if "names study" in one.value]


def test_two_readers_never_get_a_word_on_readers_at_large(db_url: str, act_as: Callable, open_results: Callable):
    plan = {"hypothesis": "superiority", "comparator": "novice", "alpha": 0.05}
    seed(db_url, replace(FULL, design=Design.INDEPENDENT, protocol=(("prespecification", plan),)))
    act_as("coordinator")
    said = texts(open_results(FIRST))
    assert "These 2 readers only" in said
    assert "prespecified as random, but fewer than three cannot stand for others" in said
    assert "superiority of the AI to the group novice" in said


def test_another_cut_than_the_prespecified_one_makes_a_subgroup_exploratory(
    db_url: str, act_as: Callable, open_results: Callable
):
    plan = {"subgroups": ["age"], "age_cut": 60}
    seed(db_url, replace(FULL, design=Design.INDEPENDENT, protocol=(("prespecification", plan),)))
    act_as("coordinator")
    page = open_results("subgroups")

    def ages() -> dict[str, str]:
        table = page.dataframe[1].value
        table = table[table.attribute == "Age"]
        return dict(zip(table.subgroup, table.reading, strict=True))

    assert ages()["≤ 60 years"] == "prespecified: AI minus all readers"
    page.number_input(key="subgroup_age").set_value(50).run()
    assert ages()["≤ 50 years"] == "exploratory"


def test_the_published_study_opens_and_says_what_is_not_reported(act_as: Callable, open_results: Callable):
    act_as("coordinator")
    page = open_results("published")
    cells = " ".join(str(table.value.values.tolist()) for table in page.dataframe)
    assert "not reported" in cells
    assert "⚠ recomputed 0.9455" in cells
    assert "p (" not in " ".join(str(list(table.value.columns)) for table in page.dataframe)
