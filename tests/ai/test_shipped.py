"""The shipped weights, on a procedural chest: they load, find its lungs, and are alike in both precisions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.ai import model_files
from core.ai.pipeline import read_volume
from core.ai.weights import load_model
from core.imaging.synthetic import small_chest
from tests.ai.build import chest_lungs

pytestmark = [
    pytest.mark.usefixtures("data_dir"),
    pytest.mark.skipif(
        not list((Path(model_files.__file__).parent / "weights").glob("*/*/card.json")), reason="no weights are shipped"
    ),
]


def test_shipped_weights_find_the_lungs_and_agree_in_both_precisions() -> None:
    volume = small_chest(slices=16, size=128, lesion="covid", seed=4)
    fast, full = (read_volume(volume, load_model(device="cpu", fast=quick)) for quick in (True, False))
    assert fast.call == full.call
    for mine, theirs in zip(fast.slices, full.slices, strict=True):
        if mine.probabilities and theirs.probabilities:
            assert mine.probabilities == pytest.approx(theirs.probabilities, abs=0.02)
    truth = chest_lungs(volume)
    assert (truth & (full.lungs > 0)).sum() > 0.9 * truth.sum()
    assert np.count_nonzero(full.lungs) < 1.5 * truth.sum()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU on this machine")
def test_a_gpu_agrees_with_full_precision_on_the_processor() -> None:
    volume = small_chest(slices=40, size=128, lesion="covid", seed=4)  # more slices than one batch
    full = read_volume(volume, load_model(device="cpu", fast=False))
    for fast, within in ((True, 0.02), (False, 0.001)):
        found = read_volume(volume, load_model(device="cuda", fast=fast))
        assert found.call == full.call
        assert (found.lungs != full.lungs).mean() < 0.001
        assert found.heat is not None
        assert full.heat is not None
        assert np.abs(found.heat.astype(int) - full.heat).mean() < 2
        for mine, theirs in zip(found.slices, full.slices, strict=True):
            if mine.probabilities and theirs.probabilities:
                assert mine.probabilities == pytest.approx(theirs.probabilities, abs=within)
