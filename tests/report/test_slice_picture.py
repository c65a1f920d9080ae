"""Slices on the case page: the window in HU, and the AI's overlays where they are stored."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.errors import NotFound
from core.imaging.storage import VolumeStore
from core.imaging.volume import volume_of
from core.report.slice_picture import slice_png

WEIGHTS = "ab" * 32


@pytest.fixture
def stored(tmp_path: Path) -> tuple[VolumeStore, str]:
    hu = np.full((3, 16, 24), -600, np.int16)
    hu[1, 0, 0], hu[1, 0, 1] = -1350, 150  # the ends of the lung window
    store = VolumeStore(str(tmp_path / "volumes"))
    key = store.put(volume_of(hu, (5.0, 1.0, 1.0)))
    lungs = np.zeros((3, 16, 24), np.uint8)
    lungs[1, 8:, :] = 1
    store.put_array(key, f"lungs-{WEIGHTS[:12]}", lungs)
    heat = np.zeros((1, 8, 12), np.uint8)
    heat[0, :, 6:] = 255
    store.put_array(key, f"heat-{WEIGHTS[:12]}", heat)
    return store, key


def picture(png: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)).astype(int)


def test_the_lung_window_maps_its_ends_to_black_and_white(stored: tuple[VolumeStore, str]):
    drawn = picture(slice_png(*stored, 1, window="lung"))
    assert drawn.shape == (16, 24, 3)
    assert drawn[0, 0].tolist() == [0, 0, 0]
    assert drawn[0, 1].tolist() == [255, 255, 255]
    assert drawn[8, 8].tolist() == [127, 127, 127]


def test_lungs_and_heat_are_laid_over_their_own_slices_only(stored: tuple[VolumeStore, str]):
    plain = picture(slice_png(*stored, 1, window="lung"))
    lungs = picture(slice_png(*stored, 1, window="lung", overlay="lungs", weights=WEIGHTS))
    assert np.array_equal(lungs[:8], plain[:8])
    assert not np.array_equal(lungs[8:], plain[8:])
    heat = picture(slice_png(*stored, 1, window="lung", overlay="heat", weights=WEIGHTS, heat_slices=(1,)))
    assert np.array_equal(heat[:, :10], plain[:, :10])
    assert not np.array_equal(heat[:, 14:], plain[:, 14:])
    elsewhere = picture(slice_png(*stored, 2, window="lung", overlay="heat", weights=WEIGHTS, heat_slices=(1,)))
    assert (elsewhere == 127).all()


def test_an_overlay_of_another_ai_is_not_found(stored: tuple[VolumeStore, str]):
    with pytest.raises(NotFound):
        slice_png(*stored, 1, window="lung", overlay="lungs", weights="cd" * 32)
