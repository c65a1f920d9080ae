"""Characteristics and subgroups of a study: counts and figures against pandas, labels by what was prespecified."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sqlalchemy.orm import Session

from core.export.long import json_pieces
from core.results.case_strata import attributes_of
from core.results.draw.subgroup_forest import effect_chart, figure_chart
from core.results.draw.subgroup_tables import contrast_table, effect_note, effect_table, figure_table, too_few
from core.results.panels.characteristics import case_characteristics, reader_characteristics
from core.results.rows import CaseAttributes, CaseFacts, Filter, StudyRows
from core.results.study_results import StudyResults
from core.results.subgroups import figure_choices
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study

PLAN = Plan(cases=98, missing=0.02)
PRESPECIFIED = {"hypothesis": "superiority", "comparator": "expert", "subgroups": ["sex", "age"], "age_cut": 60}


@pytest.fixture
def rows(session: Session) -> StudyRows:
    plan = replace(PLAN, protocol=(("prespecification", PRESPECIFIED),))
    return analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)


def frames(rows: StudyRows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cases with their attributes, and reads with those of their case, from the JSON export."""
    made = json.loads("".join(json_pieces(rows)))
    cases = pd.DataFrame([{**one, **one["attributes"]} for one in made["cases"] if not one["practice"]])
    reads = pd.DataFrame(made["rows"])
    return cases, reads.merge(cases[["case", "sex", "age", "thickness_mm"]], on="case")


def cell(table: list[dict], column: str, **where: str) -> str:
    (found,) = [row[column] for row in table if all(row[name] == value for name, value in where.items())]
    return str(found)


def test_characteristics_are_what_pandas_counts_of_the_export(rows: StudyRows):
    cases, _ = frames(rows)
    table = case_characteristics(rows)
    for label, some in (("all cases", cases), ("COVID-19", cases[cases.truth == "covid"])):
        assert cell(table, label, characteristic="cases") == str(len(some))
        low, half, high = some.age.quantile([0.25, 0.5, 0.75])
        shown = cell(table, label, **{"characteristic": "age, years", " ": "median (quartiles)"})
        assert shown == f"{round(half, 2):g} ({round(low, 2):g} to {round(high, 2):g})"
        women, known = int((some.sex == "F").sum()), int(some.sex.notna().sum())
        shown = cell(table, label, **{"characteristic": "sex", " ": "female"})
        assert shown == f"{women} ({100 * women / known:.0f} %)"
        shown = cell(table, label, **{"characteristic": "sex", " ": "not recorded"})
        assert shown == str(int(some.sex.isna().sum()))
    assert cases.sex.isna().sum() > 0
    assert reader_characteristics(rows.study)[1] == {
        "group": "expert",
        "readers": 2,
        "years of experience, median": "8.5",
        "range": "8 to 9",
        "years not recorded": 0,
        "withdrawn": 0,
    }


def test_few_cases_of_a_class_show_nobodys_age_and_no_row_is_one_kernel(session: Session):
    plan = replace(PLAN, cases=12, share=(0.0, 0.1, 0.9))
    rows = analysis.rows(session, study_id=seed_study(session, plan), by=SYSTEM)
    (normal,) = [case for case in rows.study.cases if case.truth == "normal" and not case.practice]
    table = case_characteristics(rows)
    column = [str(row["Normal"]) for row in table if row["characteristic"] in ("age, years", "slice thickness, mm")]
    assert "too few (1)" in column
    assert str(normal.about.age) not in " ".join(column)
    (kernels,) = {str(row[" "]) for row in table if row["characteristic"] == "kernel"}
    assert kernels == f"other: {', '.join(sorted({case.about.kernel or '' for case in rows.study.cases}))}"


def test_figures_of_a_subgroup_are_what_pandas_counts_of_the_export(rows: StudyRows):
    _, reads = frames(rows)
    reads["right"] = reads.prediction == reads.truth
    found = StudyResults(rows).subgroups("accuracy")
    table = figure_table(found)
    parts = {
        ("Sex", "female"): reads[reads.sex == "F"],
        ("Sex", "not recorded"): reads[reads.sex.isna()],
        ("Age", "≤ 60 years"): reads[reads.age <= 60],
        ("Age", "> 60 years"): reads[reads.age > 60],
        ("Slice thickness", "≤ 1.5 mm"): reads[reads.thickness_mm <= 1.5],
        ("–", "All cases"): reads,
    }
    few = 0
    for (attribute, level), some in parts.items():
        where = {"attribute": attribute, "subgroup": level}
        if some.case.nunique() < 10:
            few += 1
            assert level not in {row["subgroup"] for row in table}
            assert f"{attribute.lower()} {level} ({some.case.nunique()})" in too_few(found)
            continue
        assert cell(table, "cases", **where) == str(some.case.nunique())
        machine = some[some.reader == "AI"].right.mean()
        assert cell(table, "AI", **where).startswith(f"{100 * machine:.1f} %")
        experts = some[some.group == "expert"].groupby("reader").right.mean().mean()
        assert cell(table, "expert", **where).startswith(f"{100 * experts:.1f} %")
    assert few == 1


def test_only_what_was_prespecified_is_called_so(rows: StudyRows):
    found = StudyResults(rows).subgroups("accuracy")
    readings = {(row["attribute"], row["reading"]) for row in effect_table(found)}
    assert {("Sex", "prespecified: AI minus expert"), ("Age", "prespecified: AI minus expert")} < readings
    assert ("Slice thickness", "exploratory") in readings
    assert "AI minus expert by sex, age" in effect_note(found)
    other_figure = StudyResults(rows).subgroups("sensitivity covid")
    other_cut = StudyResults(rows).subgroups("accuracy", age_cut=50)
    part = StudyResults(rows.where(Filter(classes=("covid",))), whole=StudyResults(rows)).subgroups("accuracy")
    assert {line.key for line in other_cut.lines if line.prespecified} == {"sex"}
    assert not any(line.prespecified for one in (other_figure, part) for line in one.lines)
    assert "all are exploratory" in effect_note(part)
    assert figure_choices(rows.study) == ["accuracy", "sensitivity covid", "specificity covid"]


def test_patients_in_both_subgroups_are_not_taken_for_independent(rows: StudyRows):
    found = StudyResults(rows).subgroups("accuracy")
    assert all(row["p"] != "–" for row in contrast_table(found) if row["attribute"] == "Sex")
    same = tuple(replace(case, patient=case.patient // 2) for case in rows.study.cases)
    paired = replace(rows, study=replace(rows.study, cases=same))
    (row,) = [row for row in contrast_table(StudyResults(paired).subgroups("accuracy")) if row["attribute"] == "Sex"]
    assert re.search(r"patients with cases in both", str(row["difference of differences"]))


def test_charts_draw_a_mark_for_every_figure_there_is_and_none_for_the_others(rows: StudyRows):
    found = StudyResults(rows).subgroups("accuracy")
    for chart, count in (
        (
            figure_chart(found, per_row=4),
            sum(line.figure(who).value is not None for line in found.lines for who in found.who),
        ),
        (effect_chart(found, per_row=4), sum(not line.few for line in found.lines) * len(found.differences)),
    ):
        assert sum(len(trace.x) for trace in chart.figure.data) == count > 20
        assert len(chart.data) > count  # the CSV has the others too, with their reason


def facts(n: int, **about: object) -> list[CaseFacts]:
    return [CaseFacts(at, "a", 1, "t", at, (), False, CaseAttributes(**about)) for at in range(n)]  # type: ignore[arg-type]


def test_rare_levels_are_joined_and_missing_ones_stand_by_themselves():
    cases = facts(20, kernel="B30f", sex="M") + facts(3, kernel="B70f", sex="F") + facts(2, kernel="B80f", sex="O")
    parted = {one.key: one for one in attributes_of([*cases, *facts(4)])}
    shown = {key: [(level.name, len(level.places)) for level in one.levels] for key, one in parted.items()}
    assert shown["kernel"] == [("B30f", 20), ("other: B70f, B80f", 5), ("not recorded", 4)]
    assert shown["sex"] == [("female", 3), ("male", 20), ("other or not recorded", 6)]
    assert shown["age"] == [("not recorded", 29)]
    assert not parted["age"].known
    assert not parted["age"].splits


def test_cases_with_two_tags_are_in_two_subgroups_that_are_not_compared():
    both = [replace(case, tags=("a", "b")) for case in facts(10)]
    alone = [replace(case, tags=("a",)) for case in facts(10)] + [replace(case, tags=("b",)) for case in facts(10)]
    tag = {one.key: one for one in attributes_of(both + alone)}["tag"]
    assert [len(level.places) for level in tag.levels] == [20, 20]
    assert not tag.pair
    assert {one.key: one for one in attributes_of(alone)}["tag"].pair
    assert np.concatenate([level.places for level in tag.levels]).size == 40
