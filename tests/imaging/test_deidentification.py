"""Nothing of a header outlives an upload but what is known not to identify; what was removed is on record."""

import json
import random
import secrets
import string
from copy import deepcopy
from pathlib import Path

import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from core.imaging.intake import Intake
from core.imaging.read import load, scan
from core.imaging.storage import VolumeStore
from core.imaging.vendors import known_kernel, known_maker, known_model
from tests import dicom_builder as build

SMALL = build.small_chest(slices=8, size=16)
VENDOR_TEXTS = ("Manufacturer", "ManufacturerModelName", "ConvolutionKernel")
SHAPES = ("{}", "SIEMENS {}", "SOMATOM {}", "B30f {}", "{} CT", "GE {}", "LUNG {}", "Aquilion {}", "{}/3", "FC{}")


@pytest.mark.parametrize(
    "maker",
    ["SIEMENS", "Siemens Healthineers", "GE MEDICAL SYSTEMS", "Philips", "TOSHIBA", "CANON_MEC", "UIH", "ADAC",
     "Neusoft Medical Systems", "Hitachi Medical Corporation", "FUJIFILM Healthcare Corporation", "Parallax"],
)  # fmt: skip
def test_known_makers_are_kept(maker: str):
    assert known_maker(f" {maker} ") == maker


@pytest.mark.parametrize(
    "model",
    ["SOMATOM Scope", "Sensation 10", "Discovery LS", "LightSpeed VCT", "LightSpeed16", "Brilliance16", "phantom",
     "Aquilion ONE", "Pinnacle3", "SOMATOM Definition AS+", "Discovery CT750 HD", "iCT 256", "IQon - Spectral CT",
     "uCT 760", "NeuViz 128", "Biograph 64", "NAEOTOM Alpha", "Ingenuity Core 128", "SOMATOM go.Top"],
)  # fmt: skip
def test_known_models_are_kept(model: str):
    assert known_model(model) == model


@pytest.mark.parametrize(
    "kernel",
    ["B30f", "D40s", "Br40d/3", "I31f", "L", "STANDARD", "SOFT", "LUNG", "BONEPLUS", "FC17", "FC08-H", "B_SHARP_C",
     "YA", "C", "Qr40", "CHST", "Bl57", "J70h", "LUNG HD", "60"],
)  # fmt: skip
def test_known_kernels_are_kept(kernel: str):
    assert known_kernel(kernel) == kernel


@pytest.mark.parametrize(
    "text",
    ["Jones", "SIEMENS Jones", "SOMATOM Jones", "SOMATOM 19700102", "Aquilion 1970", "B30f Jones",
     "LUNG MRN12345", "GE MEDICAL SYSTEMS 12345678", "12345678", "Scanner of Dr Smith", "FC17 Jones", "=SUM(A1)", "",
     "Ann", "2020-01-02"],
)  # fmt: skip
def test_free_text_is_left_out_everywhere(text: str):
    assert (known_maker(text), known_model(text), known_kernel(text)) == (None, None, None)


def planted(number: int, token: str) -> list[build.Dataset]:
    """A series with a token wherever exports carry one; of every third only where makers write their names."""
    rng = random.Random(number)
    datasets = build.series(SMALL, patient_id="", seed=f"plant {number}")
    if number % 3:
        datasets = build.with_identifiers(datasets, token)
    for keyword in VENDOR_TEXTS:
        text = SHAPES[rng.randrange(len(SHAPES))].format(token)
        datasets = build.edited(datasets, **{keyword: text})
    return datasets


def test_no_planted_token_of_200_series_is_kept_or_shown():
    for number in range(200):
        letters = "".join(secrets.choice(string.ascii_letters) for _ in range(6 + number % 4))
        token = letters if number % 2 else f"{letters}{number:03d}"
        found = scan(build.uploads(build.files_of(planted(number, token)[:8])))
        assert len(found.series) == 1
        volume = load(found.series[0])
        assert token not in repr((found, found.series[0], volume, volume.attributes)), number


def test_no_planted_token_reaches_the_store_or_what_the_child_answers(tmp_path: Path):
    for number in range(3):
        token = f"Zq{number}Planted"
        files = build.files_of(planted(number, token))
        with Intake([build.NamedBytes(data, f"{token}{place}") for place, data in enumerate(files)]) as intake:
            found = intake.scan()
            read = intake.read(found.series[0].key, store=str(tmp_path), secret=b"s")
        assert token not in repr((found, read))
        assert token in found.series[0].origin  # the names of files go to the encrypted register only
        assert VolumeStore(str(tmp_path)).has(read.content_hash)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert held
    assert b"Planted" not in held


def test_what_was_kept_replaced_and_removed_is_on_record_without_values():
    files = build.files_of(planted(1, "Token77"))
    with Intake([build.NamedBytes(data, "a") for data in files]) as intake:
        record = intake.read(intake.scan().series[0].key).record
    assert {"KVP", "SliceThickness", "Rows"} <= set(record["kept"])
    assert {"PatientID", "StudyInstanceUID", "PatientAge"} <= set(record["replaced"])
    assert {"PatientName", "InstitutionName", "DeviceSerialNumber", "SeriesDescription"} <= set(record["removed"])
    assert record["private"] >= 1
    assert "Token77" not in json.dumps(record)


def marked(**values: object) -> list[bytes]:
    datasets = deepcopy(build.series(SMALL))
    for dataset in datasets:
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
    return build.files_of(datasets)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "states that annotations are burned into its pixels"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "is a secondary capture, which may show a name"),
        ({"ConversionType": "WSD"}, "is a secondary capture, which may show a name"),
    ],
)
def test_pictures_that_may_show_a_name_are_warned_of_or_refused_by_setting(values: dict[str, object], said: str):
    sources = build.uploads(marked(**values))
    (one,) = scan(sources).series
    assert one.warnings == (f"Each image {said}; look at the pictures for names before you store them.",)
    strict = scan(sources, strict=True)
    assert strict.series == ()
    assert "This installation refuses such series." in strict.rejected[0].reason


def test_an_overlay_is_left_out_and_said():
    datasets = deepcopy(build.series(SMALL))
    for dataset in datasets:
        dataset.add_new(0x60000010, "US", 16)
        dataset.add_new(0x60003000, "OW", b"\xff" * 32)
    (one,) = scan(build.uploads(build.files_of(datasets)), strict=True).series
    assert "carries an overlay, which is left out" in one.warnings[0]
    assert load(one).hu.tolist() == SMALL.hu.tolist()


@pytest.mark.parametrize("value", ["NO", "", None])
def test_no_annotation_is_no_warning(value: str | None):
    assert scan(build.uploads(marked(BurnedInAnnotation=value))).series[0].warnings == ()
