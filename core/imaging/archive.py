"""Zip files: their members as streams, with guards against encryption, damage and zip bombs."""

import lzma
import weakref
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import BinaryIO

from core.imaging.errors import ImagingError

DAMAGED = "This zip is damaged or incomplete; make it again and upload it once more."
ENCRYPTED = "This zip is protected by a password; make one without a password."
BOMB = "This zip unpacks to far more than an image can; make it again from the DICOM files only."
MEMBER_DAMAGED = "This file is damaged inside its zip; make the zip again and upload it once more."
# what zipfile raises on damage, a password (RuntimeError) or a packing it does not know (a kind of RuntimeError too)
FAILURES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError, RuntimeError)
READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd", 99: "AES"}
DOS_FOLDER = 0x10  # of the external attributes
STREAMED_ABOVE = 16 * 2**20  # bytes; smaller members are unpacked at once, so that readers can jump about in them


@dataclass(frozen=True, slots=True)
class Limits:
    """What an upload may hold. A deflated byte cannot become more than about 1030; real CT stays below 20."""

    files: int = 20_000
    total_bytes: int = 12 * 10**9  # unpacked; about forty chest series
    ratio: float = 200.0
    ratio_from_bytes: int = 64 * 2**20  # a small file of one colour may be packed harder


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, repr=False)
class Member:
    """One file of a zip; problem is the sentence that says why it cannot be opened, or empty."""

    name: str
    opener: Callable[[], BinaryIO]
    size: int
    problem: str = ""
    head: Callable[[int], bytes] | None = None  # its first bytes, where that is cheaper than opening it


def members(opener: Callable[[], BinaryIO], limits: Limits) -> list[Member]:
    """Return the files of a zip in its own order.

    Raises ImagingError where the zip is damaged, encrypted as a whole, or unpacks to more than the limits.
    """
    archive = _archive(opener)
    infos = [info for info in archive.infolist() if not _is_folder(info)]
    if infos and all(info.flag_bits & 1 for info in infos):
        raise ImagingError(ENCRYPTED)
    if infos and all(info.compress_type not in READ for info in infos):
        raise ImagingError(_unread(infos[0], "This zip is"))
    if len(infos) > limits.files:
        raise ImagingError(f"This zip holds {len(infos)} files, more than {limits.files}; upload fewer at a time.")
    if sum(info.file_size for info in infos) > limits.total_bytes:
        raise ImagingError(
            f"This zip unpacks to more than {limits.total_bytes / 1e9:.0f} GB; upload fewer series at a time."
        )
    packed = {info.header_offset for info in infos}
    if len(packed) < len(infos):  # members that share their packed bytes: only a bomb does that
        raise ImagingError(BOMB)
    if any(_is_bomb(info, limits) for info in infos):
        raise ImagingError(BOMB)
    return [
        Member(info.filename, _opener(archive, info), info.file_size, _problem(info), partial(_head, archive, info))
        for info in infos
    ]


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether an entry is a folder: some programs end its name in a backslash, or mark it in its attributes alone."""
    marked = info.filename.endswith("\\") or bool(info.external_attr & DOS_FOLDER)
    return info.is_dir() or (marked and info.file_size == 0)


def _problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return ENCRYPTED
    return "" if info.compress_type in READ else _unread(info, "This file of the zip is")


def _unread(info: zipfile.ZipInfo, what: str) -> str:
    method = info.compress_type
    named = f"{METHODS[method]} (method {method})" if method in METHODS else f"method {method}"
    return f"{what} packed with {named}, which cannot be read here; unzip it and upload the folder."


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> bytes:
    """Return the first bytes of a member without unpacking the rest."""
    try:
        with archive.open(info) as stream:
            return stream.read(size)
    except FAILURES:
        failure = ImagingError(MEMBER_DAMAGED)
    raise failure


def _archive(opener: Callable[[], BinaryIO]) -> zipfile.ZipFile:
    stream = opener()
    try:
        archive = zipfile.ZipFile(stream)
        weakref.finalize(archive, stream.close)  # when the last source that reads from it is gone
        return archive
    except FAILURES:
        failure = ImagingError(DAMAGED)
    stream.close()
    raise failure  # outside the handler: the library's message may quote a member's name


def _is_bomb(info: zipfile.ZipInfo, limits: Limits) -> bool:
    return info.file_size > limits.ratio_from_bytes and info.file_size > limits.ratio * max(info.compress_size, 1)


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        try:
            stream = archive.open(info)
            if info.file_size > STREAMED_ABOVE:
                return stream  # type: ignore[return-value]  # a binary stream in all but its declared base class
            with stream:
                return BytesIO(stream.read())
        except FAILURES:
            failure = ImagingError(MEMBER_DAMAGED)
        raise failure

    return open_member
