"""DICOM as exports really write it: what readers of the field repair is read, and everything else is named truly."""

import struct
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
from pydicom.uid import (
    UID,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    SecondaryCaptureImageStorage,
)

from core.imaging.errors import ImagingError
from core.imaging.read import load, scan
from core.imaging.volume import Volume
from tests import dicom_builder as build
from tests.imaging import quirks

CHEST = build.chest()
DATASETS = build.series(CHEST)
FILES = build.files_of(DATASETS)
ELEMENTS = ("BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation")
LOSSLESS = {name: build.COMPRESSED[name] for name in ("JPEG lossless first order", "JPEG-LS", "JPEG 2000", "RLE")}


def read(files: list[bytes]) -> Volume:
    found = scan(build.uploads(files))
    assert found.rejected == ()
    assert len(found.series) == 1
    return load(found.series[0])


def refusal(files: list[bytes]) -> str:
    found = scan(build.uploads(files))
    if not found.series:
        return str(found.rejected[0])
    with pytest.raises(ImagingError) as caught:
        load(found.series[0])
    return str(caught.value)


def same(files: list[bytes]) -> bool:
    return np.array_equal(read(files).hu, CHEST.hu)


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big endian", *LOSSLESS])
@pytest.mark.parametrize("gone", [*ELEMENTS, "BitsAllocated", "all"])
@pytest.mark.parametrize("empty", [False, True], ids=["absent", "empty"])
def test_absent_pixel_descriptions_have_the_standards_defaults(syntax: str, gone: str, *, empty: bool):
    code = {**build.UNCOMPRESSED, **build.COMPRESSED}[syntax]
    if empty and code not in build.UNCOMPRESSED.values():
        return  # the packing program fills empty elements in
    files = []
    for data in build.files_of(DATASETS, syntax=code):
        dataset = build.dcmread(data)
        for keyword in ELEMENTS if gone == "all" else (gone,):
            if empty:
                dataset[keyword].value = None
            else:
                delattr(dataset, keyword)
        files.append(build.rewritten(dataset))
    assert same(files)


@pytest.mark.parametrize("age", ["999Y", "998Y", "999M", "999W", "999D", "150Y", "126Y", "200Y", "", "YYY", "-01Y"])
def test_a_filler_is_no_age(age: str):
    assert read(build.files_of(build.edited(DATASETS, PatientAge=age))).attributes.age is None


@pytest.mark.parametrize(
    ("age", "years"), [("000Y", 0), ("045Y", 45), ("089Y", 89), ("093Y", 89), ("110Y", 89), ("006M", 0), ("030M", 2)]
)
def test_a_true_age_is_kept_up_to_89(age: str, years: int):
    assert read(build.files_of(build.edited(DATASETS, PatientAge=age))).attributes.age == years


@pytest.mark.parametrize(
    "keywords",
    [
        ("PixelSpacing",), ("SliceThickness",), ("ImagePositionPatient",), ("ImageOrientationPatient",),
        ("RescaleSlope",), ("RescaleIntercept",), ("KVP",), ("PixelSpacing", "SliceThickness"),
        ("RescaleSlope", "RescaleIntercept"), ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"),
    ],
)  # fmt: skip
def test_decimal_commas_are_read(keywords: tuple[str, ...]):
    expected, found = read(FILES), read([quirks.with_commas(data, *keywords) for data in FILES])
    assert np.array_equal(found.hu, expected.hu)
    assert (found.spacing_mm, found.z_mm, found.attributes) == (
        expected.spacing_mm, expected.z_mm, expected.attributes,
    )  # fmt: skip


@pytest.mark.parametrize("modality", [None, ""])
@pytest.mark.parametrize("many", [None, EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage])
def test_the_class_of_a_ct_image_says_what_an_absent_modality_does_not(modality: str | None, many: str | None):
    datasets = deepcopy(DATASETS) if many is None else [build.enhanced(DATASETS)]
    for dataset in datasets:
        if many is not None:
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(many)
        if modality is None:
            del dataset.Modality
        else:
            dataset.Modality = modality
    assert same([build.file_bytes(dataset) for dataset in datasets])


@pytest.mark.parametrize("where", ["file_meta", "data set"])
def test_one_statement_of_the_class_is_enough(where: str):
    datasets = deepcopy(DATASETS)
    for dataset in datasets:
        del dataset.Modality
        if where == "file_meta":
            del dataset.SOPClassUID
    files = [build.rewritten(dataset) for dataset in datasets]
    if where == "data set":
        files = [quirks.without_meta(dataset, first="ImageType") for dataset in datasets]
    assert same(files)


def test_another_class_without_a_modality_is_no_ct():
    datasets = deepcopy(DATASETS)
    for dataset in datasets:
        del dataset.Modality
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    assert "not CT" in refusal([build.file_bytes(dataset) for dataset in datasets])


@pytest.mark.parametrize(
    ("first", "value"),
    [
        ("SpecificCharacterSet", "ISO_IR 100"), ("ImageType", None), ("InstanceCreationDate", "20200101"),
        ("InstanceCreationTime", "101010"), ("SOPClassUID", None), ("SOPInstanceUID", None), ("StudyDate", "20200101"),
        ("AcquisitionDate", "20200101"), ("StudyTime", "101010"), ("AccessionNumber", "7"), ("Modality", None),
    ],
)  # fmt: skip
def test_files_without_a_preamble_are_read_whatever_they_begin_with(first: str, value: str | None):
    files = []
    for dataset in deepcopy(DATASETS):
        if value is not None:
            setattr(dataset, first, value)
        files.append(quirks.without_meta(dataset, first=first))
    assert same(files)


def test_files_that_begin_with_the_mark_or_with_the_meta_information_are_read():
    assert same([data[128:] for data in FILES])
    assert same([data[132:] for data in FILES])


@pytest.mark.parametrize("syntax", ["JPEG lossless", "JPEG lossless first order", "JPEG-LS", "JPEG 2000"])
@pytest.mark.parametrize("tail", [b"\xff", b"\0", b"\xff\xff\xff", b"\n", b"\0\0\xff", b"trailing words", bytes(500)])
def test_bytes_after_the_end_of_an_image_are_of_no_matter(syntax: str, tail: bytes):
    files = []
    for dataset in DATASETS:
        packed = build.dcmread(build.encoded(dataset, build.COMPRESSED[syntax]))
        code = quirks.code_of(packed).rpartition(b"\xff\xd9")[0] + b"\xff\xd9" + tail
        packed.PixelData = quirks.fragments(code + b"\xff" * (len(code) % 2))
        files.append(build.file_bytes(packed))
    assert same(files)


TABLES: dict[str, Callable[[bytes], bytes]] = {
    "beyond the data": lambda code: quirks.fragments(code, table=struct.pack("<I", 10 * len(code))),
    "at the end": lambda code: quirks.fragments(code, table=struct.pack("<I", len(code))),
    "odd place": lambda code: quirks.fragments(code, table=struct.pack("<I", 6)),
    "two entries": lambda code: quirks.fragments(code, table=struct.pack("<II", 0, 16)),
    "zeros": lambda code: quirks.fragments(code, table=bytes(8)),
    "none, two fragments": lambda code: quirks.fragments(code[:100], code[100:]),
    "wrong, two fragments": lambda code: quirks.fragments(code[:100], code[100:], table=struct.pack("<I", 99999)),
    "one entry a fragment": lambda code: quirks.fragments(code[:100], code[100:], table=struct.pack("<II", 0, 108)),
    "four fragments": lambda code: quirks.fragments(code[:50], code[50:60], code[60:300], code[300:]),
    "largest": lambda code: quirks.fragments(code, table=b"\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("syntax", ["JPEG-LS", "JPEG lossless first order", "RLE"])
@pytest.mark.parametrize("how", sorted(TABLES))
def test_one_image_is_all_its_fragments_whatever_the_table_of_offsets_says(syntax: str, how: str):
    files = []
    for dataset in DATASETS:
        packed = build.dcmread(build.encoded(dataset, build.COMPRESSED[syntax]))
        packed.PixelData = TABLES[how](quirks.code_of(packed))
        files.append(build.file_bytes(packed))
    assert same(files)


def test_a_file_of_many_compressed_images_is_read_without_a_table():
    packed = [build.dcmread(build.encoded(dataset, LOSSLESS["JPEG-LS"])) for dataset in DATASETS]
    whole = build.enhanced(DATASETS)
    whole.file_meta.TransferSyntaxUID = UID(LOSSLESS["JPEG-LS"])
    whole.PixelData = quirks.fragments(*(quirks.code_of(one) for one in packed), table=bytes(40))
    whole["PixelData"].VR = "OB"
    whole["PixelData"].is_undefined_length = True
    assert same([build.file_bytes(whole)])


def test_jpeg_extended_of_twelve_bits_is_read():
    twelve = []
    for dataset in deepcopy(DATASETS):
        stored = build.stored_values(dataset).clip(100, 3900).astype(np.uint16)  # lossy: not up to the ends
        changed = build.with_pixels(dataset, stored)
        changed.BitsStored, changed.HighBit = 12, 11
        twelve.append(build.encoded(changed, build.JPEG_EXTENDED))
    assert np.abs(read(twelve).hu.astype(int) - CHEST.hu.clip(100 - 1024, 3900 - 1024)).max() <= 12


def test_encapsulated_but_uncompressed_pixels_are_read():
    files = []
    for dataset in deepcopy(DATASETS):
        dataset.file_meta.TransferSyntaxUID = UID(quirks.ENCAPSULATED_UNCOMPRESSED)
        dataset.PixelData = quirks.fragments(dataset.PixelData)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        files.append(build.file_bytes(dataset))
    assert same(files)


@pytest.mark.parametrize("where", ["shared", "each", "top", "top, other intercept"])
def test_the_rescale_of_a_file_of_many_images_may_stand_at_its_top(where: str):
    whole = build.enhanced(DATASETS)
    for group in whole.PerFrameFunctionalGroupsSequence:
        if where != "each":
            del group.PixelValueTransformationSequence
    if where == "shared":
        item = build.Dataset()
        item.RescaleSlope, item.RescaleIntercept = 1, -1024
        whole.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence = [item]
    elif where.startswith("top"):
        whole.RescaleSlope, whole.RescaleIntercept = 1, -1000 if "other" in where else -1024
    shift = 24 if "other" in where else 0
    assert np.array_equal(read([build.file_bytes(whole)]).hu, CHEST.hu + shift)


def test_thickness_and_spacing_may_stand_at_the_top_too():
    whole = build.enhanced(DATASETS)
    measures = whole.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    whole.PixelSpacing, whole.SliceThickness = measures.PixelSpacing, measures.SliceThickness
    del whole.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert same([build.file_bytes(whole)])


@pytest.mark.parametrize("degrees", [2, 5, 8, 12, 14.5, 16, 18, 20, 25, 30, -12, -18, -28])
def test_a_tilted_gantry_is_named_with_its_angle(degrees: float):
    sentence = refusal(build.files_of(build.tilted(DATASETS, degrees=degrees)))
    assert f"The gantry was tilted by {abs(degrees):.0f} degrees" in sentence


def test_an_oblique_reformat_is_no_tilt():
    datasets = deepcopy(DATASETS)
    lean = np.radians(25)
    for place, dataset in enumerate(datasets):
        dataset.ImageOrientationPatient = [1, 0, 0, 0, round(np.cos(lean), 6), round(-np.sin(lean), 6)]
        along = -28.0 * place
        dataset.ImagePositionPatient = [0, round(np.sin(lean) * along, 4), round(np.cos(lean) * along, 4)]
    assert "is oblique" in refusal(build.files_of(datasets))


@pytest.mark.parametrize(
    "keyword",
    ["Manufacturer", "PatientAge", "KVP", "SliceThickness", "ConvolutionKernel", "SeriesNumber", "Rows", "Columns",
     "BitsStored", "RescaleSlope"],
)  # fmt: skip
@pytest.mark.parametrize("vr", [b"??", b"XX"])
def test_an_unknown_vr_is_read_or_called_damage(keyword: str, vr: bytes):
    files = [quirks.with_vr(data, keyword, vr) for data in FILES]
    found = scan(build.uploads(files))
    if found.series:
        try:
            assert np.array_equal(load(found.series[0]).hu, CHEST.hu)
            return
        except ImagingError as error:
            reasons = [str(error)]
    else:
        reasons = [rejection.reason for rejection in found.rejected]
    assert all("damaged" in reason or "does not" in reason for reason in reasons), reasons


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ((3,), "1 slice is missing near z = "),
        ((3, 4, 7), "3 slices are missing in 2 places: 2 near z = -70.0 mm, 1 near z = "),
        ((2, 6), "2 slices are missing in 2 places: 1 near z = "),
        ((2, 8, 9, 10, 14), "5 slices are missing in 3 places: 3 near z = -120.0 mm, 1 near z = "),
    ],
)
def test_all_gaps_are_named_the_largest_first(gone: tuple[int, ...], said: str):
    volume = build.chest(slices=28, size=16)
    files = build.files_of(build.series(volume))
    sentence = refusal([data for place, data in enumerate(files) if place not in gone])
    assert said in sentence
    assert sentence.count("near z") == {1: 1, 3: 2, 2: 2, 5: 3}[len(gone)]
