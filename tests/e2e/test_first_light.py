"""The whole way once: a CT uploaded, read by the AI and by two readers, all three compared.

On a procedural chest made here; with -m slow on the real CT where ../shared/data is.
"""

import os
import re
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import clock
from core.study.classes import StudyClass
from core.study.protocol import Protocol
from core.study.words import Design
from db import cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.reads import AiReadInfo
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import life as study_life
from db.study import preflight
from db.study import readers as study_readers
from db.truth import records as truth
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


@pytest.fixture(params=["procedural", pytest.param("real", marks=pytest.mark.slow)])
def upload(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A zip of two patients' series."""
    if request.param == "real" and not PATIENT.is_dir():
        pytest.skip(f"{PATIENT} is not there")
    path = tmp_path / "two cases.zip"
    with zipfile.ZipFile(path, "w") as archive:
        if request.param == "real":
            for file in sorted(PATIENT.glob("*.dcm")):
                archive.write(file, f"first/{file.name}")
        else:
            archive.writestr("first.zip", chest_zip(slices=24, size=96, lesion="covid", seed=3, patient_id="one"))
        archive.writestr("second.zip", chest_zip(slices=24, size=96, seed=4, patient_id="two"))
    return path


@pytest.fixture
def working_server(start_server: Callable[..., Server]) -> Server:
    """A server with its own worker."""
    return start_server(worker=True)


def stored_reads(server: Server) -> list[AiReadInfo]:
    with open_view(server.database) as session:
        series = [case.series_id for case in cases.every(session, by=SYSTEM)]
        return [
            read
            for model in ai_models.models(session)
            for read in ai_reads.of_series(session, series, model.id, "paper").values()
        ]


@pytest.mark.timeout(900)  # two cases on two cores, one of them interrupted
def test_cases_are_uploaded_read_by_the_ai_and_by_readers_and_compared(
    working_server: Server, sign_in: Callable[..., Any], upload: Path
):
    server = working_server
    coordinator = server.account("cora", "coordinator")
    page = sign_in(server, "cora")
    page.set_default_timeout(120_000)
    page.goto(f"{server.url}/models")
    page.get_by_text("research demonstration").first.wait_for()
    page.get_by_text("One model").wait_for()  # shows by itself once the worker has registered the AI
    page.goto(f"{server.url}/cases")
    page.locator("input[type=file]").set_input_files(upload)
    page.get_by_role("button", name="Store 2 series").click()
    page.get_by_text("2 cases are stored. The AI reads").wait_for()

    # power fails in mid-case: worker and server are gone, then come back; the case is finished once
    server.stop(signal.SIGKILL)
    server.start()
    page.goto(f"{server.url}/cases")
    page.get_by_text("Library: 2 cases").wait_for()
    wait_until(page, lambda: len(stored_reads(server)) == 2)
    for read in stored_reads(server):
        assert read.failure is None
        assert read.call in ("normal", "cap", "covid")
        assert sum(triple is not None for triple in read.slice_probabilities) == sum(read.counts.values()) > 0

    study_id = open_study(server, coordinator)
    for name, _, _, letter in READERS:
        read_both_cases(server, sign_in(server, name), study_id, letter)
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
        made = study_design.create_study(
            session,
            title="First light",
            design=Design.INDEPENDENT,
            classes=CLASSES,
            groups=("novices", "experts"),
            protocol=protocol,
            **by,
        )
        for case, known in zip(cases.every(session, by=SYSTEM), ("covid", "normal"), strict=True):
            study_cases.add_cases(session, made.id, [case.id], **by)
            truth.record(session, made.id, case.id, class_code=known, source="PCR", **by)
        model = next(m for m in ai_models.models(session) if m.kind == "networks")
        study_design.save_ai(session, made.id, model_id=model.id, rule="paper", **by)
        for name, group, years, _ in READERS:
            study_readers.add_reader(session, made.id, people[name], group=group, years=years, **by)
        volumes = preflight.try_volumes(preflight.storage_keys(session, made.id, by=SYSTEM), lambda key: True)
        findings = study_life.check_study(session, made.id, volumes=volumes, **by)
        assert not [finding for finding in findings if finding.blocks], findings
        study_life.open_study(session, made.id, volumes=volumes, seed=1, **by)
    return made.id


def read_both_cases(server: Server, page: Any, study_id: int, letter: str) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/read?study={study_id}")
    for place in (1, 2):
        page.get_by_text(f"Case {place} of 2").first.wait_for()
        page.get_by_text(re.compile(r"Slice \d+ / \d+")).wait_for()
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
        page.locator(".lock[data-steady]").wait_for()
        page.keyboard.press("Enter")
    page.get_by_text("Every case of this study is read and locked").wait_for()
