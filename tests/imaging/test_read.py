"""Whatever way a series is stored, the volume is the same: order of files, syntax, direction, sign, slopes."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.imaging.errors import ImagingError
from core.imaging.read import load, read_path, scan
from core.imaging.volume import Volume
from tests import dicom_builder as build

CHEST = build.chest()
DATASETS = build.series(CHEST)
FILES = build.files_of(DATASETS)


def read(files: list[bytes]) -> Volume:
    found = scan(build.uploads(files))
    assert found.rejected == ()
    assert len(found.series) == 1
    return load(found.series[0])


def test_a_written_series_reads_back_as_the_same_volume():
    volume = read(FILES)
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.hu.dtype == np.int16
    assert volume.spacing_mm == pytest.approx(CHEST.spacing_mm, abs=1e-4)
    assert volume.z_mm == pytest.approx(CHEST.z_mm, abs=1e-3)
    assert volume.attributes == CHEST.attributes


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(len(FILES))))
def test_the_order_of_files_never_changes_the_volume(order: list[int]):
    volume = read([FILES[index] for index in order])
    expected = read(FILES)
    assert volume.content_hash == expected.content_hash
    assert (volume.z_mm, volume.affine, volume.attributes) == (expected.z_mm, expected.affine, expected.attributes)


@pytest.mark.parametrize("syntax", [*build.UNCOMPRESSED, *build.COMPRESSED])
def test_every_transfer_syntax_gives_the_same_volume(syntax: str):
    files = build.files_of(DATASETS, syntax={**build.UNCOMPRESSED, **build.COMPRESSED}[syntax])
    assert np.array_equal(read(files).hu, CHEST.hu)


@pytest.mark.parametrize("syntax", ["explicit", "JPEG lossless first order", "JPEG-LS", "JPEG 2000", "RLE"])
@pytest.mark.parametrize("bits", [16, 13])
def test_signed_pixels_give_the_same_hu(syntax: str, bits: int):
    signed = [build.with_pixels(dataset, hu) for dataset, hu in zip(DATASETS, CHEST.hu, strict=True)]
    for dataset in signed:
        dataset.RescaleIntercept, dataset.BitsStored, dataset.HighBit = 0, bits, bits - 1
    files = build.files_of(signed, syntax={**build.UNCOMPRESSED, **build.COMPRESSED}[syntax])
    assert np.array_equal(read(files).hu, CHEST.hu)


@pytest.mark.parametrize(
    "turn",
    [
        {"flip_x": True},
        {"flip_y": True},
        {"flip_x": True, "flip_y": True},
        {"transpose": True},
        {"transpose": True, "flip_x": True},
        {"transpose": True, "flip_x": True, "flip_y": True},
    ],
    ids=str,
)
def test_rows_and_columns_stored_the_other_way_are_turned_back(turn: dict[str, bool]):
    volume = read(build.files_of(build.turned(DATASETS, **turn)))
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.content_hash == read(FILES).content_hash


def test_pixels_that_are_not_square_keep_their_spacing_when_turned():
    wide = build.small_chest(slices=10, size=48)
    for dataset in (datasets := build.series(wide)):
        dataset.PixelSpacing = [3.0, 2.0]
    volume = read(build.files_of(build.turned(datasets, transpose=True)))
    assert volume.spacing_mm[1:] == (3.0, 2.0)


def test_a_prone_patient_is_turned_to_lie_on_the_back_and_annotated():
    volume = read(build.files_of(build.prone(DATASETS)))
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.attributes.orientation == "axial, prone"
    assert volume.attributes.patient_position == "HFP"


def test_a_feet_first_series_begins_at_the_apex_too():
    volume = read(build.files_of(build.feet_first(DATASETS)))
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.z_mm[0] > volume.z_mm[-1]


def test_the_stored_affine_is_kept_as_found():
    affine = np.array(read(build.files_of(build.turned(DATASETS, flip_x=True))).affine)
    assert affine[0, 0] == pytest.approx(-CHEST.spacing_mm[2], abs=1e-4)
    right_handed = np.linalg.det(np.array(read(FILES).affine)[:3, :3])
    assert right_handed == pytest.approx(np.prod(CHEST.spacing_mm), rel=1e-4)
    corner = affine @ [0, 0, 0, 1]  # flipped columns: the normal points to the feet, so the first slice is the apex
    assert corner[2] == pytest.approx(CHEST.z_mm[0], abs=1e-3)


def test_an_enhanced_multi_frame_file_with_frames_out_of_order_is_the_same_volume():
    order = random.Random(3).sample(range(len(DATASETS)), len(DATASETS))
    volume = read([build.encoded(build.enhanced(DATASETS, order=order), build.UNCOMPRESSED["explicit"])])
    assert np.array_equal(volume.hu, CHEST.hu)
    assert volume.attributes.kernel == CHEST.attributes.kernel


def test_every_slice_has_its_own_slope_and_intercept():
    datasets = []
    for index, (dataset, hu) in enumerate(zip(DATASETS, CHEST.hu, strict=True)):
        slope, intercept = 1 + index % 3, -1100 - index
        stored = ((hu.astype(int) - intercept) // slope).astype(np.uint16)
        changed = build.with_pixels(dataset, stored)
        changed.RescaleSlope, changed.RescaleIntercept = slope, intercept
        datasets.append(changed)
    apart = np.abs(read(build.files_of(datasets)).hu.astype(int) - CHEST.hu)
    assert apart.max() <= 2
    enhanced = build.enhanced(datasets)
    assert np.array_equal(read([build.file_bytes(enhanced)]).hu, read(build.files_of(datasets)).hu)


def test_a_fractional_slope_is_rounded_to_the_nearest_hu():
    stored = np.full((48, 48), 2001, np.uint16)
    stored[:24] = 201
    datasets = [build.with_pixels(d, stored) for d in DATASETS]
    for dataset in datasets:
        dataset.RescaleSlope, dataset.RescaleIntercept = "0.5", "-1000.2"
    assert set(np.unique(read(build.files_of(datasets)).hu)) == {-900, 0}


def test_files_without_a_preamble_are_read():
    bare = [data[132:] for data in FILES]
    assert np.array_equal(read(bare).hu, CHEST.hu)


def test_progress_counts_files_then_slices():
    seen: list[tuple[int, int]] = []
    found = scan(build.uploads(FILES), on_progress=lambda done, total: seen.append((done, total)))
    load(found.series[0], on_progress=lambda done, total: seen.append((done, total)))
    expected = [(number, len(FILES)) for number in range(1, len(FILES) + 1)]
    assert seen == expected * 2


def test_a_folder_a_zip_and_a_path_give_the_same_volume(tmp_path):
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    for index, data in enumerate(FILES):
        (folder / str(index)).write_bytes(data)
    archive = tmp_path / "export.zip"
    archive.write_bytes(build.zip_of(FILES))
    assert read_path(tmp_path / "a").content_hash == read_path(archive).content_hash == read(FILES).content_hash


def test_a_path_without_a_series_says_the_first_reason(tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(ImagingError, match=r"File 1 of 1: This is not a DICOM or NIfTI file"):
        read_path(tmp_path)
