"""A folder of many series becomes the cases of a study: once each, whatever ends the import in between."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.child import ROOT
from core.imaging.intake import Found, Intake
from core.services import bulk
from core.services.bulk import BulkReport, import_folder
from db import cases, register
from db.engine import open_session
from db.permissions import SYSTEM
from db.study import info as study_info
from tests import dicom_builder as build
from tests.study import builder

THERE = 6  # cases of the study before


def asked(session: Session, **_: object) -> str:
    return "job"


@pytest.fixture
def study(db_url: str) -> study_info.StudyInfo:
    with open_session(db_url) as session:
        return study_info.study(session, builder.study(session).id, by=SYSTEM)


def folder(root: Path, *, units: int) -> Path:
    """Series in folders of their own, one in a zip, one NIfTI and one that cannot be read."""
    for number in range(units):
        files = build.files_of(build.series(build.small_chest(slices=8, size=16, seed=number), seed=f"unit {number}"))
        place = root / f"patient {number:02d}" / "CT"
        place.mkdir(parents=True)
        for index, data in enumerate(files):
            (place / f"{index}.dcm").write_bytes(data)
    (root / "packed.zip").write_bytes(build.zip_of(build.files_of(build.series(build.chest(seed=90), seed="zip"))))
    (root / "volume.nii").write_bytes(build.nifti(build.chest(seed=91)))
    (root / "short").mkdir()
    (root / "short" / "1").write_bytes(build.file_bytes(build.series()[0]))
    return root


def test_each_series_is_stored_once_and_a_second_run_does_nothing(
    tmp_path: Path, study: study_info.StudyInfo, monkeypatch: pytest.MonkeyPatch
):
    root = folder(tmp_path / "in", units=3)
    code = study.classes[0].code
    table = f"source,diagnosis\npatient 00/CT,{code}\npacked.zip,{code}\nvolume,{code}\n".encode()
    report = import_folder(root, study.id, enqueue=asked, truth_table=table)
    assert (report.units, report.stored, report.known, report.done_before) == (6, 5, 0, 0)
    assert list(report.refused) == [
        "This series has only 1 slice; a chest CT needs 8 or more, so upload all files of the series."
    ]
    assert (report.added_to_study, report.truths, report.truth_faults) == (5, 3, [])
    monkeypatch.setattr(bulk, "_import", None)
    again = import_folder(root, study.id, enqueue=asked)
    assert (again.units, again.done_before, again.stored) == (6, 6, 5)
    with open_session() as session:
        assert len(study_info.cases(session, study.id, by=SYSTEM)) == THERE + 5
        assert len(cases.every(session, by=SYSTEM)) == THERE + 5
        assert register.holding(session, study.created_by).entries == 5
    ledger = b"".join(path.read_bytes() for path in (tmp_path / "data" / "imports").iterdir())
    assert b"patient" not in ledger


def test_a_torn_ledger_and_a_lost_line_store_nothing_twice(tmp_path: Path, study: study_info.StudyInfo):
    root = folder(tmp_path / "in", units=2)
    first = import_folder(root, study.id, enqueue=asked)
    (path,) = (tmp_path / "data" / "imports").iterdir()
    path.write_text("\n".join(path.read_text().splitlines()[:2]) + '\n{"unit": "ab')
    second = import_folder(root, study.id, enqueue=asked)
    assert (second.done_before < first.units, second.stored + second.known) == (True, 4)
    assert second.known >= 1
    with open_session() as session:
        assert len(cases.every(session, by=SYSTEM)) == THERE + 4


def test_an_import_that_is_killed_goes_on(tmp_path: Path, db_url: str, study: study_info.StudyInfo):
    root = folder(tmp_path / "in", units=6)
    run = [sys.executable, "-m", "core", "import", str(root), "--study", str(study.id), "--json"]
    ledger = tmp_path / "data" / "imports"
    for _ in range(2):
        child = subprocess.Popen(run, cwd=ROOT, env=dict(os.environ), start_new_session=True)
        lines = _lines(ledger)
        while child.poll() is None and _lines(ledger) <= lines:
            time.sleep(0.02)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    report = import_folder(root, study.id, enqueue=asked)
    assert report.done_before >= 2
    assert isinstance(report, BulkReport)
    with open_session() as session:
        assert len(cases.every(session, by=SYSTEM)) == THERE + 8
        assert len(study_info.cases(session, study.id, by=SYSTEM)) == THERE + 8


def _lines(folder: Path) -> int:
    return sum(path.read_text().count('"unit"') for path in folder.iterdir()) if folder.exists() else 0


def test_a_series_that_is_spread_over_folders_is_one_case(tmp_path: Path, study: study_info.StudyInfo):
    root = tmp_path / "in"
    for number in range(2):  # one slice a folder, and two folders for all slices
        datasets = build.series(build.small_chest(slices=8, size=16, seed=number), seed=f"spread {number}")
        for index, data in enumerate(build.files_of(datasets)):
            place = root / f"patient {number}" / (f"slice {index}" if number else f"disc {index % 2}")
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{index}.dcm").write_bytes(data)
    (root / "notes.txt").write_text("no image")
    code = study.classes[0].code
    table = f"source,diagnosis\npatient 0/disc 1,{code}\npatient 1/slice 7,{code}\n".encode()
    report = import_folder(root, study.id, enqueue=asked, truth_table=table)
    assert (report.units, report.stored, report.truths, report.truth_faults) == (3, 2, 2, [])
    again = import_folder(root, study.id, enqueue=asked)
    assert (again.done_before, again.stored) == (3, 2)


def test_a_unit_that_ends_the_reading_process_ends_no_other(
    tmp_path: Path, study: study_info.StudyInfo, monkeypatch: pytest.MonkeyPatch
):
    root = folder(tmp_path / "in", units=3)
    scan = Intake.scan

    def dies(self: Intake, *args: Any, then: Sequence[Path] | None = None) -> Found:
        found = scan(self, *args, then=then)
        if then and "patient 01" in str(then[0]):
            self.close()  # as a killed process leaves it
        return found

    monkeypatch.setattr(Intake, "scan", dies)
    report = import_folder(root, study.id, enqueue=asked)
    assert report.stored == 4
    assert sum(report.refused.values()) == 2
