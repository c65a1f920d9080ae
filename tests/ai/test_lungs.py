"""Lung masks: what post-processing does, and that any grid is served."""

import numpy as np
import pytest
from scipy import ndimage

from core.ai.lungs import (
    LEFT,
    RIGHT,
    NoLungs,
    around,
    clean,
    close_bays,
    drop_domes,
    drop_outer_air,
    drop_windpipe,
    labels,
    lung_mask,
    volume_ml,
)
from core.imaging.synthetic import small_chest
from tests.ai.build import SMALL, chest_lungs, small_model

PIXEL_MM2 = 4.0


def two_lungs() -> np.ndarray:
    small = np.zeros((20, 96, 96), np.uint8)
    small[2:18, 20:70, 10:40] = RIGHT
    small[2:18, 20:70, 56:86] = LEFT
    return small


def test_specks_outside_the_lungs_are_dropped() -> None:
    small = two_lungs()
    small[5, 90:93, 90:93] = LEFT
    clean(small, PIXEL_MM2)
    assert np.array_equal(small, two_lungs())


def test_an_island_of_one_side_in_the_other_changes_sides() -> None:
    small = two_lungs()
    small[5:8, 30:36, 20:26] = LEFT
    clean(small, PIXEL_MM2)
    assert np.array_equal(small, two_lungs())


def test_a_nodule_and_a_consolidation_inside_a_lung_are_filled() -> None:
    small = two_lungs()
    small[4, 40:45, 20:25] = 0
    small[8:14, 30:60, 60:80] = 0
    clean(small, PIXEL_MM2)
    assert np.array_equal(small, two_lungs())


def test_the_liver_below_its_dome_is_not_filled() -> None:
    small = two_lungs()
    small[12:18, 30:60, 15:35] = 0  # open toward the abdomen
    before = small.copy()
    clean(small, PIXEL_MM2)
    assert np.array_equal(small, before)


def test_lungs_that_touch_do_not_swallow_the_mediastinum() -> None:
    small = two_lungs()
    small[5:10, 20:24, 40:48], small[5:10, 20:24, 48:56] = RIGHT, LEFT
    small[5:10, 66:70, 40:48], small[5:10, 66:70, 48:56] = RIGHT, LEFT
    before = small.copy()
    clean(small, PIXEL_MM2)
    assert np.array_equal(small, before)


def test_a_consolidation_at_the_pleura_is_taken_back_in_and_the_heart_is_not() -> None:
    small = two_lungs()
    small[6:9, 60:70, 20:28] = 0  # 16 mm wide, open toward the back
    small[6:9, 30:60, 56:62] = 0  # 60 mm wide, open toward the heart
    close_bays(small, (2.0, 2.0), radius_mm=12.0)
    assert (small[6:9, 60:67, 20:28] == RIGHT).all()  # a disc leaves the outermost corner
    assert (small[6:9, 38:52, 56:60] == 0).all()
    assert ((small == 0) >= (two_lungs() == 0)).all()


def test_airways_and_bowel_leave_the_mask_and_cavities_stay() -> None:
    small, air = two_lungs(), np.zeros((20, 96, 96), np.bool_)
    air[0:10, 40:50, 36:52] = True  # an airway whose rim was taken for lung
    air[5:8, 30:36, 70:76] = True  # a cavity
    drop_outer_air(small, air)
    assert not small[2:10, 40:50, 36:40].any()
    assert (small[5:8, 30:36, 70:76] == LEFT).all()


def test_a_stomach_that_bulges_into_a_lung_is_not_filled_and_a_consolidation_is() -> None:
    small, aerated = two_lungs(), np.ones((20, 96, 96), np.bool_)
    for z in range(13, 20):  # a dome: a hole of 400 mm² that widens toward the abdomen
        w = 5 + 2 * (z - 13)
        aerated[z, 45 - w : 45 + w, 71 - w : 71 + w] = False
    aerated[5:9, 40:50, 20:30] = False  # a consolidation with aerated lung below it
    small[~aerated & (small > 0)] = 0
    own = small > 0
    clean(small, PIXEL_MM2)
    assert (small[13, 40:50, 66:76] == LEFT).all()  # filling alone takes the dome's top for a hole in the lung
    drop_domes(small, own, aerated, PIXEL_MM2)
    assert not small[13:, 40:50, 66:76].any()
    assert (small[5:9, 40:50, 20:30] == RIGHT).all()


def test_a_consolidated_base_that_the_network_calls_lung_stays() -> None:
    small, aerated = two_lungs(), np.ones((20, 96, 96), np.bool_)
    aerated[10:, 40:60, 15:35] = False
    before = small.copy()
    drop_domes(small, small > 0, aerated, PIXEL_MM2)
    assert np.array_equal(small, before)


def test_the_windpipe_leaves_the_mask_and_a_bulla_stays() -> None:
    small, air = two_lungs(), np.zeros((20, 96, 96), np.bool_)
    small[2:10, 36:52, 40:48], small[2:10, 36:52, 48:56] = RIGHT, LEFT  # the network took it for lung
    air[0:10, 40:48, 44:52] = air[5:8, 30:38, 20:28] = True
    drop_windpipe(small, air, (2.0, 2.0))
    assert not small[2:10, 40:48, 44:52].any()
    assert (small[5:8, 30:38, 20:28] == RIGHT).all()


def test_an_empty_prediction_stays_empty() -> None:
    small = np.zeros((4, 32, 32), np.uint8)
    clean(small, PIXEL_MM2)
    assert not small.any()


@pytest.mark.parametrize(("slices", "size"), [(24, 128), (20, 256)])
def test_masks_lie_on_the_volumes_grid_with_right_and_left_apart(slices: int, size: int) -> None:
    volume = small_chest(slices=slices, size=size, seed=3)
    lungs = lung_mask(volume.hu, volume.spacing_mm, small_model(), parameters=SMALL)
    assert lungs.shape == volume.hu.shape
    assert lungs.dtype == np.uint8
    truth = chest_lungs(volume)
    found = lungs > 0
    assert (found & truth).sum() > 0.95 * truth.sum()
    assert found.sum() < 1.3 * truth.sum()  # the threshold leaves vessels out
    assert (lungs[:, :, : size // 2 - 8] != LEFT).all()
    assert (lungs[:, :, size // 2 + 8 :] != RIGHT).all()


def test_padding_far_below_air_changes_nothing_inside() -> None:
    volume = small_chest(slices=16, size=128, seed=3)
    y, x = np.mgrid[0:128, 0:128]
    padded = np.where((y - 63.5) ** 2 + (x - 63.5) ** 2 > 63.5**2, -3024, volume.hu).astype(np.int16)
    model = small_model()
    plain = lung_mask(volume.hu, volume.spacing_mm, model, parameters=SMALL)
    assert np.array_equal(lung_mask(padded, volume.spacing_mm, model, parameters=SMALL), plain)


def test_a_series_without_lungs_is_refused_in_words() -> None:
    with pytest.raises(NoLungs, match="check that it is a chest CT"):
        lung_mask(np.full((10, 64, 64), 40, np.int16), (5.0, 1.0, 1.0), small_model(), parameters=SMALL)


def test_volume_counts_voxels_in_ml() -> None:
    assert volume_ml(np.ones((10, 10, 10), np.uint8), (2.0, 1.0, 0.5)) == pytest.approx(1.0)


def test_progress_reaches_the_last_slice() -> None:
    volume = small_chest(slices=20, size=96)
    told: list[tuple[int, int]] = []
    lung_mask(
        volume.hu,
        volume.spacing_mm,
        small_model(),
        parameters=SMALL,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (20, 20)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_pixel_is_lung_from_the_threshold_on_and_takes_the_likelier_side() -> None:
    probabilities = np.array([[0.76, 0.2, 0.04], [0.7, 0.1, 0.2], [0.2, 0.5, 0.3]])
    logits = np.log(probabilities).T[None, :, None]  # (1, 3, 1, 3)
    assert labels(logits, 0.25).tolist() == [[[0, LEFT, RIGHT]]]
    assert labels(logits, 0.5).tolist() == [[[0, 0, RIGHT]]]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_done_around_the_lungs_alone_comes_out_as_in_the_whole_volume(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(rng.standard_normal((20, 60, 70)), 2.5)
    whole = np.zeros((24, 96, 96), np.uint8)
    top, left = rng.integers(0, 4), rng.integers(0, 20)  # at the volume's edge, or not
    piece = whole[top : top + 20, left : left + 60, 5:75]
    piece[:] = np.where(rough > 0.01, np.where(np.arange(70) < 35, RIGHT, LEFT), 0)
    part = whole.copy()
    box = around(part)
    for small in (whole, part[box]):
        clean(small, PIXEL_MM2)
        close_bays(small, (2.0, 2.0), radius_mm=12.0)
    assert (part > 0).any()
    assert np.array_equal(part, whole)


def test_a_mask_without_lungs_is_all_around_them() -> None:
    empty = np.zeros((3, 16, 16), np.uint8)
    assert empty[around(empty)].shape == empty.shape
