"""From HU to network inputs: the same for every grid."""

import numpy as np

from core.ai.parameters import LUNG_WINDOW, PipelineParams
from core.ai.preprocess import Box, lung_box, lung_input, slice_input, to_gray

PARAMETERS = PipelineParams()


def test_the_lung_window_maps_its_ends_to_black_and_white() -> None:
    hu = np.array([-3024, -1350, -600, 150, 3071], np.int16)
    assert to_gray(hu, LUNG_WINDOW).tolist() == [0, 0, 128, 255, 255]


def test_the_box_is_a_square_around_the_lungs_with_a_margin() -> None:
    lungs = np.zeros((10, 100, 120), np.uint8)
    lungs[3:8, 40:60, 20:100] = 1
    box = lung_box(lungs, (2.0, 2.0, 2.0), margin_mm=8.0)
    assert (box.x0, box.x1) == (16, 104)
    assert box.y1 - box.y0 == box.x1 - box.x0
    assert abs((box.y0 + box.y1) / 2 - 50) <= 1


def test_a_stray_voxel_far_away_does_not_widen_the_box() -> None:
    lungs = np.zeros((10, 100, 120), np.uint8)
    lungs[3:8, 40:60, 20:100] = 1
    clean = lung_box(lungs, (2.0, 2.0, 2.0), margin_mm=8.0)
    lungs[9, 0, 0] = 1
    assert lung_box(lungs, (2.0, 2.0, 2.0), margin_mm=8.0) == clean


def test_a_volume_without_lungs_has_the_image_as_its_box() -> None:
    assert lung_box(np.zeros((4, 60, 80), np.uint8), (1.0, 1.0, 1.0), margin_mm=8.0) == Box(0, 80, 0, 80)


def test_only_lung_reaches_the_slice_network() -> None:
    rng = np.random.default_rng(0)
    lungs = np.zeros((64, 64), np.uint8)
    lungs[20:40, 10:30] = 1
    hu = rng.integers(-900, -100, (64, 64)).astype(np.int16)
    other = np.where(lungs > 0, hu, rng.integers(-3024, 3000, (64, 64))).astype(np.int16)
    box = Box(10, 54, 5, 49)
    assert np.array_equal(slice_input(hu, lungs, box, PARAMETERS), slice_input(other, lungs, box, PARAMETERS))
    assert slice_input(hu, lungs, box, PARAMETERS).shape == (PARAMETERS.slice_size, PARAMETERS.slice_size)


def test_a_box_that_reaches_outside_the_image_is_filled_with_black() -> None:
    hu = np.full((20, 20), 100, np.int16)
    gray = slice_input(hu, np.ones((20, 20), np.uint8), Box(-20, 20, -20, 20), PARAMETERS)
    half = PARAMETERS.slice_size // 2
    assert gray[: half - 2].max() == 0
    assert gray[half + 2 :, half + 2 :].min() > 240


def test_padding_values_look_like_air_to_the_lung_network() -> None:
    padded, air = np.full((128, 128), -3024, np.int16), np.full((128, 128), -1024, np.int16)
    assert np.array_equal(lung_input(padded, PARAMETERS), lung_input(air, PARAMETERS))


def test_a_coarse_and_a_fine_grid_give_like_inputs() -> None:
    y, x = np.mgrid[0:512, 0:512]
    fine = np.where(((y - 256) / 90) ** 2 + ((x - 150) / 70) ** 2 < 1, -850, 40).astype(np.int16)
    coarse = fine[::4, ::4]
    difference = lung_input(fine, PARAMETERS).astype(int) - lung_input(coarse, PARAMETERS).astype(int)
    assert np.abs(difference).mean() < 6
