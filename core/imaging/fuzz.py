"""Tries to break the intake: damaged and hostile inputs, one after another, through the child that reads uploads."""

import gzip
import random
import re
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import compress
from pydicom.uid import UID

from core.errors import ParallaxError
from core.imaging.errors import ImagingError
from core.imaging.inspect import inspected
from core.imaging.intake import Intake, ReadingStopped
from core.imaging.synthetic import small_chest
from core.imaging.write import file_bytes, slice_dataset

HANGS_S = 20.0  # an input that takes longer hangs
SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}
NUMBERS = re.compile(r"-?\d+(\.\d+)?")


@dataclass(slots=True)
class FuzzReport:
    """How many inputs were read, refused (by reason, numbers left out), ended the child, or took too long."""

    inputs: int = 0
    accepted: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    crashed: int = 0
    hung: int = 0
    peak_mb: int = 0
    slowest_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class _Bytes(BytesIO):
    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def fuzz_corpus(folder: Path) -> FuzzReport:
    """Read every file of a folder, and every folder in it, as an upload of its own."""
    if not folder.is_dir():
        raise ParallaxError("There is no folder at this path; check the path and try again.")
    report, reasons = FuzzReport(), Counter[str]()
    for path in sorted(folder.iterdir()):
        _try(report, reasons, path)
    report.rejected = dict(reasons.most_common())
    return report


def fuzz_for(minutes: float, *, seed: int = 0) -> FuzzReport:
    """Make damaged inputs for some minutes and read each; the same seed makes the same inputs in the same order."""
    report, reasons = FuzzReport(), Counter[str]()
    end = time.monotonic() + 60 * minutes
    for files in _inputs(random.Random(seed)):  # noqa: S311 - nothing secret
        if time.monotonic() >= end:
            break
        _try(report, reasons, files)
    report.rejected = dict(reasons.most_common())
    return report


def _try(report: FuzzReport, reasons: Counter[str], upload: Path | list[_Bytes]) -> None:
    report.inputs += 1
    began = time.monotonic()
    with Intake(upload, silence_s=HANGS_S) as intake:
        try:
            found = inspected(intake)
        except ReadingStopped as stopped:
            report.hung += stopped.hung
            report.crashed += not stopped.hung
        except ImagingError as error:
            reasons[_plain(str(error))] += 1
        else:
            report.accepted += bool(found.series)
            if not found.series:
                reasons.update({_plain(rejection.reason) for rejection in found.rejected})
        report.peak_mb = max(report.peak_mb, intake.peak_mb)
    took = time.monotonic() - began
    report.slowest_s = round(max(report.slowest_s, took), 2)


def _plain(reason: str) -> str:
    return NUMBERS.sub("N", reason)


def _inputs(rng: random.Random) -> Iterator[list[_Bytes]]:
    """Yield uploads without end: a sound series in one of many forms, damaged in one of many ways."""
    sound = _sound()
    while True:
        name = rng.choice(sorted(sound))
        files = list(sound[name])
        for _ in range(rng.choice((1, 1, 2, 8))):
            place = rng.randrange(len(files))
            files[place] = rng.choice(DAMAGES)(rng, files[place])
        yield [_Bytes(data, f"{name}-{place}") for place, data in enumerate(files)]


def _sound() -> dict[str, list[bytes]]:
    volume = small_chest(slices=10, size=32)
    datasets = [slice_dataset(volume, index, uid_seed="fuzz") for index in range(10)]
    made = {name: [_packed(dataset, syntax) for dataset in datasets] for name, syntax in SYNTAXES.items()}
    data = np.ascontiguousarray(np.transpose(volume.hu)[::-1, ::-1, ::-1])
    image: Any = nibabel.Nifti1Image  # nibabel declares no types
    nifti = image(data, np.diag([*volume.spacing_mm[::-1], 1.0])).to_bytes()
    made |= {"nifti": [nifti], "nifti.gz": [gzip.compress(nifti)]}
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, file in enumerate(made["explicit"]):
            archive.writestr(f"a/{place}", file)
    return made | {"zip": [buffer.getvalue()], "dcm.gz": [gzip.compress(file) for file in made["implicit"]]}


def _packed(dataset: Dataset, syntax: str) -> bytes:
    copy = dcmread(BytesIO(file_bytes(dataset)))
    if syntax in (SYNTAXES["RLE"], SYNTAXES["JPEG-LS"], SYNTAXES["JPEG 2000"]):
        try:
            compress(copy, syntax)
        except (RuntimeError, NotImplementedError):  # no encoder for it on this machine: it goes in as it is
            return file_bytes(dataset)
    else:
        copy.file_meta.TransferSyntaxUID = UID(syntax)
    return file_bytes(copy)


def _flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 32))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _flip_header(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 16))):
        if changed:
            changed[rng.randrange(min(len(changed), 1200))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(changed)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _stretch(rng: random.Random, data: bytes) -> bytes:
    place, size = rng.randrange(len(data) + 1), rng.choice((1, 7, 4096, 2**20))
    return data[:place] + bytes([rng.choice((0, 0xFF, 0x20))]) * size + data[place:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    part = data[start : start + rng.choice((2, 8, 64, 512))]
    return data[:start] + part * rng.choice((2, 50, 2000)) + data[start:]


def _shuffle(rng: random.Random, data: bytes) -> bytes:
    middle = rng.randrange(len(data) + 1)
    return data[middle:] + data[:middle]


DAMAGES = (_flip, _flip_header, _flip_header, _cut, _stretch, _repeat, _shuffle)
