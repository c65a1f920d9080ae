"""Every panel with every kind of gap: it opens, shows no number that is none, says what is missing and fills it."""

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from core.results.blocks import Beside, Block, Chart, Gap, Table, Unattended
from core.results.case_reads import case_reads
from core.results.draw.seconds import log_axis
from core.results.panels.panel import Panel
from core.results.panels.registry import PANELS
from core.results.rows import StudyRows
from core.results.study_results import StudyResults
from core.stats.estimate import StatsError
from core.study.words import Design
from db.engine import engine_for, open_session
from db.permissions import SYSTEM
from db.results import rows as analysis
from db.simulated import Plan, seed_study

FULL = Plan(cases=24, design=Design.SEQUENTIAL, missing=0.0, indeterminate=0.0, ai_failures=0, novices=3, experts=3)
PLANS = {
    "full": FULL,
    "nobody": replace(FULL, novices=0, experts=0),
    "one reader": replace(FULL, novices=1, experts=0),
    "one arm": replace(FULL, design=Design.INDEPENDENT),
    "one case": replace(FULL, cases=1, practice=0),
    "no confidence": replace(FULL, ratings=False),
    "missing cells": replace(FULL, missing=0.3),
    "no AI": replace(FULL, ai=False),
    "no attributes": replace(FULL, attributes=False),
    "ties": FULL,
}
SURFACES = {
    "page": Unattended(paper=False),
    "narrow page": Unattended(paper=False, narrow=True),
    "paper": Unattended(paper=True),
}


@dataclass
class Case:
    name: str
    results: StudyResults


@pytest.fixture(scope="module", params=list(PLANS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Case:
    folder = tmp_path_factory.mktemp("gaps")
    shutil.copy(migrated_sqlite, folder / "parallax.db")
    url = f"sqlite:///{folder}/parallax.db"
    with open_session(url) as session:
        study = seed_study(session, PLANS[request.param])
        rows = analysis.rows(session, study_id=study, by=SYSTEM)
        runs = analysis.ai_runs(session, study_id=study, by=SYSTEM)
    engine_for(url).dispose()
    if request.param == "ties":
        rows = tied(rows)
    return Case(request.param, StudyResults(rows, runs=lambda: runs))


def tied(rows: StudyRows) -> StudyRows:
    """Everybody, the AI too, calls every case right, rates all cases alike and takes the same time."""
    same = np.where(np.isnan(rows.ratings), np.nan, 50.0)
    return replace(rows, call=rows.truth, ratings=same, seconds=np.full(len(rows), 30.0))


READERS = "No reader has locked a read."
ONE = "One reader has read"
MACHINE = "The AI has read none"
SILENT = "No reader gave ratings"
PILOT = "does not tell how AI minus reader varies"
ALIKE = "varies too little here"
HOLES = "are missing; they are left out"
SAID: dict[str, dict[str, tuple[str, ...]]] = {
    "full": {},
    "nobody": {
        "Comparison": (READERS,),
        "Confusion": (READERS,),
        "Metrics": (READERS,),
        "ROC": (READERS,),
        "Ratings": (READERS,),
        "MRMC": (READERS, "one arm only", "one group"),
        "Agreement": ("needs two readers",),
        "Automation bias": ("no reads of the same case without and with",),
        "Time and fatigue": (READERS, "Too few reads to see a drift"),
        "Cases and readers": (READERS,),
        "Characteristics": (READERS,),
        "Subgroups": (READERS,),
        "Next study": (PILOT,),
    },
    "one reader": {
        "Characteristics": (ONE,),
        "Next study": (ALIKE,),
        "Subgroups": (ONE,),
        "Comparison": (ONE,),
        "MRMC": (ONE, "one group"),
        "Agreement": ("needs two readers",),
    },
    "one arm": {
        "MRMC": ("one arm only",),
        "Automation bias": ("no reads of the same case without and with",),
    },
    "one case": {
        "Characteristics": ("one case only",),
        "Next study": (PILOT,),
        "Subgroups": ("one case only",),
        "Comparison": ("one case only",),
        "Metrics": ("one case only", "No case of CAP, COVID-19"),
        "ROC": ("Every case is on one side of ",),
        "MRMC": ("No figure could be compared between arms",),
        "Agreement": ("one case only",),
        "Automation bias": ("No read was right without the AI where the AI was wrong",),
        "Time and fatigue": ("Too few reads to see a drift",),
    },
    "no confidence": {
        "Metrics": (SILENT,),
        "ROC": (SILENT,),
        "Ratings": (SILENT,),
        "MRMC": (SILENT,),
    },
    "missing cells": {"Comparison": (HOLES,), "Confusion": (HOLES,), "Cases and readers": (HOLES,)},
    "no AI": {
        "Comparison": (MACHINE,),
        "Confusion": (MACHINE,),
        "Metrics": (MACHINE,),
        "ROC": (MACHINE,),
        "Ratings": (MACHINE,),
        "Automation bias": (MACHINE,),
        "Cases and readers": (MACHINE,),
        "Subgroups": (MACHINE,),
        "Next study": (PILOT,),
    },
    "no attributes": {
        "Characteristics": ("Not recorded for any case: age, sex",),
        "Subgroups": ("Not recorded for any case: sex, age, slice thickness",),
    },
    "ties": {
        "ROC": ("all are tied",),
        "MRMC": (),
        "Automation bias": ("No read was right without the AI where the AI was wrong",),
    },
}


@pytest.mark.parametrize("panel", PANELS, ids=[panel.title for panel in PANELS])
def test_every_panel_opens_on_every_gap_and_says_so(case: Case, panel: Panel):
    for surface in SURFACES.values() if case.name == "full" else (SURFACES["page"], SURFACES["paper"]):
        check(case, panel, surface)


def check(case: Case, panel: Panel, surface: Unattended) -> None:
    blocks = list(panel.blocks(case.results, surface))
    charts = charts_of(blocks)
    for chart in charts:
        assert "NaN" not in chart.figure.to_json()
        assert chart.note
        assert empty_axes(chart) == []
        assert not re.search(r"\b1 (readers|cases)\b", f"{chart.note} {chart.method}")
    tables = [block for block in blocks if isinstance(block, Table)]
    for keys in ([table.key for table in tables], [chart.key for chart in charts]):
        assert len(keys) == len(set(keys)), "each is named once, in widgets and in files"
    text = " ".join(f"{name} {cell}" for table in tables for row in table.rows for name, cell in row.items())
    assert not re.search(r"\b(nan|inf)\b", text, flags=re.IGNORECASE)
    assert not re.search(r"(?<![\w.])-\d", text), "one minus sign"
    said = list({gap.what: gap for block in blocks if isinstance(gap := block, Gap)}.values())
    wanted = SAID[case.name].get(panel.title, ())
    assert [one for one in wanted if not any(one in gap.what for gap in said)] == []
    assert [gap.what for gap in said if not any(one in gap.what for one in wanted)] == []
    for gap in said:
        assert re.fullmatch(r"[A-Z0-9n].*\.", gap.what), gap.what
        assert re.fullmatch(r"[A-Z].*\.", gap.remedy), gap.remedy


def test_the_reads_of_a_case_have_no_number_that_is_none(case: Case):
    rows = case.results.rows
    table = case_reads(rows, rows.study.cases[int(rows.case[0])].number)
    assert "nan" not in str(table)


def charts_of(blocks: list[Block]) -> list[Chart]:
    beside = [chart for block in blocks if isinstance(block, Beside) for chart in block.charts]
    return [*beside, *(block for block in blocks if isinstance(block, Chart))]


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
        rows = analysis.rows(session, study_id=study, by=SYSTEM)
    engine_for(url).dispose()
    assert len(rows) == 0
    results = StudyResults(rows)
    with pytest.raises(StatsError, match="no reads to analyse"):
        _ = results.analysis
    for panel in PANELS:
        said = []
        with suppress(StatsError):
            for block in panel.blocks(results, SURFACES["page"]):
                said.append(block)
        if panel.title in ("Comparison", "Confusion", "Cases and readers"):
            assert READERS in {block.what for block in said if isinstance(block, Gap)}
