"""What an upload would make: the one way of reading that the page, `import`, `inspect` and `fuzz` share.

Untrusted bytes are parsed in a child process with limits of memory and time (core.imaging.intake_child), so that no
upload takes the server's memory or ends it. Pixels never come back: the child stores them itself.
"""

import base64
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from core.child import start
from core.imaging.decoding import worked_s
from core.imaging.errors import ImagingError
from core.imaging.series import Rejection
from core.imaging.source import Upload
from core.progress import Progress, ignore

SILENCE_S = 120.0  # without a word of progress a child that works is taken to hang
TURNS = 3  # times that which a child may wait for its turn on a busy machine
DIED = "This upload could not be read within the memory that reading one may take; upload fewer series at a time."
HUNG = "This upload took too long to read; upload fewer series at a time, or export the series again."
BLOCK = 2**20


class ReadingStopped(ImagingError):
    """The child ended or hung: `hung` says which."""

    def __init__(self, message: str, *, hung: bool) -> None:
        super().__init__(message)
        self.hung = hung


@dataclass(frozen=True, slots=True)
class Listed:
    """A series that can become a volume, as core.imaging.series.SeriesCandidate, without its files."""

    key: str
    slices: int
    thickness_mm: float | None
    kernel: str | None
    orientation: str
    spacing_mm: tuple[float, float, float]
    coverage_mm: float
    place: str
    files: int
    preselected: bool
    origin: str = field(repr=False)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What an upload holds: series, best first, and what was left out."""

    series: tuple[Listed, ...]
    rejected: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class ReadSeries:
    """What is known of a series once its pixels were read, and stored where that was asked for."""

    hu: dict[str, Any]  # min, max, mean, sha256 of the int16 voxels (z, y, x), little endian
    content_hash: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    affine: tuple[tuple[float, ...], ...]
    attributes: dict[str, Any]
    record: dict[str, Any]  # what of the header was kept, replaced and removed, by name
    storage_key: str | None
    patient_key: str | None


class Intake:
    """Reads one upload, or one file, folder or archive at a path, in a child process; a context that ends it."""

    def __init__(
        self,
        upload: Path | str | Sequence[Path] | Sequence[Upload],
        *,
        strict: bool = False,
        silence_s: float = SILENCE_S,
    ) -> None:
        """strict refuses series whose pictures may show a name."""
        self._upload, self._strict, self._silence_s = upload, strict, silence_s
        self._ending = ExitStack()
        self._child: subprocess.Popen[str] | None = None
        self.peak_mb = 0  # memory that the child took at most

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child and let go of the upload."""
        self._end()
        self._ending.close()

    def scan(self, on_progress: Progress = ignore, *, then: Sequence[Path] | None = None) -> Found:
        """Return the series of the upload and what was left out; on_progress counts files.

        `then` names the files to read next, instead of the upload, by the process that is there: starting one takes
        longer than reading a small series. Raises ImagingError where nothing of it can be looked at.
        """
        self._ending.close()
        if then is not None:
            self._upload = then
        request, size, descriptors = self._request()
        request |= {"strict": self._strict, "size": size}
        if then is None or self._child is None:
            self._start(descriptors)
        answer = self._ask(request, on_progress)
        return Found(
            tuple(_listed(entry) for entry in answer["series"]),
            tuple(Rejection(**rejection) for rejection in answer["rejected"]),
        )

    def read(self, key: str, *, store: str = "", secret: bytes = b"", on_progress: Progress = ignore) -> ReadSeries:
        """Read a series that `scan` found, check its values, and store it under the address `store` where one is given.

        secret makes the patient's key. Raises ImagingError with the reason where it cannot be read.
        """
        request = {"do": "read", "key": key, "store": store, "secret": secret.hex()}
        return _read_series(self._ask(request, on_progress))

    def series_keys(self, paths: Sequence[Path]) -> list[str | None]:
        """Return for each file what its series is called, as a digest; None for one that is no DICOM image."""
        if self._child is None:
            self._start(())
        size = sum(path.stat().st_size for path in paths)
        request = {"do": "series_keys", "paths": [str(path.resolve()) for path in paths], "size": size}
        keys: list[str | None] = self._ask(request, ignore)["keys"]
        return keys

    def picture(self, key: str) -> bytes:
        """Return the picture (thumbnail.py) of a series that `scan` found, as WebP. Raises ImagingError."""
        return base64.b64decode(self._ask({"do": "picture", "key": key}, ignore)["picture"])

    def _request(self) -> tuple[dict[str, Any], int, tuple[int, ...]]:
        """Return the request, the bytes of the upload and the files that the child inherits."""
        if isinstance(self._upload, (str, Path)):
            root = Path(self._upload)
            files = [root] if root.is_file() else [file for file in root.rglob("*") if file.is_file()]
            total = sum(file.stat().st_size for file in files)
            return {"do": "scan", "path": str(root.resolve())}, total, ()
        paths = [file for file in self._upload if isinstance(file, Path)]
        if paths:
            total = sum(path.stat().st_size for path in paths)
            return {"do": "scan", "paths": [str(path.resolve()) for path in paths]}, total, ()
        held = tempfile.TemporaryFile()  # noqa: SIM115 - without a name, and gone with the intake
        self._ending.callback(held.close)
        uploads = [file for file in self._upload if not isinstance(file, Path)]
        uploaded = [(upload.name, _copy(upload, held)) for upload in uploads]
        number = held.fileno()
        request = {"do": "scan", "files": uploaded, "descriptor": number}
        return request, sum(size for _, size in uploaded), (number,)

    def _start(self, descriptors: tuple[int, ...]) -> None:
        self._end()
        self._child = start("core.imaging.intake_child", descriptors=descriptors)

    def _ask(self, request: dict[str, Any], on_progress: Progress) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise ReadingStopped(DIED, hung=False)
        hung = threading.Event()
        try:
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            while True:
                answered = threading.Event()
                watch = (child, hung, answered, self._silence_s)
                threading.Thread(target=_end_when_silent, args=watch, daemon=True).start()
                try:
                    line = child.stdout.readline()
                finally:
                    answered.set()
                if not line.endswith("\n"):
                    raise EOFError
                answer: dict[str, Any] = json.loads(line)
                if "progress" not in answer:
                    break
                on_progress(*answer["progress"])
        except (OSError, EOFError, ValueError):
            answer = {"died": True}
        if "died" in answer:
            self._end()
            raise ReadingStopped(HUNG if hung.is_set() else DIED, hung=hung.is_set())
        self.peak_mb = max(self.peak_mb, int(answer["peak_mb"]))
        if "too_large" in answer:
            raise ImagingError(DIED)
        if "refused" in answer:
            raise ImagingError(answer["refused"])
        return answer

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _kill(child)
            with suppress(OSError, ValueError):
                child.communicate()


def _end_when_silent(
    child: "subprocess.Popen[str]", hung: threading.Event, answered: threading.Event, silence_s: float
) -> None:
    """End a child that has worked without a word for long, or hangs; not one that waits for its turn."""
    before = worked_s(child.pid)
    for _ in range(TURNS):
        if answered.wait(silence_s):
            return
        if worked_s(child.pid) - before >= silence_s / 2:
            break
    hung.set()
    _kill(child)


def _kill(child: "subprocess.Popen[str]") -> None:
    """End a child and the decoders that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, 9)


def _copy(upload: Upload, file: IO[bytes]) -> int:
    upload.seek(0)
    size = 0
    while block := upload.read(BLOCK):
        file.write(block)
        size += len(block)
    file.flush()
    return size


def _listed(entry: dict[str, Any]) -> Listed:
    step, row, column = entry["spacing_mm"]
    return Listed(**entry | {"spacing_mm": (step, row, column), "warnings": tuple(entry["warnings"])})


def _read_series(answer: dict[str, Any]) -> ReadSeries:
    depth, rows, columns = answer["shape"]
    step, row, column = answer["spacing_mm"]
    return ReadSeries(
        hu=answer["hu"],
        content_hash=answer["content_hash"],
        shape=(depth, rows, columns),
        spacing_mm=(step, row, column),
        z_mm=tuple(answer["z_mm"]),
        affine=tuple(tuple(line) for line in answer["affine"]),
        attributes=answer["attributes"],
        record=answer["record"],
        storage_key=answer["storage_key"],
        patient_key=answer["patient_key"],
    )
