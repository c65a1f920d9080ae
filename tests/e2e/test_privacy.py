"""What identifies a patient, planted in an upload through the browser, is nowhere afterwards."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dicom_builder import chest, files_of, series, with_identifiers
from tests.e2e.conftest import Server

pytestmark = pytest.mark.browser
SECRET = "Zq7Planted"
FILE_NAME = "Xk9FileName"


def test_no_planted_identifier_is_in_database_storage_logs_or_page(
    server: Server, sign_in: Callable[..., Any], tmp_path: Path
):
    server.account("priya", "coordinator")
    upload = tmp_path / "upload.zip"
    with zipfile.ZipFile(upload, "w") as archive:
        for n, data in enumerate(files_of(with_identifiers(series(chest(slices=12, size=64)), SECRET))):
            archive.writestr(f"{FILE_NAME}/{FILE_NAME}-{n}.dcm", data)
        archive.writestr(f"{FILE_NAME}-broken.dcm", b"DICM" + SECRET.encode())
    page = sign_in(server, "priya")
    page.goto(f"{server.url}/cases")
    page.locator("input[type=file]").set_input_files(upload)
    page.get_by_role("button", name="Store 1 series").click()
    page.get_by_text("is stored. The AI reads").wait_for()
    page.get_by_text("Library: ").wait_for()
    seen = page.content()
    for path in server.data.rglob("*"):
        if path.is_file():
            seen += path.read_bytes().decode("latin-1")
    assert "case added" in seen  # the database was among what was searched
    for planted in (SECRET, FILE_NAME):
        assert planted.casefold() not in seen.casefold()
