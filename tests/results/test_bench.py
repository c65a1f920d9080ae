"""The bench of the results: it simulates, times every panel, and adds up what it says it adds up."""

from pathlib import Path

import pytest

from core.cli import report as commands
from core.results.panels.registry import PANELS
from db.engine import engine_for


@pytest.mark.parametrize("aided", [False, True])
def test_every_panel_is_timed_on_a_study_made_for_it(tmp_path: Path, aided: bool):
    url = f"sqlite:///{tmp_path}/bench.db"
    commands._simulated(url, 4, 12, aided)
    found = commands._costs(url)
    engine_for(url).dispose()
    steps = {step.step: step.processor_s for step in found.steps}
    assert {panel.title for panel in PANELS} - {"Comparison"} <= steps.keys()
    assert found.cold_s == pytest.approx(steps["rows"] + steps["comparison, cold"], abs=1e-9)
    filtered = sorted(seconds for step, seconds in steps.items() if step.startswith("comparison, filtered: "))
    assert len(filtered) == 5
    assert found.filter_s == filtered[2]
    assert 12 * 4 * (1 + aided) < found.reads <= 12 * 4 * (1 + aided) + 12
    assert found.memory_mb > 50
