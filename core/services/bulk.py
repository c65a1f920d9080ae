"""Import a folder of thousands of series into a study: in parallel, and taken up again where it was ended.

A unit is what one directory holds, with others that hold files of the same series, or one archive or NIfTI file.
What became of each is written down once it is stored,
under a keyed digest of its path, size and time: no name is written in clear. After kill -9 the units that are written
down are left alone; one that was stored but not written down is read again and found to be known.
"""

import hashlib
import hmac
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from scipy.cluster.hierarchy import DisjointSet

from core import clock
from core.errors import InvalidInput, ParallaxError
from core.imaging.decoding import processes
from core.imaging.errors import ImagingError
from core.imaging.intake import Intake
from core.progress import Progress, ignore
from core.services.ingest import Enqueue, ingest
from core.settings import settings
from core.study.tables import Table, read_table
from core.study.truth_csv import read_truth
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import info as study_info
from db.truth import records as truth

WHOLE = (".zip", ".nii", ".gz", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".rar")
GLANCE = 2000  # files whose series are asked for at once
KEYS = ("source", "file", "folder", "path", "name", "case")  # columns that say which unit a row is about


Intakes = SimpleQueue[Intake]


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that are read together, and how a table may call them."""

    digest: str
    paths: tuple[Path, ...] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class BulkReport:
    """What an import did; `done_before` counts the units that an earlier run had finished."""

    units: int = 0
    done_before: int = 0
    stored: int = 0
    known: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    added_to_study: int = 0
    truths: int = 0
    truth_faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def import_folder(
    path: Path,
    study_id: int,
    *,
    enqueue: Enqueue,
    by: int | None = None,
    truth_table: bytes | None = None,
    on_progress: Progress = ignore,
) -> BulkReport:
    """Store what a folder or file holds as cases of a study, and their truth from a table keyed by file or folder.

    `by` is the account that uploads, or the study's owner. Raises ParallaxError where path or study do not exist.
    """
    if not path.exists():
        raise InvalidInput("There is no file or folder at this path; check the path and try again.")
    with open_view() as session:
        study = study_info.study(session, study_id, by=SYSTEM)
    account = study.created_by if by is None else by
    table = read_table(truth_table) if truth_table is not None else None
    secret = settings().secret_bytes()
    with _intakes() as intakes:
        units = list(_units(path, secret, intakes))
        if not units:
            raise InvalidInput("The folder holds no file; choose the folder that holds the images.")
        report, ledger = _import_units(units, intakes, study_id, account, enqueue, on_progress)
    if table is not None:
        _truths(report, table, units, ledger, study, account)
    return report


def _import_units(
    units: list[Unit], intakes: Intakes, study_id: int, by: int, enqueue: Enqueue, on_progress: Progress
) -> tuple[BulkReport, "_Ledger"]:
    """Import the units that no earlier run has finished."""
    secret = settings().secret_bytes()
    ledger = _Ledger(settings().data_dir / "imports", hmac.new(secret, f"{study_id}".encode(), hashlib.sha256))
    report = BulkReport(units=len(units), done_before=sum(unit.digest in ledger.done for unit in units))
    done, lock = report.done_before, threading.Lock()

    def work(unit: Unit) -> None:
        nonlocal done
        intake = intakes.get()
        try:
            outcome = _import(unit, intake, study_id, by, enqueue)
        finally:
            intakes.put(intake)
        ledger.write(unit.digest, outcome)
        with lock:
            done += 1
            on_progress(done, len(units))

    with ThreadPoolExecutor(processes()) as pool:
        for future in [pool.submit(work, unit) for unit in units if unit.digest not in ledger.done]:
            future.result()
    _count(report, [ledger.done[unit.digest] for unit in units])
    return report, ledger


@contextmanager
def _intakes() -> Iterator[Intakes]:
    """Hold as many reading processes as read at once; each reads one unit after the other."""
    intakes: Intakes = SimpleQueue()
    with ExitStack() as ending:
        for _ in range(processes()):
            intakes.put(ending.enter_context(Intake([], strict=settings().refuse_burned_in)))
        yield intakes


def _import(unit: Unit, intake: Intake, study_id: int, by: int, enqueue: Enqueue) -> dict[str, Any]:
    """Store the best series of each patient in a unit; return what became of them, without any name."""
    stored: list[dict[str, Any]] = []
    refused: list[str] = []
    try:
        found = intake.scan(then=unit.paths)
        if not found.series:
            refused += sorted({rejection.reason for rejection in found.rejected})[:1]
        for series in found.series:
            if series.preselected:
                stored.append(asdict(ingest(intake, series, by=by, enqueue=enqueue)))
    except ParallaxError as error:
        refused.append(str(error))
    if stored:
        with open_session() as session:
            ids = [stored_case["case_id"] for stored_case in stored]
            study_cases.add_cases(session, study_id, ids, by=by, at=clock.now())
    return {"stored": stored, "refused": refused}


def _count(report: BulkReport, outcomes: list[dict[str, Any]]) -> None:
    stored = [stored_case for outcome in outcomes for stored_case in outcome["stored"]]
    report.known = sum(stored_case["known"] for stored_case in stored)
    report.stored = len(stored) - report.known
    report.added_to_study = len({stored_case["case_id"] for stored_case in stored})
    report.refused = dict(Counter(reason for outcome in outcomes for reason in outcome["refused"]).most_common())


def _truths(
    report: BulkReport, table: Table, units: list[Unit], ledger: "_Ledger", study: study_info.StudyInfo, by: int
) -> None:
    """Record the truth of a table whose rows name files, folders or case numbers."""
    numbers = {
        name: [stored_case["number"] for stored_case in ledger.done[unit.digest]["stored"]]
        for unit in units
        for name in unit.names
    }
    key = next((column for column in table.header if column.lower() in KEYS), None)
    if key is None:
        raise InvalidInput(f"The table needs a column that names the files or folders: {', '.join(KEYS)}.")
    place = table.header.index(key)
    rows = []
    for line, cells in table.rows:
        name = cells[place].strip().rstrip("/") if place < len(cells) else ""
        for number in numbers.get(name, [name]):
            rows.append((line, (*cells[:place], str(number), *cells[place + 1 :])))
    header = tuple("case" if column == key else column for column in table.header)
    with open_session() as session:
        taken = {case.case.number for case in study_info.cases(session, study.id, by=by)}
        sheet = read_truth(
            Table(header, tuple(rows)),
            classes={study_class.code: study_class.label for study_class in study.classes},
            case_numbers=taken,
            source=", ".join(study.protocol.reference.rests_on[:3]) or "imported table",
        )
        report.truth_faults = [f"row {fault.row}, {fault.column}: {fault.message}" for fault in sheet.faults]
        report.truths = truth.take(session, study.id, sheet.rows, by=by, at=clock.now())


def _units(path: Path, secret: bytes, intakes: Intakes) -> Iterator[Unit]:
    if path.is_file():
        yield _unit(path.parent, (path,), secret, (path.name, path.stem))
        return
    loose: dict[str, tuple[Path, ...]] = {}
    for folder, folders, names in os.walk(path):
        folders.sort()
        files = [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        whole = [file for file in files if file.suffix.lower() in WHOLE]
        for file in whole:
            relative = file.relative_to(path).as_posix()
            yield _unit(path, (file,), secret, (relative, file.name, file.name.split(".")[0]))
        rest = tuple(file for file in files if file not in set(whole))
        if rest:
            loose[Path(folder).relative_to(path).as_posix()] = rest
    for folders in _together(loose, intakes):
        called = tuple(name for folder in folders for name in (folder, Path(folder).name))
        yield _unit(path, tuple(file for folder in folders for file in loose[folder]), secret, called)


def _together(loose: dict[str, tuple[Path, ...]], intakes: Intakes) -> list[list[str]]:
    """Return the folders in groups: those that a series is spread over are read together."""
    if len(loose) < 2:
        return [[folder] for folder in loose]
    files = [(folder, file) for folder, these in loose.items() for file in these]
    pieces = [files[start : start + GLANCE] for start in range(0, len(files), GLANCE)]

    def glance(piece: list[tuple[str, Path]]) -> list[str | None]:
        intake = intakes.get()
        try:
            return intake.series_keys([file for _, file in piece])
        except ImagingError:
            return [None] * len(piece)  # these are read folder by folder, and reading says what is wrong
        finally:
            intakes.put(intake)

    with ThreadPoolExecutor(processes()) as pool:
        keys = [key for found in pool.map(glance, pieces) for key in found]
    groups: DisjointSet = DisjointSet(loose)
    first: dict[str, str] = {}
    for (folder, _), key in zip(files, keys, strict=True):
        if key is not None:
            groups.merge(first.setdefault(key, folder), folder)
    return sorted(sorted(group) for group in groups.subsets())


def _unit(root: Path, files: tuple[Path, ...], secret: bytes, names: tuple[str, ...]) -> Unit:
    described = [(file.relative_to(root).as_posix(), (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    digest = hmac.new(secret, json.dumps([str(root.resolve()), described]).encode(), hashlib.sha256).hexdigest()
    return Unit(digest, files, names)


class _Ledger:
    """What became of each unit: one JSON object a line, synced before the next unit counts as done."""

    def __init__(self, folder: Path, name: "hmac.HMAC") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name.hexdigest()[:32]}.jsonl"
        self._lock = threading.Lock()
        self.done: dict[str, dict[str, Any]] = {}
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                    self.done[entry["unit"]] = entry["outcome"]
                except (ValueError, KeyError):
                    continue  # the line that was being written when the import was ended

    def write(self, unit: str, outcome: dict[str, Any]) -> None:
        line = "\n" + json.dumps({"unit": unit, "outcome": outcome})  # a torn line before it stays a line of its own
        with self._lock, self._path.open("a") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self.done[unit] = outcome
