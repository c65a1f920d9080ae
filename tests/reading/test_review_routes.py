"""Looking a case over: refused before unblinding and to readers always, by every route; whole afterwards."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.imaging.storage import VolumeStore
from core.imaging.synthetic import small_chest
from core.settings import settings
from core.study.words import StudyState
from db.engine import open_session
from db.models import Series, Study
from tests.reading.build import CLASSES, SECRET_SOURCE, SHAPE, Built, answers, read_one, study
from tests.reading.client import Client, Wall, sign_in

PARTS = ("", "/slices", "/lungs", "/heat")


@pytest.fixture
def built(db_url: str, at: datetime, data_dir: Path) -> Built:
    """A study whose first reader has locked one case; its first case has pixels, lungs and heat maps."""
    with open_session(db_url) as session:
        made = study(session, at, cases=3)
        read_one(session, made, made.readers[0], at, answers("cap", key_slices=[3]))
        first = session.query(Series).order_by(Series.id).first()
        assert first is not None
        volume = small_chest(slices=SHAPE[0], size=32)
        store = VolumeStore(settings().storage)
        first.storage_key = store.put(volume)
        first.slices, first.rows, first.columns = volume.hu.shape
        store.put_array(first.storage_key, f"lungs-{'f' * 12}", np.ones(volume.hu.shape, np.uint8))
        store.put_array(first.storage_key, f"heat-{'f' * 12}", np.full((2, 4, 4), 9, np.uint8))
    return made


def paths(built: Built) -> list[str]:
    number = min(built.truth)
    return [f"/api/studies/{built.study_id}/cases/{number}/review{part}" for part in PARTS]


def client(db_url: str, account: int, wall: Wall) -> Client:
    with open_session(db_url) as session:
        return sign_in(session, account, wall.now)


def become(db_url: str, built: Built, state: str) -> None:
    with open_session(db_url) as session:
        session.get_one(Study, built.study_id).state = StudyState(state)


@pytest.mark.parametrize("state", ["draft", "checked", "open", "closed"])
def test_nothing_of_a_review_is_given_before_unblinding(db_url: str, built: Built, wall: Wall, state: str):
    become(db_url, built, state)
    coordinator = client(db_url, built.coordinator, wall)
    for path in paths(built):
        answer = coordinator.ask("GET", path)
        assert answer.status_code == 403, path
        assert answer.json()["message"].startswith("The results are sealed")
        assert SECRET_SOURCE not in answer.text


@pytest.mark.parametrize("state", ["open", "closed", "unblinded"])
def test_a_reader_never_gets_a_review(db_url: str, built: Built, wall: Wall, state: str):
    become(db_url, built, state)
    for reader in built.readers:
        pries = client(db_url, reader, wall)
        assert [pries.ask("GET", path).status_code for path in paths(built)] == [403] * len(PARTS)
    nobody = Client(None)
    assert [nobody.ask("GET", path).status_code for path in paths(built)] == [401] * len(PARTS)


def test_after_unblinding_a_coordinator_gets_the_case_whole(db_url: str, built: Built, wall: Wall):
    become(db_url, built, "unblinded")
    coordinator = client(db_url, built.coordinator, wall)
    whole, pixels, lungs, heat = (coordinator.ask("GET", path) for path in paths(built))
    found = whole.json()
    labels = {code: label for code, label, _ in CLASSES}
    true = built.truth[found["case"]]
    assert found["truth"] == {
        "code": true,
        "label": labels[true],
        "version": 1,
        "versions": 1,
        "source": SECRET_SOURCE,
        "rests_on": [],
    }
    assert found["ai"]["call"] == "covid"
    assert found["ai"]["deciding_slices"] == [4]
    assert len(found["ai"]["slices"]) == SHAPE[0]
    assert [(one["reader"], one["label"], one["right"]) for one in found["reads"]] == [
        ("R1", labels["cap"], true == "cap")
    ]
    assert found["reads"][0]["key_slices"] == [3]
    assert len(pixels.content) == 2 * SHAPE[0] * 32 * 32
    assert (lungs.headers["x-shape"], heat.headers["x-shape"]) == (f"{SHAPE[0]},32,32", "2,4,4")
    assert whole.headers["cache-control"] == "private, no-store"


def test_a_case_the_study_does_not_have_is_not_found(db_url: str, built: Built, wall: Wall):
    become(db_url, built, "unblinded")
    coordinator = client(db_url, built.coordinator, wall)
    for number in (1, 10**12):
        for part in PARTS:
            path = f"/api/studies/{built.study_id}/cases/{number}/review{part}"
            assert coordinator.ask("GET", path).status_code == 404
