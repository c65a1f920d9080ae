"""What cannot become a volume is left out with one sentence: the place, the reason, the remedy."""

import re
from copy import deepcopy

import numpy as np
import pytest

from core.imaging.errors import ImagingError
from core.imaging.read import Scan, load, scan
from tests import dicom_builder as build

DATASETS = build.series()
FILES = build.files_of(DATASETS)


def scanned(files: list[bytes]) -> Scan:
    return scan(build.uploads(files))


def refusal(files: list[bytes]) -> str:
    """The one rejection of an upload that holds no series, checked to be one sentence."""
    found = scanned(files)
    assert found.series == ()
    assert len({rejection.reason for rejection in found.rejected}) == 1
    sentence = str(found.rejected[0])
    assert re.match(r"(File|Files) \d+.* of \d+: [A-Z0-9].*\.$", sentence)
    return sentence


def edited(**values: object) -> list[bytes]:
    return build.files_of(build.edited(DATASETS, **values))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([b"hello world" * 30], "not a DICOM or NIfTI file"),
        ([b""], "empty"),
        ([build.file_bytes(build.magnetic(DATASETS[0]))], "not CT but MR"),
        ([build.file_bytes(build.localizer())], "localizer"),
        (FILES[:7], "only 7 slices; a chest CT needs 8 or more"),
        (FILES[:4] + FILES[5:], "1 slice is missing near z = "),
        (FILES[:3] + FILES[5:], "2 slices are missing near z = "),
        (build.files_of(build.tilted(DATASETS, degrees=12)), "tilted by 12 degrees"),
        (edited(ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "is coronal"),
        (edited(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "is sagittal"),
        (edited(ImageOrientationPatient=[1, 0, 0, 0, 0.7071, -0.7071]), "is oblique"),
        (edited(ImageOrientationPatient=[0.7071, 0.7071, 0, -0.7071, 0.7071, 0]), "turned within its slices"),
        (edited(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "makes no sense"),
        (edited(PhotometricInterpretation="MONOCHROME1"), "in colour or inverted"),
        (edited(Rows=5000), "more than 4096 rows"),
        (edited(BitsAllocated=12), "unusual number of bits"),
        (edited(ImagePositionPatient=None), "does not say where in the patient"),
        (edited(PixelSpacing=None), "pixel spacing"),
        (edited(RescaleIntercept=None), "compute HU"),
        (edited(RescaleSlope=0), "compute HU"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_left_out_with_a_sentence(files: list[bytes], reason: str):
    assert reason in refusal(files)


def test_a_small_tilt_is_within_tolerance():
    found = scanned(build.files_of(build.tilted(DATASETS, degrees=0.8)))
    assert len(found.series) == 1


def test_two_different_images_at_one_place_are_refused():
    twin = build.renumbered(DATASETS[4], "twin")
    assert "1 slice lies at the same place as another, first near z = " in refusal([*FILES, build.file_bytes(twin)])


def test_the_same_image_number_with_other_pixels_is_refused_and_not_chosen_by_chance():
    twin = build.with_pixels(DATASETS[4], build.stored_values(DATASETS[4]) + np.uint16(1))
    assert "at the same place" in refusal([*FILES, build.file_bytes(twin)])


def test_a_file_that_is_in_the_upload_twice_is_used_once_and_said():
    found = scanned([*FILES, FILES[2]])
    assert [series.slices for series in found.series] == [len(FILES)]
    assert [str(rejection) for rejection in found.rejected] == [
        "File 11 of 11: This is file 3 of 11 once more; the copy was left out."
    ]


def test_mixed_orientations_in_one_series_are_refused():
    mixed = deepcopy(DATASETS)
    for dataset in mixed[:2]:
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    assert "different orientation" in refusal(build.files_of(mixed))


def test_mixed_sizes_in_one_series_are_refused():
    small = build.with_pixels(DATASETS[3], np.zeros((32, 32), np.uint16))
    assert "different size" in refusal([*FILES[:3], build.file_bytes(small), *FILES[4:]])


def test_changing_slice_distances_are_refused():
    changed = deepcopy(DATASETS)
    x, y, z = changed[-1].ImagePositionPatient
    changed[-1].ImagePositionPatient = [x, y, float(z) - 10]
    assert "The distance between slices changes near z = " in refusal(build.files_of(changed))


def test_slices_shifted_sideways_are_refused():
    changed = deepcopy(DATASETS)
    x, y, z = changed[4].ImagePositionPatient
    changed[4].ImagePositionPatient = [float(x) + 30, y, z]
    assert "shifted against each other" in refusal(build.files_of(changed))


def test_a_localizer_beside_a_series_does_not_spoil_it():
    found = scanned([build.file_bytes(build.localizer()), *FILES])
    assert [series.slices for series in found.series] == [len(FILES)]
    assert found.rejected[0].place == "file 1 of 11"


@pytest.mark.parametrize("syntax", ["explicit", "JPEG lossless first order", "JPEG-LS", "JPEG 2000", "RLE", "deflated"])
def test_truncated_pixels_are_refused_by_the_place_of_their_file(syntax: str):
    files = build.files_of(DATASETS, syntax={**build.UNCOMPRESSED, **build.COMPRESSED}[syntax])
    files[6] = files[6][: len(files[6]) - 500]
    found = scanned(files)
    if not found.series:  # a deflated file cannot even be opened
        assert found.rejected[0].place == "file 7 of 10"
        return
    with pytest.raises(ImagingError, match=r"File 7 of 10: .*(cut short|damaged)") as caught:
        load(found.series[0])
    assert caught.value.__context__ is None


def test_a_multi_frame_file_that_does_not_describe_its_frames_is_refused():
    whole = build.enhanced(DATASETS)
    whole.NumberOfFrames = len(DATASETS) + 1
    assert "does not describe each of its images" in refusal([build.file_bytes(whole)])


def test_the_rejections_come_in_the_order_of_the_files():
    found = scanned([b"x" * 200, *FILES, b"y" * 200, build.file_bytes(build.localizer())])
    assert [rejection.place for rejection in found.rejected] == [f"file {n} of 13" for n in (1, 12, 13)]
