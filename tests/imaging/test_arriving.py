"""A series that is worked on while its slices still arrive."""

from pathlib import Path
from threading import Event, Timer

import numpy as np
import pytest

from core.imaging.arriving import Arriving
from core.imaging.errors import ImagingError
from core.imaging.frames import Frame
from core.imaging.pixels import PixelReader
from core.imaging.read import opening, read_path
from core.imaging.volume import Volume
from tests import dicom_builder as build

LOSSLESS = build.COMPRESSED["JPEG lossless first order"]
CHEST = build.chest(slices=10)


def write(folder: Path, files: list[bytes]) -> Path:
    folder.mkdir()
    for number, data in enumerate(files, start=1):
        (folder / f"{number:02d}.dcm").write_bytes(data)
    return folder


@pytest.fixture
def case(tmp_path: Path) -> Path:
    files = build.files_of(build.series(CHEST), syntax=LOSSLESS)
    return write(tmp_path / "case", files[::-1])  # from the base, so that the order comes from the headers


def test_slices_come_from_the_apex_while_later_ones_are_not_decoded(case: Path, monkeypatch: pytest.MonkeyPatch):
    last, real = Event(), PixelReader.hu

    def hu(reader: PixelReader, frame: Frame) -> np.ndarray:
        if frame.source.number == 1:  # the base
            assert last.wait(20)
        return real(reader, frame)

    monkeypatch.setattr(PixelReader, "hu", hu)
    with opening(case, tell=print) as coming:
        assert isinstance(coming, Arriving)
        coming.wait_for(8)
        assert np.array_equal(coming.hu[:9], CHEST.hu[:9])
        last.set()
        volume = coming.whole()
    expected = read_path(case)
    assert volume.content_hash == expected.content_hash
    assert (volume.z_mm, volume.affine, volume.attributes) == (expected.z_mm, expected.affine, expected.attributes)
    assert (coming.z_mm, coming.spacing_mm) == (expected.z_mm, expected.spacing_mm)


def test_a_damaged_slice_is_named_by_its_file_when_it_is_waited_for(tmp_path: Path):
    files = build.files_of(build.series(CHEST), syntax=LOSSLESS)
    start = files[6].index(b"\xff\xc3")
    files[6] = files[6][:start] + bytes(60) + files[6][start + 60 :]
    case = write(tmp_path / "case", files)
    with opening(case, tell=print) as coming:
        assert isinstance(coming, Arriving)
        coming.wait_for(5)
        for later in (6, 9, 6):
            with pytest.raises(ImagingError, match="File 7 of 10: ") as told:
                coming.wait_for(later)
            assert told.value.__context__ is None
        with pytest.raises(ImagingError, match="File 7 of 10: "):
            coming.whole()
    with pytest.raises(ImagingError, match="File 7 of 10: "):
        read_path(case)


def test_missing_slices_are_refused_before_anything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    files = build.files_of(build.series(CHEST), syntax=LOSSLESS)
    monkeypatch.setattr(PixelReader, "hu", None)
    with (
        pytest.raises(ImagingError, match="1 slice is missing"),
        opening(write(tmp_path / "case", files[:4] + files[5:]), tell=print),
    ):
        pass


def test_leaving_early_stops_the_decoding(case: Path, monkeypatch: pytest.MonkeyPatch):
    decoded: list[int] = []
    begun, go_on, real = Event(), Event(), PixelReader.hu
    monkeypatch.setattr("core.imaging.arriving.processes", lambda: 1)

    def held(reader: PixelReader, frame: Frame) -> np.ndarray:
        decoded.append(1)
        begun.set()
        assert go_on.wait(20)
        return real(reader, frame)

    monkeypatch.setattr(PixelReader, "hu", held)
    with opening(case, tell=print):
        assert begun.wait(20)
        Timer(0.2, go_on.set).start()  # once the context is being left
    assert len(decoded) == 1


def test_a_file_of_many_images_arrives_too_and_nifti_at_once(tmp_path: Path):
    many = write(tmp_path / "many", [build.file_bytes(build.enhanced(build.series(CHEST)))])
    with opening(many, tell=print) as coming:
        assert isinstance(coming, Arriving)
        coming.wait_for(9)
        assert np.array_equal(coming.hu, CHEST.hu)
    (tmp_path / "chest.nii").write_bytes(build.nifti(CHEST))
    with opening(tmp_path / "chest.nii", tell=print) as whole:
        assert isinstance(whole, Volume)
        assert np.array_equal(whole.hu, CHEST.hu)


def test_what_lies_beside_the_series_is_told(tmp_path: Path):
    files = build.files_of(build.series(CHEST))
    other = build.files_of(build.series(build.chest(slices=9), patient_id="second", seed="t"))
    told: list[str] = []
    with opening(write(tmp_path / "case", [files[0][:300], *files[1:], b"a note", *other]), tell=told.append) as coming:
        assert len(coming.hu) == 9
    assert len(told) == 3
    assert "Another patient (9 slices) is not read" in told[0]
    assert told[1] == "File 1 of 20: This CT image is cut short in its header; export the series again."
    assert told[2].startswith("File 11 of 20: This is not a DICOM or NIfTI file")


def test_a_damaged_file_that_leaves_a_gap_is_named_after_the_gap(tmp_path: Path):
    files = build.files_of(build.series(CHEST))
    files[4] = files[4][:300]
    with pytest.raises(ImagingError, match=r"1 slice is missing .* File 5 of 10: "):
        read_path(write(tmp_path / "case", files))
