"""Every panel with every kind of gap: it opens, shows no number that is none, says what is missing and fills it."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from core.results import gaps
from core.results.case_reads import case_reads
from core.results.comparison import compare
from core.results.draw.chart import Chart
from core.results.draw.matrices import case_chart, confusion_chart, kappa_chart
from core.results.draw.text import Row, comparison_table, difference_table, time_table, verdict_table
from core.results.gaps import Gap
from core.results.grids import confusion, grid_of, read_table
from core.results.panels import mrmc as tables
from core.results.panels.bias import drift_chart, switch_chart
from core.results.panels.cases import case_map, fast_rows, kappa_matrix, switch_rows
from core.results.panels.characteristics import case_characteristics, reader_characteristics
from core.results.panels.comparison import comparison_chart, difference_chart
from core.results.panels.roc import area_table, curves_of, roc_chart
from core.results.panels.subgroup_chart import effect_chart, figure_chart
from core.results.panels.subgroup_tables import contrast_table, effect_table, figure_table
from core.results.panels.times import log_axis, time_chart
from core.results.rows import StudyRows
from core.results.subgroups import figure_choices, subgroups
from core.stats.analyse import Analysis, analyse
from core.stats.estimate import StatsError
from db.engine import engine_for, open_session
from db.results import rows as analysis
from db.simulated import Plan, seed_study

FULL = Plan(cases=24, design="sequential", missing=0.0, indeterminate=0.0, ai_failures=0, novices=3, experts=3)
PLANS = {
    "full": FULL,
    "nobody": replace(FULL, novices=0, experts=0),
    "one reader": replace(FULL, novices=1, experts=0),
    "one arm": replace(FULL, design="independent"),
    "one case": replace(FULL, cases=1, practice=0),
    "no confidence": replace(FULL, ratings=False),
    "missing cells": replace(FULL, missing=0.3),
    "no AI": replace(FULL, ai=False),
    "no attributes": replace(FULL, attributes=False),
    "ties": FULL,
}
COVID = "covid"
Shown = tuple[list[Chart], list[list[Row]], list[Gap]]


@dataclass
class Case:
    name: str
    rows: StudyRows
    found: Analysis


@pytest.fixture(scope="module", params=list(PLANS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Case:
    folder = tmp_path_factory.mktemp("gaps")
    shutil.copy(migrated_sqlite, folder / "parallax.db")
    url = f"sqlite:///{folder}/parallax.db"
    with open_session(url) as session:
        study = seed_study(session, PLANS[request.param])
        rows = analysis.rows(session, study_id=study, account_id=None)
    engine_for(url).dispose()
    if request.param == "ties":
        rows = tied(rows)
    return Case(request.param, rows, analyse(read_table(rows)))


def tied(rows: StudyRows) -> StudyRows:
    """Everybody, the AI too, calls every case right, rates all cases alike and takes the same time."""
    same = np.where(np.isnan(rows.ratings), np.nan, 50.0)
    return replace(rows, call=rows.truth, ratings=same, seconds=np.full(len(rows), 30.0))


def comparison(case: Case) -> Shown:
    found = compare(case.rows, whole=case.rows)
    labels = {column: found.label(column) for column in found.columns}
    charts = [
        comparison_chart(case.rows.study, found.dots, labels, title="", key=""),
        time_chart(case.rows.study, found.times),
        difference_chart(case.rows.study, found.gaps),
    ]
    shown = [comparison_table(found), difference_table(found), time_table(found.times), verdict_table(found.verdict)]
    return charts, shown, gaps.comparison_gaps(case.rows)


def confusions(case: Case) -> Shown:
    grid, study = grid_of(case.rows), case.rows.study
    charts = [
        confusion_chart(study, confusion(grid, [at], classes=3), name=grid.people[at].name, reads="", key="")
        for at in [*grid.readers, *grid.members("AI")]
    ]
    return charts, [], gaps.confusion_gaps(case.rows)


def metrics(case: Case) -> Shown:
    study = case.rows.study
    shown = [tables.whole_table(study, case.found), *(tables.class_table(study, one) for one in case.found.readers)]
    return [], shown, gaps.metrics_gaps(case.rows, case.found)


def roc(case: Case) -> Shown:
    chart = roc_chart(case.rows.study, curves_of(case.rows.study, case.found, COVID), label=COVID, key="")
    return [chart], [area_table(case.rows.study, case.found, COVID)], gaps.roc_gaps(case.rows, case.found, COVID)


def mrmc(case: Case) -> Shown:
    study = case.rows.study
    results = [one.result for one in case.found.arms_compared if one.result]
    shown = [part for one in results for part in tables.mrmc_tables(one).values()]
    shown += [tables.arm_table(study, case.found), tables.group_difference_table(study, case.found)]
    return [], shown, gaps.mrmc_gaps(case.rows, case.found)


def agreement(case: Case) -> Shown:
    charts = []
    if case.found.agreement:
        names, kappas, counted = kappa_matrix(case.found, case.found.agreement[0].arm)
        charts = [kappa_chart(names, kappas, n=counted)]
    return charts, [tables.agreement_table(case.found)], gaps.agreement_gaps(case.found)


def bias(case: Case) -> Shown:
    chart = switch_chart(case.rows.study, switch_rows(case.rows.study, case.found))
    shown = [tables.switch_table(case.found.group_switches), tables.switch_table(case.found.switches)]
    return [chart], shown, gaps.bias_gaps(case.rows, case.found)


def times(case: Case) -> Shown:
    shown = [tables.time_ratio_table(case.found), tables.fatigue_table(case.found), fast_rows(case.found)]
    charts = [drift_chart(case.rows.study, case.found.drifts)]
    return charts, shown, gaps.times_gaps(case.rows, case.found)


def cases(case: Case) -> Shown:
    found = case_map(case.rows, order="difficulty")
    chart = case_chart(found.names, found.numbers, found.truths, found.states, found.texts)
    return [chart], [found.table()], gaps.cases_gaps(case.rows)


def characteristics(case: Case) -> Shown:
    shown = [case_characteristics(case.rows), reader_characteristics(case.rows.study)]
    return [], shown, gaps.characteristics_gaps(case.rows)


def parts(case: Case) -> Shown:
    charts, shown, said = [], [], []
    for figure in (*figure_choices(case.rows.study), f"AUC {COVID}", "balanced accuracy"):
        found = subgroups(case.rows, figure=figure, whole=True)
        charts += [figure_chart(found, per_row=4), effect_chart(found, per_row=4)]
        shown += [figure_table(found), effect_table(found), contrast_table(found)]
        said = gaps.subgroup_gaps(case.rows, found)
    return charts, shown, said


def one_case(case: Case) -> Shown:
    number = case.rows.study.cases[int(case.rows.case[0])].number
    return [], [case_reads(case.rows, number)], []


PANELS: dict[str, Callable[[Case], Shown]] = {
    "comparison": comparison,
    "confusion": confusions,
    "metrics": metrics,
    "ROC": roc,
    "MRMC": mrmc,
    "agreement": agreement,
    "automation bias": bias,
    "times": times,
    "cases": cases,
    "case": one_case,
    "characteristics": characteristics,
    "subgroups": parts,
}
READERS = "No reader has locked a read."
ONE = "One reader has read"
MACHINE = "The AI has read none"
SILENT = "No reader gave ratings"
HOLES = "are missing; they are left out"
SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "full": {},
    "nobody": {
        "comparison": (READERS,),
        "confusion": (READERS,),
        "metrics": (READERS,),
        "ROC": (READERS,),
        "MRMC": (READERS, "one arm only", "one group"),
        "agreement": ("needs two readers",),
        "automation bias": ("no reads of the same case without and with",),
        "times": (READERS, "Too few reads to see a drift"),
        "cases": (READERS,),
        "characteristics": (READERS,),
        "subgroups": (READERS,),
    },
    "one reader": {
        "characteristics": (ONE,),
        "subgroups": (ONE,),
        "comparison": (ONE,),
        "MRMC": (ONE, "one group"),
        "agreement": ("needs two readers",),
    },
    "one arm": {
        "MRMC": ("one arm only",),
        "automation bias": ("no reads of the same case without and with",),
    },
    "one case": {
        "characteristics": ("one case only",),
        "subgroups": ("one case only",),
        "comparison": ("one case only",),
        "metrics": ("one case only", "No case of CAP, COVID-19"),
        "ROC": ("Every case is on one side of COVID-19",),
        "MRMC": ("No figure could be compared between arms",),
        "agreement": ("one case only",),
        "automation bias": ("No read was right without the AI where the AI was wrong",),
        "times": ("Too few reads to see a drift",),
    },
    "no confidence": {
        "metrics": (SILENT,),
        "ROC": (SILENT,),
        "MRMC": (SILENT,),
    },
    "missing cells": {"comparison": (HOLES,), "confusion": (HOLES,), "cases": (HOLES,)},
    "no AI": {
        "comparison": (MACHINE,),
        "confusion": (MACHINE,),
        "metrics": (MACHINE,),
        "ROC": (MACHINE,),
        "automation bias": (MACHINE,),
        "cases": (MACHINE,),
        "subgroups": (MACHINE,),
    },
    "no attributes": {
        "characteristics": ("Not recorded for any case: age, sex",),
        "subgroups": ("Not recorded for any case: sex, age, slice thickness",),
    },
    "ties": {
        "ROC": ("all are tied",),
        "MRMC": (),
        "automation bias": ("No read was right without the AI where the AI was wrong",),
    },
}


@pytest.mark.parametrize("panel", list(PANELS))
def test_every_panel_opens_on_every_gap_and_says_so(case: Case, panel: str):
    charts, shown, said = PANELS[panel](case)
    for chart in charts:
        assert "NaN" not in chart.figure.to_json()
        assert chart.note
        assert empty_axes(chart) == []
        assert not re.search(r"\b1 (readers|cases)\b", chart.note)
    text = " ".join(f"{name} {cell}" for rows in shown for row in rows for name, cell in row.items())
    assert not re.search(r"\b(nan|inf)\b", text, flags=re.IGNORECASE)
    wanted = SAID[case.name].get(panel, ())
    assert [one for one in wanted if not any(one in gap.what for gap in said)] == []
    assert len(said) == len(wanted), [gap.what for gap in said]
    for gap in said:
        assert re.fullmatch(r"[A-Z0-9n].*\.", gap.what), gap.what
        assert re.fullmatch(r"[A-Z].*\.", gap.remedy), gap.remedy


def empty_axes(chart: Chart) -> list[str]:
    """The horizontal axes of a chart that is shown which nothing is drawn on, or which have no width."""
    if not chart.drawn:
        return []
    layout = chart.figure.layout
    used = {(trace.xaxis or "x").replace("x", "xaxis", 1) for trace in chart.figure.data}
    flat = [name for name in used if layout[name].range and layout[name].range[0] >= layout[name].range[1]]
    return [*flat, *({name for name in layout if name.startswith("xaxis") and layout[name].domain} - used)]


def test_an_axis_of_seconds_has_labels_to_read_by_whatever_lies_on_it():
    for low, high in ((30, 30), (19.5, 22), (9, 95), (0.2, 4000), (61.2, 61.3), (0, 5)):
        axis = log_axis(low, high)
        start, end = (10**one for one in axis["range"])
        assert start < low or low == 0
        assert end > high
        assert len([tick for tick in axis["tickvals"] if start <= tick <= end]) >= 3
        assert len(axis["tickvals"]) <= 15


def test_a_study_without_any_read_has_nothing_to_analyse_and_says_so(migrated_sqlite: Path, tmp_path: Path):
    shutil.copy(migrated_sqlite, tmp_path / "parallax.db")
    url = f"sqlite:///{tmp_path}/parallax.db"
    with open_session(url) as session:
        study = seed_study(session, replace(FULL, novices=0, experts=0, ai=False))
        rows = analysis.rows(session, study_id=study, account_id=None)
    engine_for(url).dispose()
    assert len(rows) == 0
    with pytest.raises(StatsError, match="no reads to analyse"):
        analyse(read_table(rows))
    for found in (gaps.comparison_gaps(rows), gaps.confusion_gaps(rows), gaps.cases_gaps(rows)):
        assert {READERS} < {gap.what for gap in found}
