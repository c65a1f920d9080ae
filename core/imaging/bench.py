"""Measures the way of a zip from uploaded bytes to storage: seconds by stage and growth of memory."""

import tempfile
import threading
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import gdcm
import psutil
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1

from core.errors import ParallaxError
from core.imaging.synthetic import small_chest
from core.imaging.write import file_bytes, slice_dataset, uid

UNIQUE = 24  # slices made for a synthetic series; further ones repeat their pixels at other places
SIDE = 512  # voxels
STEP_MM = 1.0
SAMPLE_S = 0.02


@dataclass(frozen=True, slots=True)
class Ingest:
    """Seconds of each stage of reading one series, and how far memory grew beyond what was used before."""

    source: str  # "synthetic" or "given"; never a path
    slices: int
    rows: int
    columns: int
    input_mb: float
    scan_s: float
    load_s: float
    store_s: float
    total_s: float
    cpu_s: float  # processor seconds of the total, children included: what an idle machine would need at most
    read_back_s: float  # the whole volume from the storage
    slice_ms: float  # one slice from the storage, opened array
    peak_growth_mb: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return asdict(self)


def measure_ingest(path: Path | None, *, slices: int) -> Ingest:
    """Measure in a fresh process, so that what was done before does not count; synthetic JPEG Lossless without a path.

    The bytes are in memory before the clock starts, as after the transfer of an upload (a folder is read from disk).
    """
    if path is not None and not path.exists():
        raise ParallaxError("There is no file or folder at this path; check the path and try again.")
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        given = path
        if given is None:
            given = Path(folder) / "synthetic.zip"
            process.submit(write_zip, given, slices).result()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            return fresh.submit(_measure, given, Path(folder) / "store", synthetic=path is None).result()


def write_zip(path: Path, slices: int) -> None:
    """Write a zip of a synthetic chest of `slices` 512 x 512 slices, 1 mm apart, in JPEG Lossless."""
    volume = small_chest(slices=UNIQUE, size=SIDE, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        packed = [
            _packed(slice_dataset(volume, index, uid_seed="bench"), Path(folder))
            for index in range(min(UNIQUE, slices))
        ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for index in range(slices):
            dataset = deepcopy(packed[index * len(packed) // slices])
            x, y, _ = dataset.ImagePositionPatient
            dataset.ImagePositionPatient = [x, y, -STEP_MM * index]
            dataset.SliceThickness, dataset.InstanceNumber = STEP_MM, index + 1
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid(f"bench/{index}")
            archive.writestr(f"export/series/IM{index:04d}", file_bytes(dataset))


def _packed(dataset: Dataset, folder: Path) -> Dataset:
    plain, packed = folder / "plain", folder / "packed"
    plain.write_bytes(file_bytes(dataset))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(JPEGLosslessSV1)))
    change.SetInput(reader.GetImage())
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(packed))
    writer.SetFile(reader.GetFile())
    if not change.Change():
        raise ParallaxError("The synthetic series could not be packed; measure with a PATH of your own instead.")
    writer.SetImage(change.GetOutput())
    writer.Write()
    return dcmread(packed)


class _Peak:
    """Watches the resident memory of this process and its children from a thread."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self.highest = self._resident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(SAMPLE_S):
            self.highest = max(self.highest, self._resident())

    def _resident(self) -> int:
        total = 0
        for process in (self._process, *self._process.children()):
            with suppress(psutil.NoSuchProcess):
                total += int(process.memory_info().rss)
        return total

    def processor_s(self) -> float:
        """Return the processor seconds of this process and its living children so far."""
        total = 0.0
        for process in (self._process, *self._process.children()):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    @property
    def growth_mb(self) -> float:
        return float(self.highest - self._before) / 1e6


def _measure(path: Path, store_folder: Path, *, synthetic: bool) -> Ingest:
    from core.imaging.read import load, scan
    from core.imaging.source import sources_from_path, sources_from_uploads
    from core.imaging.storage import VolumeStore

    store = VolumeStore(str(store_folder))
    held = None if path.is_dir() else _Held(path)
    with _Peak() as peak:
        began, cpu = time.perf_counter(), peak.processor_s()
        sources = sources_from_path(path) if held is None else sources_from_uploads([held.file])
        found = scan(sources)
        if not found.series:
            raise ParallaxError(str(found.rejected[0]))
        scanned = time.perf_counter()
        volume = load(found.series[0])
        loaded = time.perf_counter()
        key = store.put(volume)
        stored, cpu = time.perf_counter(), peak.processor_s() - cpu
    store.slice(key, 0)
    opened = time.perf_counter()
    for index in range(volume.hu.shape[0]):
        store.slice(key, index)
    sliced = time.perf_counter()
    store.hu(key)
    read_back = time.perf_counter()
    depth, rows, columns = volume.hu.shape
    return Ingest(
        source="synthetic" if synthetic else "given",
        slices=depth,
        rows=rows,
        columns=columns,
        input_mb=round(sum(source.size for source in sources) / 1e6, 1),
        scan_s=round(scanned - began, 3),
        load_s=round(loaded - scanned, 3),
        store_s=round(stored - loaded, 3),
        total_s=round(stored - began, 3),
        cpu_s=round(cpu, 3),
        read_back_s=round(read_back - sliced, 3),
        slice_ms=round((sliced - opened) / depth * 1000, 2),
        peak_growth_mb=round(peak.growth_mb, 1),
    )


class _Held:
    """A file held in memory, as an upload is."""

    def __init__(self, path: Path) -> None:
        from io import BytesIO

        class Named(BytesIO):
            name = path.suffix

        self.file = Named(path.read_bytes())
