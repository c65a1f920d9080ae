"""JPEG, JPEG-LS and JPEG 2000 images, decoded in a process of their own.

The C++ decoder ends its whole process on some damaged images, which must not be the web server, and it holds Python's
lock while it works. So it works in a child, over a pipe: if the child dies, the image is called damaged, and several
children use several cores. They are kept idle for the next series, for starting one takes half a second. The child is
this module, started by its path; it imports nothing else of this project.
"""

import atexit
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

PATIENCE_S = 10.0  # of work on one image; on a busy machine a decoder may wait long for its turn
HANGS_S = 60.0  # after which a decoder that does not work is ended too
MEMORY = 768 * 2**20  # bytes of one child; an image of 4096 x 4096 takes half
MOST = 4  # children; more gain little beside the parsing in the parent
LENGTH = struct.Struct("<Q")
COMPLAINTS = (b"Corrupt JPEG data", b"Stream too short", b"Failed to decode tile")
HARMLESS = b"extraneous bytes before marker 0xd9"  # padding after the last pixel
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"
REFUSED = b""  # the answer of a child that could not decode


class DecodingFailed(Exception):
    """The image could not be decoded, or the decoder died of it. Says nothing of the image."""


class Decoder:
    """A child process that decodes one image after another; it starts with the first and again after a death."""

    def __init__(self) -> None:
        self.child: subprocess.Popen[bytes] | None = None

    def decode(self, code: bytes, description: dict[str, Any]) -> NDArray[np.integer[Any]]:
        """Return the stored values (rows, columns) of one compressed image; raises DecodingFailed.

        description holds pydicom's decoding options and the transfer syntax, "syntax".
        """
        child = self.child or self._start()
        done = threading.Event()
        threading.Thread(target=_end_when_slow, args=(child, done), daemon=True).start()
        try:
            assert child.stdin
            assert child.stdout
            _send(child.stdin, json.dumps(description).encode())
            _send(child.stdin, code)
            kind = _receive(child.stdout)
            values = _receive(child.stdout)
        except (OSError, EOFError):
            self.close()  # it died
            kind, values = REFUSED, REFUSED
        finally:
            done.set()
        if kind == REFUSED:
            raise DecodingFailed
        array = np.frombuffer(values, np.dtype(kind.decode()))
        if array.size != description["rows"] * description["columns"]:
            raise DecodingFailed
        return array.reshape(description["rows"], description["columns"])

    def close(self) -> None:
        """End the child, if one was started."""
        child, self.child = self.child, None
        if child is not None:
            child.kill()
            child.communicate()

    def _start(self) -> "subprocess.Popen[bytes]":
        self.child = subprocess.Popen(  # noqa: S603 - this interpreter and this file
            [sys.executable, "-P", "-W", "ignore", str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self.child


def _end_when_slow(child: "subprocess.Popen[bytes]", done: threading.Event) -> None:
    """End a decoder that has worked for PATIENCE_S on one image, or that hangs; not one that waits for its turn."""
    before = worked_s(child.pid)
    for _ in range(round(HANGS_S / PATIENCE_S)):
        if done.wait(PATIENCE_S):
            return
        if worked_s(child.pid) - before >= 0.9 * PATIENCE_S:
            break
    child.kill()


def worked_s(pid: int) -> float:
    """Return the processor time of a process, seconds; infinite where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


_idle: list[Decoder] = []
_idle_lock = threading.Lock()


def processes() -> int:
    """Return how many children decode a series at once on this machine."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST)


def borrow() -> Decoder:
    """Return a decoder for one thread's use, an idle one where there is one; give it back afterwards."""
    with _idle_lock:
        return _idle.pop() if _idle else Decoder()


def give_back(decoder: Decoder) -> None:
    """Keep a decoder for the next series, or end it where enough are idle."""
    with _idle_lock:
        if len(_idle) < processes():
            _idle.append(decoder)
            return
    decoder.close()


def peak_mb() -> int:
    """Return the most memory that an idle child has ever taken, MB; 0 where the system does not tell."""
    with _idle_lock:
        children = [decoder.child for decoder in _idle if decoder.child is not None]
    return max((highest_mb(child.pid) for child in children), default=0)


def highest_mb(pid: int) -> int:
    """Return the most memory that a process has taken since its program began, MB; 0 where the system does not tell.

    What `getrusage` tells begins with the memory of the process that started it.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)


@atexit.register
def _end_idle() -> None:
    while _idle:
        _idle.pop().close()


def _send(stream: BinaryIO | Any, data: bytes | memoryview) -> None:
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: BinaryIO | Any) -> bytes:
    size = stream.read(LENGTH.size)
    if len(size) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(size)
    data: bytes = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def serve(requests: BinaryIO, answers: BinaryIO, said: int) -> None:
    """Answer each request with a type and values, or with nothing where the image cannot be decoded.

    said is the descriptor of the file that holds what the libraries print: the JPEG library fills in what is damaged,
    prints that it did, and returns the image as if it were whole.
    """
    for description, code in _requests(requests):
        try:
            kind, values = _decoded(code, description)
        except Exception:  # noqa: BLE001 - whatever damage makes the library raise; the parent says what it means
            kind, values = REFUSED, REFUSED
        if _complained(said):
            kind, values = REFUSED, REFUSED
        _send(answers, kind)
        _send(answers, values)


def _complained(said: int) -> bool:
    """Whether a library has printed that an image is damaged since this was asked last."""
    size = os.fstat(said).st_size
    if not size:
        return False
    lines = os.pread(said, size, 0).splitlines()
    os.ftruncate(said, 0)
    os.lseek(said, 0, os.SEEK_SET)
    return any(complaint in line and HARMLESS not in line for line in lines for complaint in COMPLAINTS)


def _requests(stream: BinaryIO) -> Iterator[tuple[dict[str, Any], bytes]]:
    while True:
        try:
            yield json.loads(_receive(stream)), _receive(stream)
        except EOFError:
            return


def _decoded(code: bytes, description: dict[str, Any]) -> tuple[bytes, bytes | memoryview]:
    from pydicom.encaps import encapsulate
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    options: dict[str, Any] = {key: value for key, value in description.items() if key != "syntax"}
    options["correct_unused_bits"] = False  # the caller does, for left-aligned pixels too
    if description["syntax"] == JPEG_EXTENDED and description["bits_stored"] > 8:
        return _twelve_bits(code, description)
    decoder = get_decoder(UID(description["syntax"]))
    array, _ = decoder.as_array(encapsulate([code]), index=0, raw=True, **options)
    return array.dtype.str.encode(), np.ascontiguousarray(array).data.cast("B")


def _twelve_bits(code: bytes, description: dict[str, Any]) -> tuple[bytes, bytes]:
    """Decode JPEG Extended of 12 bits with gdcm itself: pydicom's way to it allows 8 bits only."""
    import gdcm

    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(code)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((description["columns"], description["rows"], 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(description["photometric_interpretation"])
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(JPEG_EXTENDED)))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, description["pixel_representation"]))
    return b"<u2", image.GetBuffer().encode("utf-8", "surrogateescape")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    answers_only = os.fdopen(os.dup(1), "wb")
    with tempfile.TemporaryFile() as printed:
        os.dup2(printed.fileno(), 1)  # what libraries print must not mix with the answers
        os.dup2(printed.fileno(), 2)
        serve(sys.stdin.buffer, answers_only, printed.fileno())
