"""Only HU become a volume: maps, stored, gray or inverted values and empty pictures are refused by what is seen."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import nibabel
import numpy as np
import pytest

from core.imaging.errors import ImagingError
from core.imaging.plausible import check_hu, sampled
from core.imaging.read import load, opening, scan
from tests import dicom_builder as build

CHEST = build.chest()
DATASETS = build.series(CHEST)


def refusal(files: list[bytes]) -> str:
    found = scan(build.uploads(files))
    if not found.series:
        return str(found.rejected[0])
    with pytest.raises(ImagingError) as caught:
        load(found.series[0])
    assert caught.value.__context__ is None
    return str(caught.value)


def edited(**values: object) -> list[bytes]:
    return build.files_of(build.edited(DATASETS, **values))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("MGML", "mg/ml of a material such as iodine"),
        ("Z_EFF", "effective atomic numbers"),
        ("ED", "electron densities"),
        ("EDW", "electron densities relative to water"),
        ("PCT", "percentages"),
        ("HU_MOD", "HU that were modified"),
        ("OD", "optical densities"),
        ("SUV", "uptake values"),
        ("mgml", "mg/ml"),
        ("mg/ml", "mg/ml"),
        ("something else", "their rescale type says so"),
        ("HUX", "their rescale type says so"),
    ],
)
def test_a_rescale_type_of_another_unit_is_refused(kind: str, said: str):
    sentence = refusal(edited(RescaleType=kind))
    assert said in sentence
    assert "not HU" in sentence
    assert "something" not in sentence


@pytest.mark.parametrize(
    "kind",
    [None, "", "US", "HU", "hu", "Hu ", "us", "Houndsfield Unit", "HOUNSFIELD", "Hounsfield Units", "unspecified"],
)
def test_types_that_say_hu_or_nothing_stay_readable(kind: str | None):
    assert np.array_equal(load(scan(build.uploads(edited(RescaleType=kind))).series[0]).hu, CHEST.hu)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("MAT_SPECIFIC", "map of a material"),
        ("MAT_FRACTIONAL", "map of a material"),
        ("IODINE", "map of a material"),
        ("EFF_ATOMIC_NUM", "map of effective atomic numbers"),
        ("Z_EFFECTIVE", "map of effective atomic numbers"),
        ("ELECTRON_DENSITY", "map of electron density"),
        ("LUNG PBV", "map of perfusion"),
    ],
)
def test_an_image_type_that_names_a_map_is_refused_even_as_hu(word: str, said: str):
    assert said in refusal(edited(ImageType=["DERIVED", "PRIMARY", "AXIAL", word]))


def test_a_mapping_to_another_unit_is_refused_and_one_to_hu_is_read():
    def mapped(code: str) -> list[bytes]:
        units, mapping = build.Dataset(), build.Dataset()
        units.CodeValue, units.CodingSchemeDesignator, units.CodeMeaning = code, "UCUM", "unit"
        mapping.MeasurementUnitsCodeSequence = [units]
        return edited(RescaleType="", RealWorldValueMappingSequence=[mapping])

    assert "another unit than HU" in refusal(mapped("mg/cm3"))
    assert load(scan(build.uploads(mapped("[hnsf'U]"))).series[0]).content_hash


def test_a_map_in_a_file_of_many_images_is_refused():
    whole = build.enhanced(DATASETS)
    for group in whole.PerFrameFunctionalGroupsSequence:
        group.PixelValueTransformationSequence[0].RescaleType = "MGML"
    assert "mg/ml" in refusal([build.file_bytes(whole)])


def shown(change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.rint(change(CHEST.hu.astype(float))).clip(-32768, 32767).astype(np.int16)


def gray(hu: np.ndarray) -> np.ndarray:
    return ((hu + 1000) / 2000).clip(0, 1) * 255


WRONG: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "stored values": (lambda hu: hu + 1024, "air at 2"),
    "stored values of 1000": (lambda hu: hu + 1000, "air at "),
    "stored values with padding": (lambda hu: np.where(hu < -990, -2000, hu + 1024), "air at "),
    "gray": (gray, "air at 0"),
    "gray read with the usual intercept": (lambda hu: gray(hu) - 1024, "soft tissue at -8"),
    "inverted gray": (lambda hu: 255 - gray(hu), "air at "),
    "inverted": (lambda hu: -hu, "air at -"),
    "inverted with dense parts": (lambda hu: np.where((hu > -200) & (hu < -20), -900, -hu), "denser than bone"),
    "inverted stored values": (lambda hu: 3071 - hu, "air at "),
    "one to ten": (lambda hu: hu / 10, "air at "),
    "half": (lambda hu: hu / 2, "air at "),
    "doubled": (lambda hu: hu * 2, "air at "),
    "no more than 0 and 1": (lambda hu: hu > -500, "air at "),
    "z scores": (lambda hu: (hu - hu.mean()) / hu.std(), "air at "),
    "effective atomic numbers": (lambda hu: 7.4 + hu / 500, "air at "),
    "electron densities": (lambda hu: 1000 + hu, "air at "),
    "percent": (lambda hu: 100 + hu / 10, "air at "),
    "constant": (lambda hu: hu * 0 - 700, "Every voxel of this volume is -700"),
    "empty": (lambda hu: hu * 0, "Every voxel of this volume is 0"),
    "padding alone": (lambda hu: hu * 0 - 2000, "Every voxel of this volume is -1024"),
    "shifted by a thousand": (lambda hu: hu + 1000 - 24, "air at "),
    "all air": (lambda hu: hu / 100 - 1000, "soft tissue at -"),
}


@pytest.mark.parametrize("how", sorted(WRONG))
@pytest.mark.parametrize("source", ["DICOM", "one DICOM file", "NIfTI"])
def test_values_that_are_not_hu_are_refused_whichever_way_they_come(source: str, how: str):
    change, said = WRONG[how]
    values = shown(change)
    if source == "NIfTI":
        files = [nibabel.Nifti1Image(np.transpose(values)[::-1, ::-1, ::-1], np.diag([8, 8, 28, 1])).to_bytes()]
    else:
        datasets = [build.with_pixels(dataset, values[place]) for place, dataset in enumerate(DATASETS)]
        for dataset in datasets:
            dataset.RescaleIntercept = 0
        files = build.files_of(datasets) if source == "DICOM" else [build.file_bytes(build.enhanced(datasets))]
    assert said in refusal(files)


def test_what_is_read_while_it_arrives_is_checked_before_the_first_slice(tmp_path):
    for number, data in enumerate(edited(RescaleIntercept=0)):
        (tmp_path / f"{number}.dcm").write_bytes(data)
    with opening(tmp_path, tell=print) as arriving:
        coming: Any = arriving
        with pytest.raises(ImagingError, match="air at 2"):
            coming.wait_for(0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "change",
    [
        lambda hu: hu,
        lambda hu: hu.clip(-1000, 400),
        lambda hu: np.where(hu < -980, -3024, hu),  # scanners write this outside the circle
        lambda hu: hu[:, 30:100, 20:110],  # cut to the lungs
        lambda hu: np.where(hu > 200, 3071, hu),  # metal and contrast
        lambda hu: hu + 24,
        lambda hu: np.where((hu < -700) & (np.indices(hu.shape)[1] % 8 < 7), -80, hu),  # consolidated nearly all over
    ],
    ids=["plain", "clipped", "circle", "cut", "bright", "air at -976", "consolidated"],
)
def test_ct_of_a_body_is_accepted(seed: int, change: Callable[[np.ndarray], np.ndarray]):
    hu = change(build.small_chest(seed=seed, lesion="cap").hu.astype(np.int16))
    check_hu([hu[index].clip(-1024) for index in sampled(len(hu))])


def test_the_few_slices_that_are_looked_at_are_spread_over_the_chest():
    assert sampled(8) == (0, 1, 2, 3, 4, 5, 6)
    assert sampled(100) == (10, 22, 35, 47, 60, 72, 85)
    unlike = deepcopy(CHEST.hu)
    unlike[:] = 0
    with pytest.raises(ImagingError, match="Every voxel"):
        check_hu([unlike[index] for index in sampled(10)])
