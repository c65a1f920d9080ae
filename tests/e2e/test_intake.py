"""An upload through the browser: pictures, register, truth from a workbook, and nothing that identifies a patient."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from core import clock
from core.study.protocol import Protocol, ReferenceStandard
from core.study.words import Design
from db import cases
from db.cases import CaseInfo
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design
from db.truth import records
from tests.dicom_builder import chest, files_of, series, with_identifiers
from tests.e2e.conftest import Server
from tests.e2e.coordinator import Hand
from tests.study.builder import CLASSES

pytestmark = pytest.mark.browser
SECRET = "Zq7Planted"
FILE_NAME = "Xk9FileName"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_an_upload_shows_pictures_and_register_and_takes_its_truth_from_a_workbook(
    start_server: Callable[..., Server], sign_in: Callable[..., Any], tmp_path: Path
):
    server = start_server()
    cora = server.account("cora", "coordinator")
    page = sign_in(server, "cora")
    page.set_default_timeout(60_000)
    _store(page, server, tmp_path)
    _nothing_planted_is_anywhere(page, server)

    page.get_by_text("Case register: which file became which case").click()
    page.get_by_role("button", name="Open it").click()
    with page.expect_download() as table:
        page.get_by_role("button", name="Download as a table for the truth").click()
    assert FILE_NAME in Path(table.value.path()).read_text()
    server.account("otto", "coordinator")
    other = sign_in(server, "otto")
    other.goto(f"{server.url}/cases")
    other.get_by_text("No cases yet").wait_for()
    assert other.get_by_text("Case register").count() == 0

    with open_view(server.database) as session:
        case = cases.every(session, by=SYSTEM)[0]
    study = _study(server, case, by=cora)
    hand = Hand(sign_in(server, "cora"), patience=60_000)
    with hand.page.expect_response(lambda answer: answer.url.endswith(f"/api/cases/{case.number}/picture")) as picture:
        hand.opens(f"{server.url}/design?study={study}&step=truth", "Truth of 0 of 1 cases")
    assert picture.value.headers["content-type"] == "image/webp"
    hand.presses("From a table (CSV)", "Filled-in table")
    field = hand.main.get_by_test_id("stFileUploader").locator("input[type=file]")
    field.set_input_files({"name": "truth.xlsx", "mimeType": WORKBOOK, "buffer": _workbook(case.number)})
    hand.sees("1 new, 0 corrections, 0 unchanged")
    hand.clicks("Take these 1 rows", "Truth of 1 of 1 cases")
    with open_view(server.database) as session:
        assert [one.class_code for one in records.current(session, study, by=cora).values()] == ["covid"]


def _store(page: Any, server: Server, folder: Path) -> None:
    """Upload a series with planted identifiers and a broken file, and store it; its picture is in the library."""
    upload = folder / "upload.zip"
    with zipfile.ZipFile(upload, "w") as archive:
        for n, data in enumerate(files_of(with_identifiers(series(chest(slices=12, size=64)), SECRET))):
            archive.writestr(f"{FILE_NAME}/{FILE_NAME}-{n}.dcm", data)
        archive.writestr(f"{FILE_NAME}-broken.dcm", b"DICM" + SECRET.encode())
    page.goto(f"{server.url}/cases")
    page.locator("input[type=file]").set_input_files(upload)
    page.get_by_role("button", name="Store 1 series").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith("/picture")) as picture:
        page.get_by_role("button", name="Store 1 series").click()
        page.get_by_text("is stored. The AI reads").wait_for()
        page.get_by_text("Library: 1 case").wait_for()
    assert picture.value.status == 200


def _nothing_planted_is_anywhere(page: Any, server: Server) -> None:
    seen = page.content()
    for path in server.data.rglob("*"):
        if path.is_file():
            seen += path.read_bytes().decode("latin-1")
    assert "case added" in seen  # the database was among what was searched
    for planted in (SECRET, FILE_NAME):
        assert planted.casefold() not in seen.casefold()


def _study(server: Server, case: CaseInfo, *, by: int) -> int:
    at = clock.now()
    protocol = Protocol(reference=ReferenceStandard(rests_on=("PCR",)))
    with open_session(server.database) as session:
        made = design.create_study(
            session, title="Truth", design=Design.INDEPENDENT, classes=CLASSES, groups=("Readers",), protocol=protocol,
            by=by, at=at,
        )  # fmt: skip
        study_cases.add_cases(session, made.id, [case.id], by=by, at=at)
    return made.id


def _workbook(number: int) -> bytes:
    book = openpyxl.Workbook()
    for row in (["case", "diagnosis"], [float(number), "COVID-19"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
