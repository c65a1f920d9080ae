"""Real CT, where it is at hand: order, direction and values of one JPEG Lossless and one implicit VR series."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.imaging.read import read_path

SHARED = Path(os.environ.get("PARALLAX_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "ct"


@pytest.mark.parametrize(
    ("folder", "shape", "top"),
    [("covid-ct-md/P001", (148, 512, 512), -52.1), ("lung-pet-ct-dx/Lung_Dx-A0001", (64, 512, 512), -124.0)],
)
def test_a_real_series_lies_on_the_grid(folder: str, shape: tuple[int, int, int], top: float):
    if not (SHARED / folder).is_dir():
        pytest.skip("the shared CT data are not here (PARALLAX_SHARED)")
    volume = read_path(SHARED / folder)
    assert volume.hu.shape == shape
    assert volume.z_mm[0] == pytest.approx(top)
    chest = volume.hu[:, 150:350, 110:400]  # within the body, without clothes and table
    lung = (chest > -950) & (chest < -700)
    assert lung[shape[0] // 3].sum() > 5 * lung[-1].sum()  # lung in the top third, belly at the end
    rows = np.nonzero(volume.hu[shape[0] // 2][:, 192:320] > 300)[0]
    assert np.median(rows) > 256  # the spine lies toward the back, which is down
    liver = np.abs(volume.hu[-1] - 55) < 40
    assert liver[:, :256].sum() > 0.9 * liver[:, 256:].sum()  # the patient's right is on the left
