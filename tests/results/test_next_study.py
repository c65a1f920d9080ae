"""Planning from a study: the pilot's components are its analysis's, and the table is the `power` command's."""

import json
import shlex
from typing import Any

import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.results.panels.next_study import READERS, command, next_study_gaps, pilots, plan_table, planned, power_chart
from core.stats.power import inputs_of, power
from tests.results.commanded import Case


def test_pilots_are_the_figures_of_all_readers(case: Case):
    for question in ("ai", "arms"):
        found = pilots(case.found, question)
        needed = case.said["study"]["ai"] if question == "ai" else len(case.said["study"]["arms"]) > 1
        assert bool(found) == needed
        assert len(next_study_gaps(case.found, question)) == (0 if needed else 1)
        if found and question == "ai":
            whole = next(
                contest
                for contest in case.found.ai_with_groups
                if (contest.figure, contest.readers, contest.arm)
                == ("accuracy", len(case.found.study.readers), case.arm)
            )
            one = next(one for one in found if one.figure == "accuracy")
            assert one.inputs == inputs_of(whole.result, cases=whole.cases)
            assert one.observed == whole.result.difference


@pytest.mark.parametrize("question", ["ai", "arms"])
def test_the_table_is_the_power_command_s(case: Case, question: Any):
    for pilot in pilots(case.found, question)[:2]:
        rows = planned(pilot, effect=0.07, cases=120, alpha=0.05)
        words = shlex.split(command(pilot, effect=0.07, cases=120, alpha=0.05))
        assert words[:3] == ["python", "-m", "core"]
        ran = CliRunner().invoke(build_app(), [*words[3:], "--json"], catch_exceptions=False)
        said = json.loads(ran.stdout)["plans"]
        assert [(row.readers, row.power, row.cases_needed) for row in rows] == [
            (one["readers"], one["power"], one["cases_needed"]) for one in said
        ]
        assert [row["power"] for row in plan_table(rows)] == [f"{100 * one['power']:.0f} %" for one in said]
        assert [row["readers"] for row in plan_table(rows)] == list(READERS)


def test_more_readers_and_more_cases_never_lower_the_power_drawn(case: Case):
    for pilot in pilots(case.found, "ai")[:3]:
        chart = power_chart(case.rows.study, pilot, effect=0.07, cases=100, alpha=0.05)
        lines = {n: [row["power"] for row in chart.data if row["readers"] == n] for n in (4, 6, 10, 20)}
        for row in chart.data[::17]:
            assert row["power"] == power(
                pilot.inputs, effect=0.07, readers=row["readers"], cases=row["cases"]
            ).power  # fmt: skip
        assert all(values == sorted(values) for values in lines.values())
        assert all(a <= b + 1e-12 for a, b in zip(lines[4], lines[20], strict=True))
        assert "Hillis, Obuchowski & Berbaum 2011" in chart.method
