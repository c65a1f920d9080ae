"""NIfTI headers as converters really write them: what nibabel and ITK repair is read, contradictions are refused."""

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from core.imaging.errors import ImagingError
from core.imaging.read import load, scan
from core.imaging.volume import Volume
from tests import dicom_builder as build
from tests.imaging import quirks

CHEST = build.chest()
SIZES = [1.0, *CHEST.spacing_mm[::-1], 1.0, 1.0, 1.0, 1.0]
ZEROS = {f"srow_{axis}": [0.0] * 4 for axis in "xyz"}


def read(data: bytes) -> Volume:
    found = scan(build.uploads([data]))
    assert found.rejected == ()
    return load(found.series[0])


def refusal(data: bytes) -> str:
    found = scan(build.uploads([data]))
    if not found.series:
        return str(found.rejected[0])
    with pytest.raises(ImagingError) as caught:
        load(found.series[0])
    return str(caught.value)


def pixdim(**places: float) -> list[float]:
    """The sizes of the voxels with some changed: p0 is the qfac, p1 to p3 are the sizes."""
    return [places.get(f"p{place}", size) for place, size in enumerate(SIZES)]


GOOD: dict[str, dict[str, Any]] = {
    "qfac 0, qform alone": {"qform": True, "sform": False, "pixdim": pixdim(p0=0)},
    "qfac 0 beside a sform": {"pixdim": pixdim(p0=0)},
    "qfac 2": {"qform": True, "sform": False, "pixdim": pixdim(p0=2)},
    "qfac not a number": {"qform": True, "sform": False, "pixdim": pixdim(p0=float("nan"))},
    "negative width": {"qform": True, "pixdim": pixdim(p1=-SIZES[1])},
    "negative height": {"qform": True, "pixdim": pixdim(p2=-SIZES[2])},
    "negative thickness": {"qform": True, "pixdim": pixdim(p3=-SIZES[3])},
    "all negative": {"qform": True, "pixdim": [1.0, *(-size for size in SIZES[1:4]), 1.0, 1.0, 1.0, 1.0]},
    "negative sizes, sform alone": {"pixdim": pixdim(p1=-SIZES[1], p2=-SIZES[2])},
    "sform of zeros": {"qform": True, **ZEROS},
    "sform not a number": {"qform": True, "srow_x": [float("nan")] * 4},
    "sform of zeros, qfac 0": {"qform": True, **ZEROS, "pixdim": pixdim(p0=0)},
    "unit 0": {"xyzt_units": 0},
    "unit 5": {"xyzt_units": 5},
    "unit 7": {"xyzt_units": 7},
    "all units": {"xyzt_units": 255},
    "unit 4 and seconds": {"xyzt_units": 12},
    "unscaled by nan": {"scl_slope": float("nan"), "scl_inter": float("nan")},
    "intent": {"intent_code": 1002},
    "dim 4 of one": {"dim": [4, 48, 48, 10, 1, 1, 1, 1]},
}


@pytest.mark.parametrize("how", sorted(GOOD))
@pytest.mark.parametrize("version", [1, 2])
def test_quirks_of_headers_are_read(how: str, version: int):
    fields = dict(GOOD[how])
    data = quirks.nifti_with(CHEST, version=version, qform=bool(fields.pop("qform", False)),
                             sform=bool(fields.pop("sform", True)), **fields)  # fmt: skip
    for one in (data, gzip.compress(data)):
        volume = read(one)
        assert np.array_equal(volume.hu, CHEST.hu)
        assert volume.spacing_mm == pytest.approx(CHEST.spacing_mm, abs=1e-3)


def test_a_rotation_that_was_rounded_up_is_read():
    half = np.float32(np.sqrt(0.5) + 2e-4)
    data = quirks.nifti_with(CHEST, qform=True, sform=False, quatern_b=half, quatern_c=half, quatern_d=0)
    assert read(data).hu.shape == CHEST.hu.shape


@pytest.mark.parametrize(("unit", "scale"), [(1, 0.001), (2, 1.0), (3, 1000.0)])
def test_stated_units_are_honoured(unit: int, scale: float):
    image = nibabel.Nifti1Image.from_bytes(build.nifti(CHEST))
    made = nibabel.Nifti1Image(np.asanyarray(image.dataobj), np.diag([scale, scale, scale, 1.0]) @ image.affine)
    made.header["xyzt_units"] = unit
    assert read(made.to_bytes()).spacing_mm == pytest.approx(CHEST.spacing_mm, rel=1e-3)


@pytest.mark.parametrize("degrees", [2, 5, 10, 12, 18, 20, 25, 30, -10, -22])
@pytest.mark.parametrize("along", [0, 1])
def test_a_shear_is_refused_as_the_tilt_that_it_is(degrees: float, along: int):
    assert f"tilted by {abs(degrees)} degrees" in refusal(quirks.sheared(CHEST, degrees, along=along))


def test_a_shear_within_tolerance_is_read():
    assert read(quirks.sheared(CHEST, 0.8)).hu.shape == CHEST.hu.shape


def flipped(*signs: float) -> np.ndarray:
    return np.diag([*signs, 1.0]) @ nibabel.Nifti1Image.from_bytes(build.nifti(CHEST)).affine


@pytest.mark.parametrize(
    "sform",
    [
        flipped(-1, 1, 1), flipped(1, -1, 1), flipped(1, 1, -1), flipped(-1, -1, 1),
        flipped(1, 1, 1)[[1, 0, 2, 3]], flipped(1, 1, 1)[[0, 2, 1, 3]],
        flipped(1.05, 1, 1), flipped(1, 1, 0.5), flipped(2, 2, 2),
        np.array([[0.96, -0.28, 0, 0], [0.28, 0.96, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]) @ flipped(1, 1, 1),
    ],
    ids=["left for right", "front for back", "up for down", "turned", "x for y", "y for z", "wider", "half", "twice",
         "by 16 degrees"],
)  # fmt: skip
def test_two_positions_that_contradict_each_other_are_refused(sform: np.ndarray):
    image = nibabel.Nifti1Image.from_bytes(build.nifti(CHEST))
    image.set_qform(image.affine, code=1)
    image.set_sform(sform, code=2)
    assert "two positions that contradict each other" in refusal(image.to_bytes())


def test_two_positions_that_differ_by_a_shift_are_read():
    image = nibabel.Nifti1Image.from_bytes(build.nifti(CHEST))
    image.set_qform(image.affine, code=1)
    shift = image.affine.copy()
    shift[:3, 3] += 40
    image.set_sform(shift, code=2)
    assert np.array_equal(read(image.to_bytes()).hu, CHEST.hu)


@pytest.mark.parametrize("fields", [{**ZEROS}, {"srow_z": [0.0] * 4}, {"srow_x": [float("inf")] * 4}])
def test_a_position_without_any_direction_is_refused(fields: dict[str, Any]):
    assert "position in this NIfTI file is all zeros" in refusal(quirks.nifti_with(CHEST, **fields))
