"""The whole way once: a CT uploaded, read by the AI and by two readers, all three compared.

On the real CT where ../shared/data is; else on a procedural chest made here.
"""

import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.study.classes import StudyClass
from core.study.protocol import Protocol
from db import ai_reads, cases, studies, study_life, truth
from db.ai_reads import AiReadInfo
from db.engine import open_session, open_view
from tests.dicom_builder import chest_zip
from tests.e2e.conftest import ROOT, Server

pytestmark = pytest.mark.browser
PATIENT = Path(os.environ.get("PARALLAX_SHARED", ROOT.parent / "shared")) / "data" / "ct" / "covid-ct-md" / "P001"
CLASSES = (
    StudyClass("normal", "Normal", "N", "#009E73", "normal"),
    StudyClass("cap", "CAP", "A", "#E69F00", "cap"),
    StudyClass("covid", "COVID-19", "C", "#0072B2", "covid", positive=True),
)
REFERENCE = {"rests_on": ["PCR"], "interval": "at most 3 days", "who": "the clinic"}
READERS = (("nora", "novices", 1.0, "a"), ("erin", "experts", 9.0, "c"))  # name, group, years, call


@pytest.fixture(scope="module")
def upload(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A zip of one series and its number of slices."""
    path = tmp_path_factory.mktemp("upload") / "a case.zip"
    if PATIENT.is_dir():
        files = sorted(PATIENT.glob("*.dcm"))
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, f"nested/{file.name}")
        return path, len(files)
    path.write_bytes(chest_zip(slices=40, size=192, lesion="covid", seed=3))
    return path, 40


@pytest.fixture(scope="module")
def working_server(start_server: Callable[..., Server]) -> Server:
    """A server with its own worker."""
    return start_server(worker=True)


def ai_read(server: Server) -> AiReadInfo | None:
    with open_view(server.database) as session:
        found = cases.every(session)
        models = ai_reads.models(session)
        return ai_reads.current(session, found[0].series_id, models[0].id, "paper") if found and models else None


def test_a_case_is_uploaded_read_by_the_ai_and_by_readers_and_compared(
    working_server: Server, sign_in: Callable[..., Any], upload: tuple[Path, int]
):
    server, (path, slices) = working_server, upload
    coordinator = server.account("cora", "coordinator")
    page = sign_in(server, "cora")
    page.set_default_timeout(120_000)
    page.goto(f"{server.url}/models")
    page.get_by_text("research demonstration").first.wait_for()
    page.get_by_text("Model card").wait_for()  # shows by itself once the worker has registered the AI
    page.goto(f"{server.url}/cases")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Store 1 series").click()
    page.get_by_text("stored; the AI reads it now").wait_for()

    # power fails in mid-case: worker and server are gone, then come back; the case is finished once
    server.stop(signal.SIGKILL)
    server.start()
    page.goto(f"{server.url}/cases")
    page.get_by_text("Library: 1 case").wait_for()
    wait_until(page, lambda: ai_read(server) is not None)
    read = ai_read(server)
    assert read is not None
    assert read.failure is None
    assert read.call in ("normal", "cap", "covid")
    assert len(read.slice_probabilities) == slices

    study_id = open_study(server, coordinator)
    for name, _, _, letter in READERS:
        read_the_case(server, sign_in(server, name), study_id, slices, letter)
    with open_session(server.database) as session:
        study_life.close_study(session, study_id, by=coordinator, at=clock.now())
        study_life.unblind(session, study_id, by=coordinator, at=clock.now(), reason="every read is locked")

    page = sign_in(server, "cora")
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/comparison?study={study_id}")
    for who in ("AI", "R1", "R2"):
        page.get_by_text(who, exact=True).first.wait_for(state="attached")
    page.goto(f"{server.url}/confusion?study={study_id}")
    page.get_by_text("COVID-19").first.wait_for(state="attached")


def wait_until(page: Any, condition: Callable[[], bool], tries: int = 360) -> None:
    for _ in range(tries):
        if condition():
            return
        page.wait_for_timeout(500)
    pytest.fail("the AI did not finish the case")


def open_study(server: Server, coordinator: int) -> int:
    by: dict[str, Any] = {"by": coordinator, "at": clock.now()}
    people = {name: server.account(name, "reader") for name, _, _, _ in READERS}
    with open_session(server.database) as session:
        protocol = Protocol.from_json({"reference": REFERENCE})
        made = studies.create_study(
            session,
            title="First light",
            design="independent",
            classes=CLASSES,
            groups=("novices", "experts"),
            protocol=protocol,
            **by,
        )
        case = cases.every(session)[0]
        studies.add_cases(session, made.id, [case.id], **by)
        truth.record(session, made.id, case.id, class_code="covid", source="PCR", **by)
        model = next(m for m in ai_reads.models(session) if m.kind == "networks")
        studies.save_ai(session, made.id, model_id=model.id, rule="paper", **by)
        for name, group, years, _ in READERS:
            studies.add_reader(session, made.id, people[name], group=group, years=years, **by)
        findings = study_life.check_study(session, made.id, opens=lambda key: True, **by)
        assert not [finding for finding in findings if finding.blocks], findings
        study_life.open_study(session, made.id, opens=lambda key: True, seed=1, **by)
    return made.id


def read_the_case(server: Server, page: Any, study_id: int, slices: int, letter: str) -> None:
    page.goto(f"{server.url}/read?study={study_id}")
    page.get_by_text(f"Slice 1 / {slices}").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("2")  # soft tissue
    page.keyboard.press("1")  # lung
    page.keyboard.press(letter)
    for digit in ("2", "3", "9"):
        page.keyboard.press(f"Shift+Digit{digit}")
        page.keyboard.press("Tab")
    page.get_by_text("saved", exact=True).wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Enter locks, Esc goes back").wait_for()
    page.wait_for_timeout(250)  # the lock wants a second, separate press
    page.keyboard.press("Enter")
    page.get_by_text("Every case of this study is read and locked").wait_for()
