"""Drift, difficult cases and reads that were too fast, counted again read by read."""

import csv
import io
from collections import defaultdict
from statistics import median
from typing import Any

import pytest

from core.cli.show_analysis import analysis_text
from core.stats.analyse import Options, analyse
from core.stats.course import PARTS, drifts
from core.stats.reads import table_from_text
from tests.stats.test_analyse import aided_study

TEXT = aided_study()
READS = [row for row in csv.DictReader(io.StringIO(TEXT)) if row["reader"] != "AI"]
FOUND = analyse(table_from_text(TEXT), options=Options(shortest=30.0))


def test_every_case_has_its_readers_and_those_who_were_right():
    counted: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for row in READS:
        counted[row["case"], row["arm"]][0] += 1
        counted[row["case"], row["arm"]][1] += row["truth"] == row["prediction"]
    assert {(case.case, case.arm): [case.read, case.right] for case in FOUND.cases} == dict(counted)
    assert all(case.share == case.right / case.read for case in FOUND.cases)


def test_too_fast_is_under_the_seconds_given():
    fast = defaultdict(set)
    for row in READS:
        if float(row["seconds"]) < 30.0:
            fast[row["reader"], row["arm"]].add(row["case"])
    assert fast
    assert {(one.reader, one.arm): set(one.cases) for one in FOUND.too_fast} == dict(fast)
    assert analyse(table_from_text(TEXT), options=Options(shortest=0.0)).too_fast == ()


def test_drift_is_median_seconds_and_share_right_by_tenth_of_the_order():
    for drift in FOUND.drifts:
        mine = [row for row in READS if (row["group"], row["arm"]) == (drift.group, drift.arm)]
        places = sorted({float(row["position"]) for row in mine})
        assert len(drift.position) == PARTS
        assert sum(drift.reads) == len(mine)
        start = 0
        for mean, seconds, accuracy, n in zip(drift.position, drift.seconds, drift.accuracy, drift.reads, strict=True):
            inside = [p for p in places[start:] if sum(float(r["position"]) in places[start : places.index(p) + 1]
                                                       for r in mine) <= n]  # fmt: skip
            start += len(inside)
            rows = [row for row in mine if float(row["position"]) in inside]
            assert len(rows) == n
            assert mean == pytest.approx(sum(float(row["position"]) for row in rows) / n)
            assert seconds == pytest.approx(median(float(row["seconds"]) for row in rows))
            assert accuracy == pytest.approx(sum(row["truth"] == row["prediction"] for row in rows) / n)


def test_the_command_s_tables_have_them_too():
    text = analysis_text(FOUND)
    assert text.count("Over the reading order") == text.count("Reads too fast") == 1
    section = text.split("Over the reading order")[1].split("\n\n")[0]
    assert section.count("novice") == section.count("expert") == 2 * PARTS


def test_a_handful_of_reads_makes_no_drift_and_missing_times_are_none():
    lines = TEXT.splitlines()
    few = "\n".join([lines[0], *(line for line in lines[1:] if line.startswith(("AI,", "Ann,")))][:46])
    assert drifts(table_from_text(few)) == ()
    columns = lines[0].split(",")
    without = []
    for line in lines:
        parts = line.split(",")
        without.append(",".join("" if name == "seconds" and line != lines[0] else part
                                for name, part in zip(columns, parts, strict=True)))  # fmt: skip
    found = analyse(table_from_text("\n".join(without)))
    assert found.too_fast == ()
    assert all(seconds is None for drift in found.drifts for seconds in drift.seconds)
