"""NIfTI in any direction, type and version gives the volume; what is not CT in HU is refused."""

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from core.imaging.errors import ImagingError
from core.imaging.read import load, scan
from core.imaging.volume import Volume
from tests import dicom_builder as build

CHEST = build.chest()


def read(data: bytes, name: str = "ct.nii") -> Volume:
    found = scan(build.uploads([data], name=name))
    assert found.rejected == ()
    return load(found.series[0])


def refusal(data: bytes) -> str:
    found = scan(build.uploads([data]))
    if found.rejected:
        return str(found.rejected[0])
    with pytest.raises(ImagingError) as caught:
        load(found.series[0])
    return str(caught.value)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "LAS", "RPI", "SAR", "PIR", "ASL"])
def test_every_direction_is_turned_to_the_grid(axes: str):
    volume = read(build.nifti(CHEST, axes=axes))
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.spacing_mm == pytest.approx(CHEST.spacing_mm, abs=1e-3)
    assert volume.z_mm == pytest.approx(CHEST.z_mm, abs=1e-2)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", "<f4", "<f8"])
def test_every_type_gives_the_same_hu(dtype: str):
    assert np.array_equal(read(build.nifti(CHEST, dtype=dtype)).hu, CHEST.hu)


def test_gzip_and_version_two_are_recognised_by_content():
    plain = build.nifti(CHEST, version=2)
    assert np.array_equal(read(plain, "a").hu, CHEST.hu)
    assert read(gzip.compress(plain), "b").content_hash == read(plain, "a").content_hash


def test_the_stored_affine_is_kept_in_patient_coordinates():
    stored = nibabel.Nifti1Image.from_bytes(build.nifti(CHEST, axes="RAS")).affine
    expected = np.diag([-1, -1, 1, 1]) @ stored
    assert np.array(read(build.nifti(CHEST)).affine) == pytest.approx(expected)


def test_the_patient_is_known_by_the_voxels():
    keys: list[Any] = []
    for volume, axes in ((CHEST, "RAS"), (CHEST, "RAS"), (build.chest(seed=5), "RAS")):
        data = build.nifti(volume, axes=axes)
        found = scan(build.uploads([gzip.compress(data) if keys else data]))
        keys.append(found.series[0].patient_key(b"secret"))
    assert keys[0] == keys[1] != keys[2]


def made(data: np.ndarray, affine: np.ndarray | None = None) -> bytes:
    return nibabel.Nifti1Image(data, np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine).to_bytes()


def test_voxels_beyond_a_number_become_air():
    data = np.full((32, 32, 10), np.nan, np.float32)
    data[8:16, 8:16], data[16:20] = 40.4, -900.0
    hu = read(made(data)).hu
    assert set(np.unique(hu)) == {-1024, -900, 40}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (made(np.zeros((32, 32, 10), np.uint8)), "mask or picture"),
        (made(np.zeros((32, 32, 10), np.int16)), "Every voxel of this volume is 0"),
        (made(np.full((32, 32, 7), -1000, np.int16)), "only 7 axial slices"),
        (made(np.full((32, 32, 10, 3), -1000, np.int16)), "not one volume"),
        (made(np.full((8, 8, 10), -1000, np.int16)), "smaller than 16"),
        (build.nifti(CHEST)[:-100], "damaged or cut short"),
        (gzip.compress(build.nifti(CHEST))[:-2000], "damaged or cut short"),
        (
            made(
                np.full((32, 32, 32), -1000, np.int16),
                np.array([[1, 1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            ),
            "oblique",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_refused_with_a_sentence(data: bytes, reason: str):
    sentence = refusal(data)
    assert reason in sentence
    assert sentence.startswith("File 1 of 1: ")


def test_a_file_without_directions_is_refused():
    image = nibabel.Nifti1Image(np.full((32, 32, 10), -1000, np.int16), None)
    assert "which side is left" in refusal(image.to_bytes())
