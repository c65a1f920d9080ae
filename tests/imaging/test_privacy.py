"""No planted identifier survives: not in the volume, a repr, a log, an error, or a byte on disk."""

import io
import logging
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import ParallaxError
from core.imaging.read import load, scan
from core.imaging.source import sources_from_uploads
from core.imaging.storage import VolumeStore
from tests import dicom_builder as build

DATASETS = build.series()
SECRETS = st.text(alphabet="BCDGHJKQVWXYZ", min_size=8, max_size=12).filter(lambda text: len(set(text)) > 3)


def everything_said(files: list[bytes], secret: str, folder: Path) -> str:
    """Take an upload the whole way and return all texts it leaves behind, errors with their tracebacks and contexts."""
    said = []
    try:
        sources = sources_from_uploads(
            [build.NamedBytes(data, f"{secret}/{secret}-{index}.dcm") for index, data in enumerate(files)]
            + [build.NamedBytes(build.zip_named({f"{secret}.dcm": b"?" * 300}), f"{secret}.zip")]
        )
        said.append(repr(sources))
        found = scan(sources)
        said += [repr(found), str(found), *(str(rejection) for rejection in found.rejected)]
        for one in found.series:
            said += [repr(one.content), repr(one.identity), one.patient_key(b"secret"), one.place, one.key]
            volume = load(one)
            said += [repr(volume), repr(asdict(volume.attributes))]
            store = VolumeStore(str(folder))
            said += [store.put(volume), repr(store.geometry(volume.content_hash))]
    except ParallaxError as error:
        said += [*traceback.format_exception(error), repr(error.__context__)]
    return "\n".join(said)


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a shorter secret would not tell more
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(secret=SECRETS, syntax=st.sampled_from(["explicit", "implicit", "deflated", "RLE", "enhanced", "damaged"]))
def test_no_planted_identifier_survives(secret: str, syntax: str, tmp_path_factory, caplog, capfd):
    folder = tmp_path_factory.mktemp("store")
    planted = build.with_identifiers(DATASETS, secret)
    if syntax == "enhanced":
        files = [build.file_bytes(build.enhanced(planted))]
    else:
        known = {**build.UNCOMPRESSED, **build.COMPRESSED}
        files = build.files_of(planted, syntax=known.get(syntax, known["explicit"]))
    if syntax == "damaged":
        files[3] = files[3][:-700]
    assert all(secret.encode() in data for data in files) or syntax == "deflated"
    with caplog.at_level(logging.DEBUG):
        said = everything_said(files, secret, folder)
    captured = capfd.readouterr()
    assert secret.casefold() not in f"{said}{caplog.text}{captured.out}{captured.err}".casefold()
    on_disk = [path for path in folder.rglob("*") if path.is_file()]
    assert on_disk or syntax == "damaged"
    for path in on_disk:
        assert secret not in str(path)
        assert secret.encode() not in path.read_bytes()


def test_what_is_kept_is_the_allow_list():
    datasets = build.edited(
        DATASETS,
        PatientAge="093Y",
        PatientSex="f",
        PatientPosition="HFS",
        Manufacturer="SIEMENS",
        ManufacturerModelName="SOMATOM Force",
    )
    volume = load(scan(build.uploads(build.files_of(datasets))).series[0])
    assert asdict(volume.attributes) == {
        "sex": "F",
        "age": 89,
        "manufacturer": "SIEMENS",
        "model": "SOMATOM Force",
        "kernel": "B30f",
        "kvp": 120.0,
        "thickness_mm": 28.0,
        "patient_position": "HFS",
        "orientation": "axial",
    }


@pytest.mark.parametrize(
    ("written", "age"), [("007M", 0), ("018M", 1), ("104W", 2), ("030D", 0), ("", None), ("X", None)]
)
def test_ages_are_whole_years(written: str, age: int | None):
    files = build.files_of(build.edited(DATASETS, PatientAge=written))
    content: Any = scan(build.uploads(files)).series[0].content
    assert content.frames[0].attributes.age == age


def test_an_upload_is_not_changed_by_reading_it():
    data = build.chest_zip(slices=8, size=32)
    upload = build.NamedBytes(data, "a.zip")
    load(scan(sources_from_uploads([upload])).series[0])
    assert io.BytesIO(upload.getvalue()).read() == data
