"""Where bytes come from: uploaded files, folders, zips. A source is known by its place, "file 12 of 148"."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader, BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from core.imaging.archive import DEFAULT_LIMITS, MEMBER_DAMAGED, Limits
from core.imaging.errors import ImagingError
from core.imaging.packed import HEAD, Stretch, inside, is_archive
from core.imaging.quiet import guarded

IGNORED_NAMES = {"thumbs.db", ".ds_store", "desktop.ini", "dicomdir", ".gitkeep", "ehthumbs.db"}
DEEPEST = 1  # archives inside each other
UNREADABLE = "This file cannot be opened; check that it may be read and try again."
IGNORED_FOLDERS = {"__macosx", ".git", "$recycle.bin"}


class Upload(Protocol):
    """An uploaded file, such as Streamlit's UploadedFile: a binary file with the name it had."""

    @property
    def name(self) -> str: ...
    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Source:
    """One file of an upload. It has no name: origin is for the encrypted case register (db.register) alone."""

    number: int  # 1-based, in the order of the upload
    total: int
    opener: Callable[[], BinaryIO]
    size: int
    origin: str = field(default="", compare=False)
    problem: str = ""  # why the file cannot be opened at all, a sentence

    @property
    def place(self) -> str:
        """How messages call this file."""
        return f"file {self.number} of {self.total}"

    def open(self) -> BinaryIO:
        """Return a new seekable binary stream at the beginning of the file; the caller closes it."""
        return self.opener()

    def read(self) -> bytes:
        """Return all bytes; raises ImagingError where they cannot be read."""

        def whole() -> bytes:
            with self.open() as stream:
                return stream.read()

        return guarded(whole, UNREADABLE)

    def __repr__(self) -> str:
        return f"Source({self.place})"


@dataclass(frozen=True, slots=True, repr=False)
class _Entry:
    name: str
    opener: Callable[[], BinaryIO]
    size: int
    problem: str = ""
    head: Callable[[int], bytes] | None = None


def sources_from_path(path: Path | str, *, limits: Limits = DEFAULT_LIMITS) -> list[Source]:
    """Return the sources of a folder (searched through), a zip, or one file.

    Raises ImagingError where the path does not exist, holds no file, or holds more than the limits.
    """
    root = Path(path)
    if root.is_dir():
        files = sorted(found for found in root.rglob("*") if found.is_file())
    elif root.is_file():
        files = [root]
    else:
        raise ImagingError("There is no file or folder at this path; check the path and try again.")
    return sources_from_paths(files, root=root.parent, limits=limits)


def sources_from_paths(
    files: Sequence[Path], *, root: Path | None = None, limits: Limits = DEFAULT_LIMITS
) -> list[Source]:
    """Return the sources of files, named from root or the folder above the first one's; raises as above."""
    start = root or files[0].parent.parent
    entries = [_Entry(file.relative_to(start).as_posix(), _path_opener(file), file.stat().st_size) for file in files]
    return _sources(entries, limits)


def sources_from_descriptor(
    number: int, files: Sequence[tuple[str, int]], *, limits: Limits = DEFAULT_LIMITS
) -> list[Source]:
    """Return the sources of files that lie one after another in an open file, given as name and size.

    Raises ImagingError as `sources_from_uploads`.
    """
    entries, start = [], 0
    for name, size in files:
        entries.append(_Entry(name, partial(_stretch, number, start, size), size))
        start += size
    return _sources(entries, limits)


def sources_from_uploads(files: Sequence[Upload], *, limits: Limits = DEFAULT_LIMITS) -> list[Source]:
    """Return the sources of uploaded files, zips unpacked; the files must stay open while the sources are used.

    Raises ImagingError where there is no file, or more than the limits.
    """
    entries = []
    for file in files:
        opener, size = _upload_opener(file)
        entries.append(_Entry(file.name, opener, size))
    return _sources(entries, limits)


def _stretch(number: int, start: int, size: int) -> BinaryIO:
    return BufferedReader(Stretch(number, start, size))


def _path_opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _upload_opener(file: Upload) -> tuple[Callable[[], BinaryIO], int]:
    if isinstance(file, BytesIO):
        return lambda: BytesIO(file.getvalue()), file.getbuffer().nbytes  # getvalue shares the bytes, no copy
    lock = threading.Lock()

    def copy() -> BinaryIO:
        with lock:
            file.seek(0)
            return BytesIO(file.read())

    return copy, file.seek(0, os.SEEK_END)


def _sources(entries: Iterable[_Entry], limits: Limits) -> list[Source]:
    flat: list[_Entry] = []
    for entry in entries:
        if not _ignored(entry.name):
            flat += _unpacked(entry, limits)
    if not flat:
        raise ImagingError("The upload holds no image file; choose the folder or zip that holds the DICOM files.")
    if len(flat) > limits.files:
        raise ImagingError(f"The upload holds {len(flat)} files, more than {limits.files}; upload fewer at a time.")
    size = sum(entry.size for entry in flat)
    if size > limits.total_bytes:
        raise ImagingError(
            f"The upload is {size / 1e9:.1f} GB unpacked, more than {limits.total_bytes / 1e9:.0f} GB; "
            "upload fewer series at a time."
        )
    return [
        Source(number, len(flat), entry.opener, entry.size, entry.name, entry.problem)
        for number, entry in enumerate(flat, start=1)
    ]


def _unpacked(entry: _Entry, limits: Limits, depth: int = 0) -> list[_Entry]:
    """Return the entry itself, or what is in it where it is an archive, whatever its name."""
    try:
        head = guarded(lambda: _first_bytes(entry), UNREADABLE if depth == 0 else MEMBER_DAMAGED)
        if depth and is_archive(head):  # a file in an archive is held in memory: archives need jumping about
            data = guarded(lambda: _all_bytes(entry), MEMBER_DAMAGED)
            entry = _Entry(entry.name, lambda: BytesIO(data), len(data))
        found = inside(entry.opener, head, limits)
    except ImagingError as error:
        return [_Entry(entry.name, entry.opener, 0, str(error))]
    if found is None:
        return [entry]
    if depth > DEEPEST:
        return [_Entry(entry.name, entry.opener, 0, "This zip lies in a zip inside a zip; unpack it first.")]
    flat: list[_Entry] = []
    for member in found:
        if not _ignored(member.name):
            name = f"{entry.name}/{member.name}" if member.name else entry.name
            inner = _Entry(name, member.opener, member.size, member.problem, member.head)
            flat += [inner] if member.problem or not member.size else _unpacked(inner, limits, depth + 1)
    return flat


def _first_bytes(entry: _Entry) -> bytes:
    if entry.head is not None:
        return entry.head(HEAD)
    with entry.opener() as stream:
        return stream.read(HEAD)


def _all_bytes(entry: _Entry) -> bytes:
    with entry.opener() as stream:
        return stream.read()


def _ignored(name: str) -> bool:
    """Whether a file is litter of an operating system, or a DICOMDIR, which only repeats what the files say."""
    path = PurePosixPath(name.replace("\\", "/"))
    last = path.name.lower()
    return last in IGNORED_NAMES or last.startswith("._") or any(part.lower() in IGNORED_FOLDERS for part in path.parts)
