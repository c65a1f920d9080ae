"""The checklists have every item of their editions, and "does not apply" is said where it is so."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from core.report.checklist import ITEMS, mapped
from core.report.checklist_items import CHECKLISTS
from core.study.words import Design
from tests.report.test_report import FULL, read

NEW_IN_STARD_AI = {"6", "11", "12", "13", "14", "15b", "15d", "23", "28", "29", "35", "39", "40a", "40b"}


def rows_of(name: str) -> dict[str, str]:
    return {one.number: one.asks for one in ITEMS if one.checklist == name}


def test_stard_ai_has_40_items_in_48_rows_and_renumbers_stard_2015():
    rows, before = rows_of("STARD-AI 2025"), rows_of("STARD 2015")
    assert len(rows) == 48
    assert len({number.rstrip("abcd") for number in rows}) == 40
    assert set(rows) >= NEW_IN_STARD_AI
    kept = [number for number in rows if number not in NEW_IN_STARD_AI]
    assert len(kept) == len(before)  # one for one, in the same order
    pairs = dict(zip(kept, before, strict=True))
    assert (pairs["36"], pairs["37"], pairs["38"]) == ("28", "29", "30")
    assert rows["36"] == before["28"]


def test_grras_has_15_items_and_fda_1698_its_sections():
    assert list(rows_of("GRRAS 2011")) == [str(n) for n in range(1, 16)]
    fda = [one for one in ITEMS if one.checklist.startswith("FDA")]
    assert {f"IV.{letter}" for letter in "ABCDEF"} | {"V.A", "V.B", "VI", "VII", "Appendix A"} <= {
        one.number for one in fda
    }
    assert {"missing", "deviations"}.isdisjoint(one.answer for one in fda)
    assert len(CHECKLISTS) == 5


@pytest.mark.parametrize(("design", "words"), [("sequential", "Does not apply"), ("crossover", None)])
def test_washout_does_not_apply_to_one_session(session: Session, design: Design, words: str | None):
    rows, story = read(session, replace(FULL, title=design, design=design))
    where = {one.item.answer: one.where for one in mapped(rows.study, story)}
    assert (where["washout"] or "").startswith("Does not apply") == (words is not None)
    asked = [one for one in mapped(rows.study, story) if one.applies]
    assert len(asked) == len(ITEMS) - (words is not None)


def test_ethics_and_the_audit_chain_answer_stard_ai(session: Session):
    plan = {"ethics": "Approved, no. 12"}
    rows, story = read(session, replace(FULL, title="approved", protocol=(("prespecification", plan),)))
    where = {one.item.number: one.where for one in mapped(rows.study, story) if one.item.checklist == "STARD-AI 2025"}
    assert where["6"]
    assert "audit chain" in (where["40b"] or "")
    assert where["39"] is None


def test_what_the_protocol_says_for_the_report_answers_items_of_every_list(session: Session):
    told = {"study_type": "retrospective", "sites": "One hospital, 2020", "sampling": "consecutive",
            "funding": "None", "limitations": "One scanner"}  # fmt: skip
    rows, story = read(session, replace(FULL, title="told", protocol=(("prespecification", told),)))
    answered = {(one.item.checklist.split()[0], one.item.number) for one in mapped(rows.study, story) if one.where}
    assert answered >= {("STARD", "5"), ("STARD", "8"), ("STARD", "9"), ("STARD", "26"), ("STARD", "30"),
                        ("STARD-AI", "5"), ("STARD-AI", "9"), ("STARD-AI", "10"), ("STARD-AI", "33"),
                        ("STARD-AI", "38"), ("CLAIM", "5"), ("CLAIM", "40"), ("CLAIM", "44"),
                        ("GRRAS", "7")}  # fmt: skip
