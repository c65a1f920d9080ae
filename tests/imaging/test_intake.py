"""An upload is read in a process of its own, within limits, whatever is in it."""

import gzip
import hashlib
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app
from core.child import ROOT
from core.imaging import budget
from core.imaging.errors import ImagingError
from core.imaging.fuzz import fuzz_corpus
from core.imaging.inspect import inspect
from core.imaging.intake import Intake, ReadingStopped
from core.imaging.read import load, read_path, scan
from core.imaging.storage import VolumeStore
from tests import dicom_builder as build
from tests.imaging import quirks

CHEST = build.chest()
DATASETS = build.series(CHEST)
FILES = build.files_of(DATASETS)


def upload(files: list[bytes]) -> list[build.NamedBytes]:
    return [build.NamedBytes(data, f"IM{place}") for place, data in enumerate(files)]


def write(folder: Path, files: list[bytes]) -> Path:
    folder.mkdir()
    for place, data in enumerate(files):
        (folder / f"{place:03d}").write_bytes(data)
    return folder


def test_the_child_reads_and_stores_what_this_process_would(tmp_path: Path):
    expected = load(scan(build.uploads(FILES)).series[0])
    with Intake(upload(FILES)) as reading:
        found = reading.scan()
        one = reading.read(found.series[0].key, store=str(tmp_path / "volumes"), secret=b"secret")
    assert (one.content_hash, one.spacing_mm, one.z_mm, one.affine) == (
        expected.content_hash, expected.spacing_mm, expected.z_mm, expected.affine,
    )  # fmt: skip
    assert one.storage_key == expected.content_hash
    assert np.array_equal(VolumeStore(str(tmp_path / "volumes")).hu(one.storage_key), expected.hu)
    assert one.patient_key == scan(build.uploads(FILES)).series[0].patient_key(b"secret")
    assert found.series[0].origin == "IM0 and 9 more"


def test_a_zip_of_many_folders_and_a_path_give_the_same(tmp_path: Path):
    (tmp_path / "a.zip").write_bytes(build.zip_of(FILES))
    first = inspect(tmp_path / "a.zip").series[0][1]
    assert first.content_hash == inspect(write(tmp_path / "b", FILES)).series[0][1].content_hash
    assert first.content_hash == read_path(tmp_path / "a.zip").content_hash


def test_what_was_left_out_is_named_for_who_uploads_it_and_by_no_repr():
    files = [build.NamedBytes(data, f"Doe^Jane/{place}.dcm") for place, data in enumerate([*FILES[:3], b"x" * 200])]
    with Intake(files) as reading:
        found = reading.scan()
    assert [rejection.origin for rejection in found.rejected] == ["Doe^Jane/3.dcm", "Doe^Jane"]
    assert "Jane" not in repr(found) + " ".join(map(str, found.rejected))


def test_the_command_tells_what_an_upload_would_make(tmp_path: Path):
    stored = [build.with_pixels(one, build.stored_values(one)) for one in build.series(CHEST, number=2)]
    for one in stored:
        one.RescaleIntercept = 0
    folder = write(tmp_path / "case", [*FILES, *build.files_of(stored), b"a note"])
    shown = CliRunner().invoke(build_app(), ["inspect", str(folder), "--json"])
    assert shown.exit_code == 0
    told = json.loads(shown.output)
    series = told["series"][0]
    assert (series["slices"], series["kernel"], series["orientation"]) == (10, "B30f", "axial")
    assert series["spacing_mm"] == pytest.approx(CHEST.spacing_mm, abs=1e-4)
    assert series["thickness_mm"] == CHEST.attributes.thickness_mm
    assert (series["hu"]["min"], series["hu"]["max"]) == (int(CHEST.hu.min()), int(CHEST.hu.max()))
    assert series["hu"]["sha256"] == hashlib.sha256(CHEST.hu.astype("<i2").tobytes()).hexdigest()
    assert [(one["files"], one["place"]) for one in told["rejected"]] == [
        (1, "file 21 of 21"), (10, "files 11 to 20 of 21"),
    ]  # fmt: skip
    assert "air at 2" in told["rejected"][1]["reason"]


def test_a_path_that_is_not_there_is_one_sentence_and_code_two():
    run = [sys.executable, "-m", "core", "inspect", "/nowhere", "--json"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "There is no file or folder at this path; check the path and try again.\n"


def bomb() -> list[bytes]:
    """A deflated file of 600 kB that becomes 600 MB."""
    head = build.encoded(DATASETS[0], build.UNCOMPRESSED["deflated"])
    start = 144 + int.from_bytes(head[140:144], "little")
    plain = zlib.decompress(head[start:], -zlib.MAX_WBITS)
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    blown = pack.compress(plain[:-8]) + b"".join(pack.compress(bytes(2**24)) for _ in range(36)) + pack.flush()
    return [head[:start] + blown]


def large_j2k() -> list[bytes]:
    """Ten JPEG 2000 files of a few kB that say they are 4096 x 4096."""
    flat = build.with_pixels(DATASETS[0], np.full((256, 256), 24, np.uint16))
    code = quirks.code_of(build.dcmread(build.encoded(flat, build.COMPRESSED["JPEG 2000"])))
    siz = code.index(b"\xff\x51") + 6
    grown = code[:siz] + struct.pack(">6I", 4096, 4096, 0, 0, 4096, 4096) + code[siz + 24 :]
    made = []
    for dataset in build.series(CHEST):
        packed = build.dcmread(build.encoded(dataset, build.COMPRESSED["JPEG 2000"]))
        packed.Rows = packed.Columns = 4096
        packed.PixelData = quirks.fragments(grown + b"\0" * (len(grown) % 2))
        made.append(build.file_bytes(packed))
    return made


def tiled_j2k() -> list[bytes]:
    """JPEG 2000 of the right size in a quarter of a million tiles."""
    flat = build.with_pixels(DATASETS[0], np.full((512, 512), 24, np.uint16))
    code = quirks.code_of(build.dcmread(build.encoded(flat, build.COMPRESSED["JPEG 2000"])))
    siz = code.index(b"\xff\x51") + 6
    grown = code[:siz] + struct.pack(">8I", 512, 512, 0, 0, 1, 1, 0, 0) + code[siz + 32 :]
    made = []
    for dataset in build.series(CHEST):
        packed = build.dcmread(build.encoded(dataset, build.COMPRESSED["JPEG 2000"]))
        packed.Rows = packed.Columns = 512
        packed.PixelData = quirks.fragments(grown + b"\0" * (len(grown) % 2))
        made.append(build.file_bytes(packed))
    return made


def long_position() -> list[bytes]:
    """A position with 3,000,000 values."""
    data = FILES[0]
    start = quirks.place_of(data, "ImagePositionPatient")
    (length,) = struct.unpack_from("<H", data, start + 6)
    value = b"1\\" * 3_000_000 + b"1 "
    return [data[: start + 4] + b"UN\0\0" + struct.pack("<I", len(value)) + value + data[start + 8 + length :]]


def empty_groups() -> list[bytes]:
    """A file of many images with hundreds of thousands of empty functional groups."""
    whole = build.file_bytes(build.enhanced(DATASETS))
    start = whole.index(struct.pack("<HH", 0x5200, 0x9230), 132)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 400_000
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    return [whole[: start + 4] + b"SQ\0\0\xff\xff\xff\xff" + items + end]


def long_tail() -> list[bytes]:
    """A gzipped NIfTI with 400 MB of zeros behind its voxels."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    return [pack.compress(build.nifti(CHEST)) + b"".join(pack.compress(bytes(2**24)) for _ in range(25)) + pack.flush()]


ATTACKS: dict[str, Callable[[], list[bytes]]] = {
    "a deflated bomb": bomb,
    "large JPEG 2000": large_j2k,
    "tiled JPEG 2000": tiled_j2k,
    "a long position": long_position,
    "empty groups": empty_groups,
    "the tail of a NIfTI": long_tail,
    "a gzip bomb": lambda: [gzip.compress(FILES[0] + bytes(300 * 2**20))],
    "a tar bomb": lambda: [gzip.compress(bytes(257) + b"ustar" + bytes(250 * 2**20))],
}


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_hostile_inputs_are_answered_within_limits(name: str):
    with Intake(upload(ATTACKS[name]()), silence_s=20) as reading:
        for one in reading.scan().series:
            try:
                reading.read(one.key, secret=b"x")
            except ReadingStopped:
                pytest.fail("the child died or hung")
            except ImagingError:
                pass
        assert 0 < reading.peak_mb < 700


def test_a_child_that_dies_or_hangs_is_told_and_ended(monkeypatch: pytest.MonkeyPatch):
    with Intake(upload(FILES)) as reading:
        found = reading.scan()
        assert reading._child is not None
        reading._child.kill()
        with pytest.raises(ReadingStopped, match="memory") as died:
            reading.read(found.series[0].key)
        assert not died.value.hung
        assert reading.scan().series  # and it can be begun again
    with Intake(upload(FILES), silence_s=0.0) as slow, pytest.raises(ReadingStopped, match="too long") as hung:
        slow.scan()
    assert hung.value.hung


def test_a_file_that_takes_too_long_is_left_out_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "FILE_S", 0.3)
    found = scan(build.uploads([*FILES, *empty_groups()]))
    assert [one.slices for one in found.series] == [10]
    assert found.rejected[0].place == "file 11 of 11"
    assert found.rejected[0].reason == budget.TOO_SLOW


def test_the_corpus_of_a_folder_is_counted(tmp_path: Path):
    write(tmp_path / "sound", FILES)
    write(tmp_path / "short", FILES[:3])
    (tmp_path / "note").write_bytes(b"not an image" * 20)
    report = fuzz_corpus(tmp_path)
    assert (report.inputs, report.accepted, report.crashed, report.hung) == (3, 1, 0, 0)
    assert sum(report.rejected.values()) == 2
    assert report.peak_mb > 10
