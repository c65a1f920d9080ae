"""From a PACS into a study and back: a series is found and fetched, read in a study, and its SR and SEG are sent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from highdicom.seg import Segmentation
from highdicom.sr import srread
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound, ParallaxError
from core.imaging.storage import VolumeStore
from core.pacs import client
from core.pacs.client import Address, Asked
from core.services.background import Outcome
from core.services.fetching import Fetching
from core.services.giving_back import Sending, given_back, sendable, write_study
from core.settings import settings
from db import cases, pacs, register
from db.cases import CaseInfo
from db.engine import open_session
from db.models import Read, Reader, Study, Truth
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design
from tests import dicom_builder as build
from tests.pacs.orthanc import Orthanc, running
from tests.pacs.sr import content, meaning
from tests.study import builder
from tests.study.builder import AT

PLANTED = "Planted^Patient"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running(tmp_path_factory.mktemp("orthanc")) as server:
        for image in build.series(patient_id="PAT-7", seed="pacs"):
            image.PatientName, image.StudyDate, image.SeriesDescription = PLANTED, "20260301", "Chest 5 mm"
            image.StudyDescription, image.StudyTime, image.StudyID, image.AccessionNumber = "CT chest", "", "1", "A1"
            server.put(build.file_bytes(image))
        for image in build.series(build.chest(seed=5), patient_id="OTHER", seed="other"):
            server.put(build.file_bytes(image))
        yield server


def asked(session: Session, **_: object) -> str:
    return "job"


@pytest.fixture
def by(db_url: str) -> int:
    with open_session(db_url) as session:
        return builder.coordinator(session)


def fetched(orthanc: Orthanc, by: int) -> list[Outcome]:
    with open_session() as session:
        server = pacs.add_server(session, "Orthanc", orthanc.address, by=by, at=AT)
    study, *others = client.search(orthanc.address, Asked(patient_name="plan*", dates="20260201-20260401"))
    assert not others
    work = Fetching(server, orthanc.address, client.series_of(orthanc.address, study), by, asked).start()
    assert work.done.wait(120)
    return work.outcomes


def fetched_case(orthanc: Orthanc, by: int) -> CaseInfo:
    number = int(fetched(orthanc, by)[0].case)
    with open_session() as session:
        return cases.by_number(session, number, by=by)


def unblinded(case: CaseInfo, by: int) -> int:
    """A study of this case with an AI read, one reader's locked read with marks, and its results open."""
    with open_session() as session:
        study = builder.study(session, cases_=0, readers=1, groups=("Experts",))
        study_cases.add_cases(session, study.id, [case.id], by=by, at=AT)
        model = builder.model(session)
        builder.ai_read(session, case, model)
        design.add_ai(session, study.id, model_id=model, by=by, at=AT)
        truth = Truth(
            study_id=study.id, case_id=case.id, version=1, class_code="covid", source="PCR", author_id=by, at=AT
        )
        session.add(truth)
        reader = session.scalars(select(Reader).where(Reader.study_id == study.id)).one()
        box = {
            "kind": "box",
            "plane": "axial",
            "slice": 3,
            "points": [[10, 12], [20, 22]],
            "question": None,
            "label": "",
        }
        point = {"kind": "point", "plane": "coronal", "slice": 9, "points": [[4, 5]], "question": None, "label": "here"}
        session.add(
            Read(
                token="t",
                reader_id=reader.id,
                case_id=case.id,
                arm="unaided",
                session=1,
                attempt=1,
                position=0,
                practice=False,
                state="locked",
                opened_at=AT,
                locked_at=AT + timedelta(minutes=1),
                active_seconds=9.0,
                raw_seconds=9.0,
                diagnosis="covid",
                content={"diagnosis": "covid", "marks": [box, point]},
            )
        )
        session.flush()
        session.execute(update(Study).where(Study.id == study.id).values(state="unblinded", unblinded_at=AT))
    lungs = np.zeros(case.shape, np.uint8)
    lungs[2:5, 10:30, 5:20] = 1
    VolumeStore(settings().storage).put_array(case.storage_key, f"lungs-{'a' * 12}", lungs)
    return study.id


def test_a_series_comes_from_orthanc_into_a_study_and_sr_and_seg_go_back(orthanc: Orthanc, by: int):
    case = fetched_case(orthanc, by)
    assert np.array_equal(VolumeStore(settings().storage).hu(case.storage_key), build.chest().hu)
    study = unblinded(case, by)
    to_send = sendable(given_back(study, by=by, readers=True), by=by)
    assert [given.case.number for given, _ in to_send] == [case.number]
    sending = Sending(study, to_send, by).start()
    assert sending.done.wait(120)
    assert [one.state for one in sending.outcomes] == ["sent"], sending.outcomes

    images, reports, outlines = (orthanc.instances(one) for one in ("CT", "SR", "SEG"))
    ours = [one for one in images if one.PatientID == "PAT-7"]
    assert len(reports) == 2
    assert len(outlines) == 2
    for made in (*reports, *outlines):
        assert (made.PatientID, made.PatientName, made.AccessionNumber) == ("PAT-7", PLANTED, "A1")
        assert made.StudyInstanceUID == ours[0].StudyInstanceUID
    calls = [content(one).get_image_measurement_groups()[0] for one in reports]
    said = [meaning(item) for group in calls for item in group.get_qualitative_evaluations()]
    assert said == ["COVID-19", "COVID-19"]
    marked = [one for one in reports if content(one).get_planar_roi_measurement_groups()]
    assert len(marked) == 1
    lungs = next(one for one in outlines if "Lungs" in one.SeriesDescription)
    assert int(Segmentation.from_dataset(lungs).pixel_array.sum()) == 3 * 20 * 15

    again = Sending(study, to_send, by).start()  # sent twice, there once: the UIDs are the same
    assert again.done.wait(120)
    assert len(orthanc.instances("SR")) == 2


def test_what_was_fetched_is_in_the_register_and_nowhere_in_clear(orthanc: Orthanc, by: int, data_dir: Path):
    case = fetched_case(orthanc, by)
    study_uid = str(build.series(patient_id="PAT-7", seed="pacs")[0].StudyInstanceUID)
    with open_session() as session:
        entries = register.read(session, by, by=by, at=AT)
        assert pacs.sources(session, [case.id], by=by)[case.id].study_uid == study_uid
    assert [(one.case_number, one.source) for one in entries] == [
        (case.number, "PACS: Planted^Patient, PAT-7, 20260301, CT chest, 1, Chest 5 mm")
    ]
    held = b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())  # the write-ahead log too
    for secret in (b"Planted", b"PAT-7", b"orthanc password", orthanc.url.encode(), study_uid.encode()):
        assert secret not in held
    with open_session() as session:
        register.destroy(session, by=by, at=AT)
        assert pacs.sources(session, [case.id], by=by) == {}


def test_a_connection_is_its_owners_alone_and_a_removed_one_opens_no_more(session: Session, data_dir: Path):
    by, other = builder.coordinator(session), builder.account(session, "other", role="coordinator")
    server = pacs.add_server(session, "Ours", Address("https://pacs.example/dicom-web", "u", "p"), by=by, at=AT)
    assert pacs.address(session, server, by=by).password == "p"
    assert [one.name for one in pacs.servers(session, by=by)] == ["Ours"]
    assert pacs.servers(session, by=other) == []
    with pytest.raises(NotFound):
        pacs.address(session, server, by=other)
    with pytest.raises(Forbidden):
        pacs.servers(session, by=builder.account(session, "reader"))
    pacs.remove_server(session, server, by=by, at=AT)
    with pytest.raises(NotFound):
        pacs.address(session, server, by=by)


def test_only_allowed_addresses_are_added(session: Session, monkeypatch: pytest.MonkeyPatch):
    by = builder.coordinator(session)
    monkeypatch.setenv("PARALLAX_PACS_ADDRESSES", "https://pacs.example/")
    settings.cache_clear()
    for url in ("http://127.0.0.1:5432/", "https://pacs.example.evil/x", "ftp://x", "https://u:p@pacs.example/x", "x"):
        with pytest.raises(ParallaxError):
            pacs.add_server(session, "a", Address(url), by=by, at=AT)
    assert pacs.add_server(session, "a", Address("https://pacs.example/dicom-web"), by=by, at=AT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "does not accept"),
        ({"url": "http://127.0.0.1:1/dicom-web"}, "cannot be reached"),
        ({"url": "/nothing"}, "nothing at this address"),
    ],
)
def test_what_is_wrong_with_a_connection_is_said(orthanc: Orthanc, change: dict[str, str], said: str):
    url = change.get("url", orthanc.address.url)
    address = Address(
        url if "://" in url else orthanc.url + url, "parallax", change.get("password", "orthanc password")
    )
    with pytest.raises(ParallaxError, match=said):
        client.check(address)


def test_a_series_that_is_gone_is_refused_in_words(orthanc: Orthanc, by: int):
    study = client.search(orthanc.address, Asked(patient_id="OTHER"))[0]
    series = client.series_of(orthanc.address, study)
    gone = client.FoundSeries(study, "1.2.3.4", "9", "", "CT", 3)
    work = Fetching(1, orthanc.address, [gone], by, asked).start()
    assert work.done.wait(60)
    assert work.outcomes[0].state == "refused"
    assert series


def test_a_study_is_written_into_folders_with_its_deidentified_images(orthanc: Orthanc, by: int, tmp_path: Path):
    case = fetched_case(orthanc, by)
    study = unblinded(case, by)
    counts = write_study(study, tmp_path / "out", by=SYSTEM, readers=True, images=True)
    assert counts == {"cases": 1, "SR": 2, "SEG": 2, "CT": 10}
    files = sorted((tmp_path / "out" / f"case-{case.number}").iterdir())
    assert not any(b"Planted" in path.read_bytes() or b"PAT-7" in path.read_bytes() for path in files)
    report = next(path for path in files if path.name.startswith("SR"))
    assert srread(report).PatientID == str(case.number)
