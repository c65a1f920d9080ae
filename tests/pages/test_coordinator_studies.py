"""The coordinator's study pages, opened on empty and full databases and clicked through without a browser."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url
from streamlit.testing.v1 import AppTest

from core.study.questions.question import Option
from core.study.questions.registry import KINDS, new_question
from core.study.template import PUBLISHED
from db import accounts, cases
from db.engine import open_session, open_view
from db.models import Case
from db.permissions import SYSTEM
from db.study import design as study_design
from db.study import info as study_info
from db.study import life as study_life
from db.study import orders, preflight
from db.study import readers as study_readers
from db.truth import records as truth
from pages.coordinator.study_steps import check
from tests.study import builder
from tests.study.builder import AT

Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]
Went = list[tuple[str, dict[str, str]]]
LIST = "coordinator/studies.py"
PAGE = "coordinator/study/design.py"
READING = "coordinator/study/reading.py"
STEPS = ("overview", "protocol", "cases", "truth", "readers", "ai", "prespecification", "check")


def texts(page: AppTest) -> str:
    found = [*page.markdown, *page.info, *page.success, *page.error, *page.warning, *page.caption, *page.subheader]
    return "\n".join(str(one.value) for one in found)


def test_readers_get_nothing_of_it(act_as: Act, open_page: Open):
    act_as("reader")
    page = open_page(LIST)
    assert "other roles" in page.error[0].value
    assert not page.title


def test_an_empty_database_says_what_to_do_next(act_as: Act, open_page: Open):
    act_as("coordinator")
    assert "Begin one below" in texts(open_page(LIST))


@pytest.mark.parametrize("study", ["99", "x", "-1", "9" * 30])
def test_a_study_that_does_not_exist_leads_back_to_the_list(act_as: Act, open_page: Open, study: str):
    act_as("coordinator")
    page = open_page(PAGE, study=study)
    assert "does not exist" in page.error[0].value


@pytest.mark.parametrize("step", STEPS)
def test_every_step_opens_on_an_empty_study(act_as: Act, open_page: Open, db_url: str, step: str):
    me = act_as("coordinator")
    with open_session(db_url) as session:
        study_design.create_study(session, title="Empty", by=me.id, at=AT)
    page = open_page(PAGE, study="1", step=step)
    assert page.title[0].value == "Empty"
    assert not page.error


@pytest.fixture
def full(db_url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """A study of each kind of part, ready to be checked; volumes count as stored."""
    monkeypatch.setattr(check, "_opens", lambda key: None)
    with open_session(db_url) as session:
        made, me = builder.study(session, practice=1), builder.coordinator(session)
        model = builder.model(session)
        for n, link in enumerate(study_info.cases(session, made.id, by=SYSTEM)):
            truth.record(
                session, made.id, link.case.id, class_code=builder.CLASSES[n % 3].code, source="PCR", by=me, at=AT
            )
            builder.ai_read(session, link.case, model)
        study_design.save_ai(session, made.id, model_id=model, by=me, at=AT)
    return made.id


@pytest.mark.parametrize("step", STEPS)
def test_every_step_opens_on_a_full_study(act_as: Act, open_page: Open, full: int, step: str):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step=step)
    assert page.title[0].value == "A study"
    assert not page.error


def test_a_study_is_checked_opened_closed_and_unblinded_by_clicks(
    act_as: Act, open_page: Open, full: int, db_url: str, went: Went
):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="check")
    page.button(key="study_check").click().run()
    assert "Nothing stands in the way" in texts(page)
    page.checkbox(key="study_open_sure").check().run()
    page.button(key="study_open").click().run()
    assert not page.exception
    with open_view(db_url) as session:
        assert study_info.study(session, full, by=SYSTEM).state == "open"
    assert went == [("coordinator/study/reading.py", {"study": str(full)})]
    page = open_page(READING, study=str(full))
    assert page.metric[0].value == "0 of 24"
    assert "Accuracy is sealed" in texts(page)
    for step in STEPS:
        assert not open_page(PAGE, study=str(full), step=step).error
    page.button(key="monitor_close_save").click().run()
    assert "24 reads are missing" in page.error[0].value
    page.text_input(key="monitor_close_reason").input("a pilot")
    page.button(key="monitor_close_save").click().run()
    assert not page.error
    page.text_input(key="monitor_unblind_reason").input("the analysis begins")
    page.button(key="monitor_unblind_save").click().run()
    with open_view(db_url) as session:
        assert study_info.study(session, full, by=SYSTEM).state == "unblinded"


def test_others_can_write_while_the_check_opens_volumes(
    act_as: Act, open_page: Open, full: int, db_url: str, monkeypatch: pytest.MonkeyPatch
):
    address = make_url(db_url)
    if address.get_backend_name() != "sqlite":
        pytest.skip("only SQLite has one writer at a time")
    path = address.database
    tried: list[str] = []

    def opens(key: str) -> None:
        with closing(sqlite3.connect(str(path), timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")  # raises where a transaction is open meanwhile
            tried.append(key)

    monkeypatch.setattr(check, "_opens", opens)
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="check")
    page.button(key="study_check").click().run()
    page.checkbox(key="study_open_sure").check().run()
    page.button(key="study_open").click().run()
    assert not page.exception
    with open_view(db_url) as session:
        assert study_info.study(session, full, by=SYSTEM).state == "open"
        assert sorted(tried) == sorted(2 * preflight.storage_keys(session, full, by=SYSTEM))


def test_a_reader_joins_the_open_study_with_a_reason(act_as: Act, open_page: Open, db_url: str, full: int):
    act_as("coordinator")
    with open_session(db_url) as session:
        me = builder.coordinator(session)
        study_life.check_study(session, full, volumes=builder.volumes(session, full), by=me, at=AT)
        study_life.open_study(session, full, volumes=builder.volumes(session, full), seed=1, by=me, at=AT)
    page = open_page(PAGE, study=str(full), step="readers")
    page.text_input(key="study_reader_name_4").input("Late Reader")
    page.text_input(key="study_reader_username_4").input("late")
    page.button(key="study_reader_add_4").click().run()
    assert "reason" in page.error[0].value
    page.text_input(key="study_reader_reason_4").input("R3 fell ill")
    page.button(key="study_reader_add_4").click().run()
    assert not page.error
    with open_view(db_url) as session:
        assert [
            reader.pseudonym for reader in study_info.readers(session, full, by=SYSTEM) if reader.name == "Late Reader"
        ] == ["R5"]
        assert len({one.pseudonym for one in orders.table(session, full, by=SYSTEM)}) == 5
    assert "?link=" in page.code[0].value
    page = open_page(READING, study=str(full))
    assert "R5 joined" in texts(page)
    assert "R3 fell ill" in texts(page)


def test_blockers_are_named(act_as: Act, open_page: Open, db_url: str, full: int):
    act_as("coordinator")
    with open_session(db_url) as session:
        me = builder.coordinator(session)
        cases.set_tags(session, 1, ["2024-03-01"], by=me, at=AT)
        number = session.get_one(Case, 1).number
    page = open_page(PAGE, study=str(full), step="check")
    page.button(key="study_check").click().run()
    assert "1 thing stands in the way" in page.error[0].value
    assert f"A tag of case {number} looks like a date" in texts(page)
    assert f"**Cases** -> coordinator/study/design.py {{'study': '{full}', 'step': 'cases'}}" in texts(page)


def test_a_field_is_saved_at_once_and_a_refused_value_is_not_shown_as_if_it_were(
    act_as: Act, open_page: Open, full: int, db_url: str
):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="protocol")
    page.toggle(key=f"study_ratings_{full}").set_value(False).run()
    page.text_input(key=f"study_class_letter_{full}_cap").set_value("L").run()
    assert "which the viewer uses" in page.error[0].value
    assert page.text_input(key=f"study_class_letter_{full}_cap").value == "A"
    with open_view(db_url) as session:
        found = study_info.study(session, full, by=SYSTEM)
    assert found.protocol.ratings is False
    assert found.classes == builder.CLASSES


def test_a_question_is_added_and_removed(act_as: Act, open_page: Open, full: int, db_url: str):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="protocol")
    page.text_input(key="study_question_label_new_choice").input("Which side?")
    page.text_area(key="study_question_options_new_choice").input("Left\nRight")
    page.button(key="study_question_save_new_choice").click().run()
    with open_view(db_url) as session:
        questions: Any = study_info.study(session, full, by=SYSTEM).protocol.questions
    (asked,) = questions
    assert (asked.id, [option.code for option in asked.options]) == ("which_side", ["left", "right"])
    page.button(key="study_question_remove_0").click().run()
    with open_view(db_url) as session:
        assert study_info.study(session, full, by=SYSTEM).protocol.questions == ()


TYPED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # what is typed for a kind, and what is then stored
    "choice": ({"options": "Left\nRight"}, {"options": (Option("left", "Left"), Option("right", "Right"))}),
    "choices": ({"options": "GGO\nNodule"}, {"options": (Option("ggo", "GGO"), Option("nodule", "Nodule"))}),
    "grade": ({"options": "poor\ngood"}, {"options": (Option("poor", "poor"), Option("good", "good"))}),
    "number": (
        {"min": 0.0, "max": 90.0, "step": 0.5, "unit": "mm"},
        {"min": 0, "max": 90, "step": 0.5, "unit": "mm"},
    ),
    "text": ({"pattern": "[A-Z]*", "max_length": 80}, {"pattern": "[A-Z]*", "max_length": 80}),
    "scale": ({"anchors_1": "poor", "anchors_2": "good"}, {"anchors": ("poor", "good")}),
    "mark": ({"mark": "box"}, {"mark": "box"}),
}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_question_of_every_kind_is_stored_as_it_was_typed(
    act_as: Act, open_page: Open, full: int, db_url: str, kind: str, required: bool
):  # fmt: skip
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="protocol")
    page.selectbox(key="study_question_kind").select(kind).run()
    page.text_input(key=f"study_question_label_new_{kind}").input("What do you see?")
    page.text_input(key=f"study_question_help_new_{kind}").input("Look twice.")
    fields, stored = TYPED[kind]
    for field, value in fields.items():
        name, _, part = field.partition("_") if field.startswith("anchors") else (field, "", "")
        key = f"study_question_{name}_new_{kind}" + (f"_{part}" if part else "")
        next(
            one for one in (*page.text_input, *page.text_area, *page.number_input, *page.selectbox) if one.key == key
        ).set_value(value)
    page.checkbox(key=f"study_question_required_new_{kind}").set_value(required)
    page.button(key=f"study_question_save_new_{kind}").click().run()
    assert not page.error
    with open_view(db_url) as session:
        (asked,) = study_info.study(session, full, by=SYSTEM).protocol.questions
    wanted: dict[str, Any] = {
        "id": "what_do_you_see",
        "label": "What do you see?",
        "help": "Look twice.",
        "required": required,
    }
    assert asked == replace(new_question(kind), **wanted, **stored)


def test_a_refused_question_keeps_what_was_typed_and_a_taken_one_leaves_the_form_empty(
    act_as: Act, open_page: Open, full: int
):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="protocol")
    page.text_input(key="study_question_label_new_choice").input("Which side?")
    page.button(key="study_question_save_new_choice").click().run()  # no answers to choose from
    assert page.error
    assert page.text_input(key="study_question_label_new_choice").value == "Which side?"
    page.text_area(key="study_question_options_new_choice").input("Left\nRight")
    page.button(key="study_question_save_new_choice").click().run()
    assert not page.error
    assert page.text_input(key="study_question_label_new_choice_1").value == ""


def test_a_withdrawal_without_a_reason_does_not_turn_to_another_reader(act_as: Act, open_page: Open, full: int):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="check")
    page.button(key="study_check").click().run()
    page.checkbox(key="study_open_sure").check().run()
    page.button(key="study_open").click().run()
    page = open_page(READING, study=str(full))
    last = page.selectbox(key="monitor_withdraw_who").options[-1]
    page.selectbox(key="monitor_withdraw_who").select(last).run()
    page.button(key="monitor_withdraw_save").click().run()
    assert page.error
    page.text_input(key="monitor_withdraw_reason").input("moved to another hospital")
    page.button(key="monitor_withdraw_save").click().run()
    assert not page.error
    assert last not in page.selectbox(key="monitor_withdraw_who").options


def test_the_published_study_is_set_up_from_its_template(act_as: Act, open_page: Open, db_url: str, went: Went):
    me = act_as("coordinator")
    with open_session(db_url) as session:
        numbers = sorted(builder.case(session, n, by=me.id).number for n in range(6))
    page = open_page(LIST)
    page.button(key="studies_create").click().run()
    assert went == [("coordinator/study/design.py", {"study": "1"})]
    page = open_page(PAGE, study="1", step="cases")
    assert page.title[0].value == PUBLISHED.title
    page.button(key="study_take_all").click().run()
    page.query_params["step"] = "truth"
    page.run()
    page.text_input(key="study_reference_interval_1").input("within 3 days").run()
    for number, code in zip(numbers, ("covid", "cap", "normal") * 2, strict=True):
        page.button(key=f"study_truth_is_{number}_{code}").click().run()
    page.query_params["step"] = "readers"
    page.run()
    for n in range(4):
        page.text_input(key=f"study_reader_name_{n}").input(f"Reader {n}")
        page.text_input(key=f"study_reader_username_{n}").input(f"reader{n}")
        page.button(key=f"study_reader_add_{n}").click().run()
        assert not page.error, page.error
    assert len([block for block in page.code if "?link=" in block.value]) == 4
    with open_view(db_url) as session:
        assert [truth_.class_code for truth_ in truth.current(session, 1, by=SYSTEM).values()] == [
            "covid",
            "cap",
            "normal",
        ] * 2
        found = study_info.readers(session, 1, by=SYSTEM)
    assert [(reader.group, reader.years) for reader in found] == list(PUBLISHED.readers)


def test_a_coordinator_who_reads_in_the_study_sees_no_truth(act_as: Act, open_page: Open, full: int, db_url: str):
    me = act_as("coordinator")
    with open_session(db_url) as session:
        study_readers.add_reader(session, full, me.id, group="Experts", by=builder.coordinator(session), at=AT)
    page = open_page(PAGE, study=str(full), step="truth")
    assert "not shown to you" in page.warning[0].value
    assert not page.dataframe
    assert "PCR" not in texts(page)


def test_the_endpoints_of_a_family_are_chosen_from_those_that_can_be_tested(
    act_as: Act, open_page: Open, db_url: str, full: int
):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="prespecification")
    assert not [one for one in page.multiselect if "beside the primary" in one.label]
    page.selectbox(key=f"study_prespecification_multiplicity_{full}").set_value("holm").run()
    (family,) = [one for one in page.multiselect if "beside the primary" in one.label]
    code = builder.CLASSES[-1].code
    assert "Accuracy over all classes" in family.options
    assert f"Sensitivity for one class: {builder.CLASSES[-1].label}" in family.options
    family.set_value([f"sensitivity {code}", "macro_f1"]).run()
    with open_view(db_url) as session:
        plan = study_info.study(session, full, by=SYSTEM).protocol.prespecification
    assert (plan.multiplicity, plan.family) == ("holm", (f"sensitivity {code}", "macro_f1"))


def test_subgroups_are_prespecified_with_their_cuts(act_as: Act, open_page: Open, db_url: str, full: int):
    act_as("coordinator")
    page = open_page(PAGE, study=str(full), step="prespecification")
    key = f"study_prespecification_{{}}_{full}"
    assert not [one for one in page.number_input if "cut" in one.label]
    page.multiselect(key=key.format("subgroups")).set_value(["sex", "age"]).run()
    page.number_input(key=key.format("age_cut")).set_value(60).run()
    assert not [one for one in page.number_input if "Thickness cut" in one.label]
    with open_view(db_url) as session:
        plan = study_info.study(session, full, by=SYSTEM).protocol.prespecification
    assert (plan.subgroups, plan.age_cut, plan.thickness_cut_mm) == (("sex", "age"), 60, None)


@pytest.mark.parametrize(
    ("query", "part", "kept"),
    [
        ({"study": "1"}, "design", {"study": "1"}),
        ({"study": "1", "step": "cases"}, "design", {"study": "1", "step": "cases"}),
        ({"study": "1", "step": "monitor"}, "reading", {"study": "1"}),
    ],
)
def test_addresses_of_earlier_versions_lead_to_the_part_they_meant(
    act_as: Act, open_page: Open, full: int, went: Went, query: dict[str, str], part: str, kept: dict[str, str]
):
    act_as("coordinator")
    open_page(LIST, **query)
    assert went == [(f"coordinator/study/{part}.py", kept)]


def test_a_card_shows_state_progress_people_and_the_next_step(act_as: Act, open_page: Open, full: int, db_url: str):
    act_as("coordinator")
    said = texts(open_page(LIST))
    assert "draft" in said
    assert "6 cases and 1 for practice · 4 readers" in said
    assert "Go on with the design" in said
    with open_session(db_url) as session:
        me = builder.coordinator(session)
        study_life.check_study(session, full, volumes=builder.volumes(session, full), by=me, at=AT)
        study_life.open_study(session, full, volumes=builder.volumes(session, full), seed=1, by=me, at=AT)
        (line,) = study_info.every(session, by=SYSTEM)
        assert (line.locked, line.wanted, line.owner) == (0, 24, "Coordinator")
    page = open_page(LIST)
    assert "Watch the reading -> coordinator/study/reading.py" in texts(page).replace("**", "")


def test_what_happened_to_a_study_is_on_its_history(act_as: Act, open_page: Open, full: int):
    act_as("coordinator")
    page = open_page("coordinator/study/history.py", study=str(full))
    assert [one.label for one in page.metric] == ["Created", "Opened", "Closed", "Unblinded"]
    assert "reader added" in page.dataframe[0].value.to_string()


def test_a_step_is_ticked_only_when_something_was_chosen_in_it(act_as: Act, open_page: Open, full: int, db_url: str):
    me = act_as("coordinator")

    def ticked(study: int) -> set[str]:
        steps = open_page(PAGE, study=str(study)).get("button_group")[0].proto.options
        return {step.content for step in steps if "check" in step.content_icon or ":material/check:" in step.content}

    with open_session(db_url) as session:
        empty = study_design.create_study(session, title="Untouched", by=me.id, at=AT).id
    assert ticked(empty) == set()
    assert len(ticked(full)) >= 4  # its cases, truth, readers and AI were chosen
