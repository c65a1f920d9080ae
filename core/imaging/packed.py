"""Archives beside zip: tar, and gzip, bzip2 or xz around a file or a tar, are read; the others are named."""

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import weakref
import zlib
from collections.abc import Callable
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, BinaryIO, cast

from core.imaging.archive import BOMB, Limits, Member, members
from core.imaging.errors import ImagingError

HEAD = 4096  # bytes that tell what a file is
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OTHERS = (
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"\x04\x22\x4d\x18", "LZ4"),
    (0, b"\x1f\x9d", "compress (.Z)"),
    (0, b"LZIP", "lzip"),
    (0, b"MSCF", "cabinet"),
    (0, b"xar!", "xar"),
    (0, b"ALZ\x01", "ALZ"),
    (0, b"EGGA", "EGG"),
    (0, b"PK\x07\x08", "multi-part zip"),
    (0, b"!<arch>", "ar"),
    (2, b"-lh", "LZH"),
    (7, b"**ACE**", "ACE"),
)
OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
DAMAGED = "This archive is damaged or incomplete; make it again and upload it once more."
FAILURES = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError)
BLOCK = 2**20

Opener = Callable[[], BinaryIO]


def inside(opener: Opener, head: bytes, limits: Limits) -> list[Member] | None:
    """Return the files of an archive that begins with `head`, or None where it is none.

    Raises ImagingError where the archive is damaged, of a kind that is not read, or unpacks to more than the limits.
    """
    if head.startswith(ZIP):
        return members(opener, limits)
    for offset, magic, name in OTHERS:
        if head[offset : offset + len(magic)] == magic:
            raise ImagingError(
                f"This is a {name} archive, which cannot be read here; unpack it and upload the folder or a zip."
            )
    if _is_tar(head):
        return _tar(opener, limits)
    unpack = next((how for magic, how in OPENERS.items() if head.startswith(magic)), None)
    if unpack is None:
        return None
    return _single(opener, unpack, head, limits)


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is an archive that is read, or a packed file."""
    return head.startswith((*ZIP, *OPENERS)) or _is_tar(head)


def _single(opener: Opener, unpack: Callable[[Any], Any], head: bytes, limits: Limits) -> list[Member] | None:
    """Return what one packed file holds: the files of a tar, or itself unpacked; None for a gzipped NIfTI."""
    start = _start(unpack, opener)
    if _is_nifti(start) and head.startswith(b"\x1f\x8b"):
        return None  # core.imaging.nifti reads it slab by slab
    if _is_tar(start) or start.startswith(ZIP):
        held = _Held()
        _copy(opener, unpack, cast(BinaryIO, held.file), limits)
        held.file.flush()
        return _tar(held, limits) if _is_tar(start) else members(held, limits)

    def unpacked() -> BinaryIO:
        buffer = BytesIO()
        _copy(opener, unpack, buffer, limits)
        buffer.seek(0)
        return buffer

    return [Member("", unpacked, 1)]


def _start(unpack: Callable[[Any], Any], opener: Opener) -> bytes:
    try:
        with opener() as stream, unpack(stream) as unpacked:
            return cast(bytes, unpacked.read(HEAD))
    except FAILURES:
        pass
    raise ImagingError(DAMAGED)


def _copy(opener: Opener, unpack: Callable[[Any], Any], into: BinaryIO, limits: Limits) -> None:
    """Unpack a file piece by piece, and stop where it becomes more than an upload may hold."""
    size = 0
    try:
        with opener() as stream:
            packed = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            with unpack(stream) as unpacked:
                while block := unpacked.read(BLOCK):
                    size += len(block)
                    hard = size > limits.ratio_from_bytes and size > limits.ratio * packed
                    if size > limits.total_bytes or hard:
                        raise ImagingError(BOMB.replace("zip", "archive"))
                    into.write(block)
        return
    except FAILURES:
        pass
    raise ImagingError(DAMAGED)


def _tar(opener: Opener, limits: Limits) -> list[Member]:
    found = []
    try:
        with opener() as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for info in archive:
                if not info.isfile() or info.issparse():
                    continue
                found.append(Member(info.name, _part(opener, info.offset_data, info.size), info.size))
                if len(found) > limits.files:
                    raise ImagingError(f"This tar holds more than {limits.files} files; upload fewer at a time.")
        return found
    except FAILURES:
        pass
    raise ImagingError(DAMAGED)


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _is_nifti(start: bytes) -> bool:
    return start[344:347] in (b"n+1", b"ni1") or start[4:7] == b"n+2"


class _Held:
    """An unpacked file without a name on disk; closed when nothing reads from it any more."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the finalizer
        weakref.finalize(self, self.file.close)

    def __call__(self) -> BinaryIO:
        number = self.file.fileno()
        return BufferedReader(Stretch(number, 0, os.fstat(number).st_size, owner=self))


class Stretch(RawIOBase):
    """A stretch of an open file, as a file: several threads read it, each at its own place.

    owner is kept alive as long as the stretch is.
    """

    name = ""  # pydicom asks for it

    def __init__(self, number: int, start: int, size: int, *, owner: object = None) -> None:
        self._number, self._start, self._size, self._owner, self._at = number, start, size, owner, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = max(0, {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._number, max(0, min(len(buffer), self._size - self._at)), self._start + self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _part(opener: Opener, start: int, size: int) -> Opener:
    def open_part() -> BinaryIO:
        with opener() as stream:
            stream.seek(start)
            return BytesIO(stream.read(size))

    return open_part
