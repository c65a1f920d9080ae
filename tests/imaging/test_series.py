"""Several series and patients in one upload: which is best, and who is who."""

import pickle
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imaging.kernels import Sharpness, sharpness
from core.imaging.read import load, scan
from core.imaging.series import SeriesCandidate
from core.imaging.synthetic import LENGTH_MM
from tests import dicom_builder as build

SECRET = b"secret of this installation"


def variant(
    number: int,
    *,
    thickness: float = 1.0,
    kernel: str = "B30f",
    patient: str = "P-1",
    seed: str = "s",
    slices: int = 10,
) -> list[bytes]:
    datasets = build.series(build.chest(slices=slices), patient_id=patient, number=number, seed=seed)
    for dataset in datasets:
        dataset.SliceThickness, dataset.ConvolutionKernel = thickness, kernel
    return build.files_of(datasets)


def candidates(*several: list[bytes]) -> tuple[SeriesCandidate, ...]:
    return scan(build.uploads([file for files in several for file in files])).series


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"thickness": 1.0}, {"thickness": 5.0}),
        ({"thickness": 1.25}, {"thickness": 1.0, "kernel": "B70f"}),
        ({"thickness": 1.0, "kernel": "B70f"}, {"thickness": 5.0}),
        ({"kernel": "B30f"}, {"kernel": ""}),
        ({"kernel": ""}, {"kernel": "LUNG"}),
        ({"thickness": 1.0}, {"thickness": 1.25}),
        ({"slices": 12}, {"slices": 10}),
    ],
    ids=str,
)
def test_the_better_series_comes_first_and_is_preselected(better: dict[str, Any], worse: dict[str, Any]):
    for found in (
        candidates(variant(1, **better), variant(2, **worse)),
        candidates(variant(2, **worse), variant(1, **better)),
    ):
        assert [one.preselected for one in found] == [True, False]
        for key, value in better.items():
            shown = {"thickness": found[0].thickness_mm, "kernel": found[0].kernel or "", "slices": found[0].slices}
            assert shown[key] == value


def test_a_series_that_covers_the_lungs_goes_before_a_thinner_part():
    whole, part = variant(1, thickness=5.0, slices=20), variant(2, slices=20)[:9]
    found = candidates(part, whole)
    assert found[0].slices == 20
    assert found[0].coverage_mm == pytest.approx(LENGTH_MM * 19 / 20 + 5, abs=0.1)


def test_every_patient_has_a_preselected_series_and_a_key_of_its_own():
    found = candidates(variant(1), variant(2, kernel="B70f"), variant(1, patient="P-2", seed="t"))
    keys = [one.patient_key(SECRET) for one in found]
    assert sum(one.preselected for one in found) == 2
    assert len(set(keys)) == 2
    assert keys[0] != found[0].patient_key(b"another installation")
    assert all(len(key) == 64 for key in keys)


def test_one_patient_has_one_key_in_two_studies():
    first, second = candidates(variant(1)), candidates(variant(1, seed="later"))
    assert first[0].patient_key(SECRET) == second[0].patient_key(SECRET)


@pytest.mark.parametrize("nobody", ["", "ANONYMOUS", "0"])
def test_a_patient_id_that_names_nobody_falls_back_on_the_study(nobody: str):
    found = candidates(variant(1, patient=nobody), variant(1, patient=nobody, seed="t"))
    assert len({one.patient_key(SECRET) for one in found}) == 2


def test_issuers_tell_equal_numbers_apart():
    datasets = build.series(patient_id="P-1", seed="t")
    for dataset in datasets:
        dataset.IssuerOfPatientID = "Another hospital"
    found = candidates(variant(1), build.files_of(datasets))
    assert len({one.patient_key(SECRET) for one in found}) == 2


def test_two_acquisitions_in_one_series_become_two_candidates():
    first, second = build.series(), build.series()
    for dataset in second:
        dataset.AcquisitionNumber = 2
        dataset.SOPInstanceUID = build.uid(f"again {dataset.InstanceNumber}")
    for dataset in first:
        dataset.AcquisitionNumber = 1
    found = candidates(build.files_of(first), build.files_of(second))
    assert [one.slices for one in found] == [10, 10]
    assert load(found[0]).content_hash == load(found[1]).content_hash


def test_two_patients_under_one_series_number_are_not_mixed():
    other = deepcopy(build.series())
    for dataset in other:
        dataset.PatientID = "P-2"
    found = candidates(variant(1), build.files_of(other))
    assert [one.slices for one in found] == [10, 10]


def test_a_candidate_cannot_be_pickled_with_its_patient():
    with pytest.raises(TypeError, match="stays in memory"):
        pickle.dumps(candidates(variant(1))[0].identity)


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("B30f", Sharpness.SOFT),
        ("D40s", Sharpness.SOFT),
        ("Br40d/3", Sharpness.SOFT),
        ("I31f", Sharpness.SOFT),
        ("B70f", Sharpness.SHARP),
        ("Bl57", Sharpness.SHARP),
        ("STANDARD", Sharpness.SOFT),
        ("LUNG", Sharpness.SHARP),
        ("BONEPLUS", Sharpness.SHARP),
        ("L", Sharpness.SHARP),
        ("C", Sharpness.SOFT),
        ("YA", Sharpness.SHARP),
        ("FC08", Sharpness.SOFT),
        ("FC51", Sharpness.SHARP),
        ("", Sharpness.UNKNOWN),
        (None, Sharpness.UNKNOWN),
        ("mystery", Sharpness.UNKNOWN),
    ],
)
def test_the_sharpness_of_kernels(kernel: str | None, expected: Sharpness):
    assert sharpness(kernel) is expected


@given(st.text(max_size=40))
def test_any_kernel_name_has_a_sharpness(kernel: str):
    assert sharpness(kernel) in Sharpness
