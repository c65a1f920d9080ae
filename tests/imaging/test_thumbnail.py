"""The small picture of a volume: three views through the lungs, in proportion, of what is stored or not yet."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.imaging.intake import Intake
from core.imaging.storage import VolumeStore
from core.imaging.thumbnail import GAP, SIDE, picture
from tests import dicom_builder as build


def chest(depth: int = 40, side: int = 100) -> NDArray[np.int16]:
    """Return a body of water with one lung in the image's left half, below the middle: air outside."""
    hu = np.full((depth, side, side), -1000, np.int16)
    hu[:, 10:90, 10:90] = 40
    hu[20:36, 40:70, 20:45] = -850
    return hu


def views(data: bytes) -> list[Any]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image.shape == (SIDE, 3 * SIDE + 2 * GAP)
    return [image[:, k * (SIDE + GAP) : k * (SIDE + GAP) + SIDE] for k in range(3)]


def lung(view: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Return where aerated lung lies in a view (down, across, as shares) and its share of the view."""
    low, high = ((np.array([-900.0, -800.0]) + 1350) / 1500 * 255).round()
    down, across = np.nonzero((view >= low) & (view <= high))
    return float(down.mean()) / SIDE, float(across.mean()) / SIDE, len(down) / view.size


def test_every_view_goes_through_the_lung_where_it_is():
    axial, coronal, sagittal = (lung(view) for view in views(picture(chest(), (2.5, 1.0, 1.0))))
    assert axial == pytest.approx((0.55, 0.325, 0.075), abs=0.02)
    assert coronal == pytest.approx((0.70, 0.325, 0.10), abs=0.02)  # its top is the apex
    assert sagittal == pytest.approx((0.70, 0.55, 0.12), abs=0.02)


def test_foam_of_the_table_is_no_lung():
    hu = chest()
    hu[:, 92:95, :] = -900  # wider than the lung, but thin
    hu[:, 9, :] = -700  # the edge of the skin
    _, coronal, sagittal = (lung(view) for view in views(picture(hu, (2.5, 1.0, 1.0))))
    assert coronal == pytest.approx((0.70, 0.325, 0.10), abs=0.02)
    assert sagittal[:2] == pytest.approx((0.70, 0.55), abs=0.06)


def test_a_view_keeps_its_proportions_and_lies_on_black():
    _, coronal, _ = views(picture(chest(depth=20), (1.0, 1.0, 1.0)))  # 20 mm tall, 100 mm wide
    tall = np.flatnonzero(coronal.max(1) > 100)
    assert 18 <= len(tall) <= 26
    assert tall.mean() == pytest.approx(SIDE / 2, abs=2)
    thick = views(picture(chest(depth=20), (10.0, 1.0, 1.0)))[1]  # 200 mm tall
    assert (thick.max(0) > 100).sum() == pytest.approx(SIDE * 0.4, abs=5)


@pytest.mark.parametrize("hu", [np.full((8, 16, 16), -1000, np.int16), np.full((8, 16, 900), 3071, np.int16)])
def test_what_has_no_lungs_has_a_picture_too(hu: NDArray[np.int16]):
    assert len(views(picture(hu, (35.0, 0.1, 0.7)))) == 3


def test_a_volume_is_stored_with_its_picture_and_an_older_one_gets_it_when_asked(tmp_path: Path):
    store, volume = VolumeStore(str(tmp_path)), build.chest()
    key = store.put(volume)
    expected = picture(volume.hu, volume.spacing_mm)
    assert store.picture(key) == expected
    store.put_array(key, "picture", np.zeros((1, 1), np.uint8))
    assert store.picture(key) == b"\0"  # it is what is stored, not drawn anew
    older = VolumeStore(str(tmp_path / "older"))
    older._place.write_volume(key, *_written(store, key))
    assert older.picture(key) == expected
    assert older.array(key, "picture").tobytes() == expected


def test_an_upload_shows_a_picture_of_each_series_before_it_is_stored():
    files = build.files_of(build.series(build.chest()))
    with Intake([build.NamedBytes(data, f"IM{place}") for place, data in enumerate(files)]) as reading:
        series = reading.scan().series[0]
        before = reading.picture(series.key)
    assert before == picture(build.chest().hu, build.chest().spacing_mm)  # few slices: it looks at all of them


def _written(store: VolumeStore, key: str) -> tuple[bytes, bytes]:
    reader = store._place.reader(key, "hu.packed")
    geometry = store._place.geometry(key)
    assert geometry is not None
    return reader(0, 2**20), geometry
