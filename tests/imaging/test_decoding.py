"""A damaged image can end the process that decodes it, and nothing else."""

import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import get_frame

from core.imaging import decoding
from core.imaging.decoding import Decoder, DecodingFailed
from core.imaging.errors import ImagingError
from core.imaging.read import load, scan
from tests import dicom_builder as build

SYNTAX = build.COMPRESSED["JPEG lossless first order"]
DATASET = build.series()[0]
DESCRIPTION = {
    "syntax": SYNTAX,
    "rows": 48,
    "columns": 48,
    "bits_allocated": 16,
    "bits_stored": 16,
    "pixel_representation": 0,
    "photometric_interpretation": "MONOCHROME2",
    "samples_per_pixel": 1,
    "number_of_frames": 1,
    "pixel_keyword": "PixelData",
}


@pytest.fixture
def code() -> bytes:
    written = dcmread(build.NamedBytes(build.encoded(DATASET, SYNTAX), "a"))
    return get_frame(written.PixelData, 0, number_of_frames=1)


def test_an_image_is_decoded_in_the_child(code: bytes):
    decoder = Decoder()
    try:
        assert np.array_equal(decoder.decode(code, DESCRIPTION), build.stored_values(DATASET))
    finally:
        decoder.close()


def test_a_child_that_died_fails_one_image_and_the_next_has_a_new_one(code: bytes):
    decoder = Decoder()
    try:
        decoder.decode(code, DESCRIPTION)
        assert decoder.child
        decoder.child.kill()
        with pytest.raises(DecodingFailed):
            decoder.decode(code, DESCRIPTION)
        assert decoder.decode(code, DESCRIPTION).shape == (48, 48)
    finally:
        decoder.close()


def test_damage_and_wrong_sizes_are_refused_and_the_child_goes_on(code: bytes):
    decoder = Decoder()
    try:
        for damaged, rows in ((b"\xff\xd8" + code[60:], 48), (b"", 48), (code, 64)):
            with pytest.raises(DecodingFailed):
                decoder.decode(damaged, {**DESCRIPTION, "rows": rows})
        assert decoder.decode(code, DESCRIPTION).shape == (48, 48)
    finally:
        decoder.close()


def test_an_image_that_the_library_mends_by_guessing_is_refused(code: bytes):
    half = code[: len(code) // 2] + b"\xff\xd9"  # the library fills the rest and only prints a warning
    decoder = Decoder()
    try:
        with pytest.raises(DecodingFailed):
            decoder.decode(half, DESCRIPTION)
        assert np.array_equal(decoder.decode(code, DESCRIPTION), build.stored_values(DATASET))
    finally:
        decoder.close()


@pytest.fixture
def started(code: bytes) -> Iterator[Decoder]:
    decoder = Decoder()
    decoder.decode(code, DESCRIPTION)
    yield decoder
    decoder.close()


def test_an_image_that_takes_too_long_is_given_up(started: Decoder, code: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoding, "PATIENCE_S", 0.1)
    work = iter([0.0, 5.0])
    monkeypatch.setattr(decoding, "worked_s", lambda _: next(work))
    os.kill(started.child.pid, signal.SIGSTOP)
    with pytest.raises(DecodingFailed):
        started.decode(code, DESCRIPTION)
    monkeypatch.undo()
    assert started.decode(code, DESCRIPTION).shape == (48, 48)


def test_a_decoder_that_hangs_is_ended(started: Decoder, code: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(decoding, "PATIENCE_S", 0.1)
    monkeypatch.setattr(decoding, "HANGS_S", 0.3)
    os.kill(started.child.pid, signal.SIGSTOP)
    with pytest.raises(DecodingFailed):
        started.decode(code, DESCRIPTION)


def test_a_decoder_that_waits_for_its_turn_on_a_busy_machine_is_waited_for(
    started: Decoder, code: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decoding, "PATIENCE_S", 0.1)
    child = started.child.pid
    os.kill(child, signal.SIGSTOP)
    threading.Timer(0.6, os.kill, (child, signal.SIGCONT)).start()
    assert np.array_equal(started.decode(code, DESCRIPTION), build.stored_values(DATASET))
    assert started.child.pid == child


def test_a_reader_of_progress_that_stops_leaves_the_decoders_to_the_next():
    found = scan(build.uploads(build.files_of(build.series(), syntax=SYNTAX)))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(found.series[0], on_progress=stop)
    assert 0 < len(decoding._idle) <= decoding.processes()
    assert load(found.series[0]).hu.shape == (10, 48, 48)


def test_the_first_damaged_file_is_named_whichever_child_meets_it():
    files = build.files_of(build.series(), syntax=SYNTAX)
    for index in (6, 3):
        start = files[index].index(b"\xff\xc3")
        files[index] = files[index][:start] + bytes(60) + files[index][start + 60 :]
    found = scan(build.uploads(files))
    with pytest.raises(ImagingError, match="File 4 of 10: "):
        load(found.series[0])
