"""What must hold for every procedural case."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.training.procedural.cap import FAMILIES as CAP
from core.training.procedural.cap import set_cap
from core.training.procedural.case import CLEAR_MM2, FAINT_MM2
from core.training.procedural.covid import FAMILIES as COVID
from core.training.procedural.fields import Grid, depth_mm
from core.training.procedural.lesions import describe
from core.training.procedural.unseen import FAMILIES as UNSEEN
from tests.training.cases import small_case

LABELS = st.sampled_from(["normal", "cap", "covid"])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), label=LABELS, unseen=st.booleans())
def test_labels_masks_and_hu_agree(seed, label, unseen):
    case = small_case(seed, label, unseen=unseen)
    pixel = case.spacing[1] * case.spacing[2]
    area = case.lesion.sum((1, 2)) * pixel
    code = ("normal", "cap", "covid").index(label)
    assert case.hu.dtype == np.int16
    assert case.hu.min() >= -3024
    assert case.hu.max() <= 3071
    assert set(np.unique(case.lungs)) <= {0, 1, 2}
    assert not (case.lesion[case.lungs == 0]).any()
    assert ((case.labels == code) | (case.labels == 0) | (case.labels == 255)).all()
    assert (case.labels[area >= CLEAR_MM2] == code).all()
    assert (case.labels[area <= FAINT_MM2] == 0).all()
    if label == "normal":
        assert not case.lesion.any()


@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_lungs_are_two_air_filled_organs_inside_the_body(seed):
    case = small_case(seed, "normal")
    right, left = case.lungs == 1, case.lungs == 2
    assert right.any()
    assert left.any()
    assert np.argwhere(right)[:, 2].mean() < np.argwhere(left)[:, 2].mean()  # patient's right is on the viewer's left
    assert np.median(case.hu[case.lungs > 0]) < -550  # a free breath leaves them denser
    for lungs, hu in zip(case.lungs, case.hu, strict=True):
        if lungs.any():
            rows = np.flatnonzero(lungs.any(1))
            assert (hu[: rows[0] + 1] > -300).any(), "no chest wall in front of the lungs"
            assert (hu[rows[-1] :] > -300).any(), "no chest wall behind the lungs"
    litres = (case.lungs > 0).sum() * np.prod(case.spacing) / 1e6
    assert 1.0 < litres < 10.0


def test_a_seed_gives_the_same_arrays_and_another_seed_others():
    one, same, other = small_case(3, "covid"), small_case(3, "covid"), small_case(4, "covid")
    assert np.array_equal(one.hu, same.hu)
    assert np.array_equal(one.lesion, same.lesion)
    assert np.array_equal(one.labels, same.labels)
    assert one.hu.shape != other.hu.shape or not np.array_equal(one.hu, other.hu)


@pytest.mark.parametrize(("label", "family"), [*(("covid", f) for f in COVID), *(("cap", f) for f in CAP)])
def test_every_family_draws_a_lesion_denser_than_lung(label, family):
    case = small_case(21, label, family=family)
    assert case.lesion.any()
    healthy = case.hu[(case.lungs > 0) & (case.lesion == 0)]
    assert np.median(case.hu[case.lesion > 0]) > np.median(healthy) + 40


def test_covid_is_two_sided_and_lobar_pneumonia_mostly_not():
    def sides(label, family):
        shares = []
        for seed in range(3):
            case = small_case(seed, label, family=family)
            right, left = (float(((case.lungs == k) & (case.lesion > 0)).sum()) for k in (1, 2))
            shares.append(min(right, left) / max(right, left, 1.0))
        return np.median(shares)

    assert sides("covid", "patches") > sides("cap", "lobar")


def test_bronchiolitis_lies_around_airways_and_early_covid_at_the_pleura():
    def depth(label, family):
        chests = [small_case(seed, label, family=family) for seed in range(2)]
        grids = [Grid(c.hu.shape, c.spacing) for c in chests]
        return np.mean([depth_mm(c.lungs, g)[c.lesion > 0].mean() for c, g in zip(chests, grids, strict=True)])

    assert depth("cap", "bronchiolitis") > depth("covid", "early")


@pytest.mark.parametrize("family", CAP)
def test_a_lung_too_shallow_for_bronchi_takes_every_family(family):
    hu, lungs = np.full((3, 48, 48), -850, np.float32), np.zeros((3, 48, 48), np.uint8)
    lungs[1, 20:28, 10:12] = 1
    grid = Grid(lungs.shape, (5.0, 3.0, 3.0))
    for seed in range(4):
        rng = np.random.default_rng(seed)
        set_cap(rng, describe(rng, grid, hu, lungs, np.zeros_like(lungs)), family=family)
    assert np.isfinite(hu).all()
    assert (hu[lungs == 0] == -850).all()


def test_cohorts_use_families_that_training_does_not():
    assert not set(UNSEEN["covid"]) & set(COVID)
    assert not set(UNSEEN["cap"]) & set(CAP)
