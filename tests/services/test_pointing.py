"""The pointing game on maps whose answer is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.services.pointing import lesions, pointed
from tests.ai.build import small_model


def test_a_peak_in_beside_and_far_from_a_lesion_is_told_apart() -> None:
    lesion, lungs = np.zeros((128, 128), np.uint8), np.ones((128, 128), np.uint8)
    lesion[40:60, 40:60] = 1
    for place, beside in (((50, 50), 0.0), ((50, 62), 6.0), ((50, 99), 80.0)):
        heat = np.zeros((128, 128), np.uint8)
        heat[place] = 200
        one = pointed(heat, lesion, lungs, (2.0, 2.0), 4.0)
        assert one.beside_mm == pytest.approx(beside)
        assert one.hit is (beside <= 10)
        assert one.by_chance == pytest.approx((30 * 30 - 4 * 7) / 128**2, abs=0.002)
    assert not pointed(np.zeros((128, 128), np.uint8), lesion, lungs, (2.0, 2.0), 4.0).hit


def test_only_lesions_above_3_ml_count_each_where_it_is_largest() -> None:
    volume = np.zeros((10, 50, 50), np.uint8)
    volume[2, 5:15, 5:15] = 1
    volume[3, 5:20, 5:20] = 1  # 3.25 ml with 10 mm slices of 1 mm
    volume[7, 40:45, 40:45] = 1  # .25 ml
    assert list(lesions(volume, (10.0, 1.0, 1.0), [1, 2, 3, 4])) == [(3, pytest.approx(3.25))]
    assert list(lesions(volume, (10.0, 1.0, 1.0), [2])) == [(2, pytest.approx(3.25))]
    assert not list(lesions(volume, (10.0, 1.0, 1.0), [5, 6]))


def test_the_command_counts_hits_and_chance(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.engines.ready_model", lambda *_, **__: small_model())
    done = CliRunner().invoke(build_app(), ["bench", "pointing", "--cases", "1", "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["cases"] == 1
    assert found["within"] <= found["hits"] <= found["lesions"]
    assert found["lesions"] == 0 or 0 < found["by_chance"] < 1
