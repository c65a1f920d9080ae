"""The demo, made small: three patients of eight slices, and a stand-in for what the networks say of them."""

from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from core.__main__ import build_app
from core.ai.model_files import available_models
from core.ai.parameters import CLASSES
from core.ai.result import CaseResult, SliceScore
from core.errors import Conflict, NotFound
from core.imaging.storage import VolumeStore
from core.imaging.volume import Volume, volume_of
from core.services.demo import ai_reads, build, patients, people, plan
from core.settings import settings
from core.training.procedural.case import procedural_case
from db import accounts, cases, sign_ins
from db.engine import open_session, open_view
from db.models import Read, Reader, Study
from db.permissions import SYSTEM
from db.reading import reads
from db.study import info as study_info

SLICES = 8


def small(patient: plan.DemoPatient) -> Volume:
    hu = np.full((SLICES, 16, 16), -800 + patient.place, np.int16)
    return volume_of(hu, (5.0, 2.0, 2.0))


def said(volume: Volume, weights: object) -> CaseResult:
    code = CLASSES[(int(volume.hu[0, 0, 0]) + 800) % 3]
    triple = (1.0, 0.0, 0.0) if code == "normal" else (0.0, 1.0, 0.0) if code == "cap" else (0.0, 0.0, 1.0)
    scored = tuple(SliceScore(z, float(-5 * z), True, triple) for z in range(SLICES))
    return CaseResult(
        call=code,
        probabilities=dict(zip(CLASSES, triple, strict=True)),
        counts={name: SLICES * (name == code) for name in CLASSES},
        deciding_slices=tuple(range(SLICES)),
        abnormal_share=0.0,
        slices=scored,
        lungs=np.zeros(volume.hu.shape, np.uint8),
        heat=None,
        heat_slices=(),
        lung_volume_ml=4000.0,
        timings={"total": 1.0},
        device="cpu",
        model={},
        parameters={},
        rule="paper",
        warnings=("The lungs are cut.",),
        doubts=("The lungs are cut.",),
    )


@pytest.fixture
def small_demo(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PATIENTS", plan.PATIENTS[:6])
    for name, count in (("READ_IN_RESULTS", 6), ("READ_IN_READING", 5), ("IN_DRAFT", 3)):
        monkeypatch.setattr(plan, name, count)
    monkeypatch.setattr(build, "volumes", lambda chosen, take: [take(one, small(one)) for one in chosen])
    monkeypatch.setattr(ai_reads, "read_now", said)


def states() -> dict[str, str]:
    with open_view() as session:
        return {line.title: line.state for line in study_info.every(session, by=SYSTEM)}


def test_the_demo_is_made_whole_and_its_accounts_can_sign_in(small_demo: None, at: datetime):
    made = build.build()
    assert states() == {plan.RESULTS: "unblinded", plan.READING: "open", plan.DRAFT: "draft"}
    assert made.read_here == 6  # nothing was prepared of these voxels
    assert [account.role for account in made.accounts] == ["coordinator", *["reader"] * 4]
    with open_session() as session:
        for account in made.accounts:
            assert sign_ins.sign_in(session, username=account.user, password=account.password, at=at)
    with open_view() as session:
        locked = session.scalars(select(Read).where(Read.state == "locked")).all()
        assert len(locked) == 4 * 6 + 4 * 5 - plan.LEFT_TO_READ
        assert all(12 <= read.active_seconds <= 280 for read in locked)


def test_the_first_novice_has_three_cases_left_to_read(small_demo: None, at: datetime):
    build.build()
    with open_session() as session:
        novice = next(one for one in accounts.every(session, by=SYSTEM) if one.username == plan.READERS[0].username)
        study = session.scalars(select(Study).where(Study.title == plan.READING)).one()
        opened = reads.next_read(session, account_id=novice.id, study_id=study.id, at=at.replace(year=2030)).read
        assert opened is not None
        assert (opened.position, opened.total) == (3, 5)


def test_readers_of_the_demo_say_that_they_are_simulated(small_demo: None):
    build.build()
    with open_view() as session:
        names = {one.id: one.name for one in accounts.every(session, by=SYSTEM)}
        assert all("simulated" in names[reader.account_id] for reader in session.scalars(select(Reader)))


def test_the_demo_goes_without_a_trace_in_any_list_and_comes_back(small_demo: None, data_dir: Path):
    build.build()
    with open_view() as session:
        keys = [case.storage_key for case in cases.every(session, by=SYSTEM)]
    with pytest.raises(Conflict, match="there already"):
        build.build()
    assert build.remove() == 3
    assert states() == {}
    store = VolumeStore(settings().storage)
    assert not any(store.has(key) for key in keys)
    with open_view() as session:
        assert cases.every(session, by=SYSTEM) == []
        assert all(one.disabled for one in accounts.every(session, by=SYSTEM) if one.username in plan.USERNAMES)
    with pytest.raises(NotFound, match="no demo"):
        build.remove()
    assert len(build.build().studies) == 3
    assert all(store.has(key) for key in keys)


def test_a_demo_that_was_stopped_half_way_is_called_so_and_can_be_removed(small_demo: None):
    people.make()
    with open_view() as session:
        assert people.state(session) == "unfinished"
    with pytest.raises(Conflict, match="half-way"):
        build.build()
    assert build.remove() == 0
    with open_view() as session:
        assert people.state(session) == "absent"


def test_lost_passwords_of_the_demo_are_made_anew(small_demo: None, at: datetime):
    old = build.build().accounts
    new = people.new_passwords()
    with open_session() as session:
        for before, now in zip(old, new, strict=True):
            assert before.user == now.user
            assert not sign_ins.sign_in(session, username=before.user, password=before.password, at=at)
            assert sign_ins.sign_in(session, username=now.user, password=now.password, at=at)


def test_nobody_waits_for_the_demo_longer_than_one_read(small_demo: None, monkeypatch: pytest.MonkeyPatch):
    inside, most = [0], [0]
    lock = reads.lock

    @contextmanager
    def counted():
        inside[0] = 0
        with open_session() as session:
            yield session
        most[0] = max(most[0], inside[0])

    def locked(*args: Any, **kwargs: Any) -> object:
        inside[0] += 1
        return lock(*args, **kwargs)

    monkeypatch.setattr(build, "open_session", counted)
    monkeypatch.setattr(reads, "lock", locked)
    build.build()
    assert most == [1]


def test_removing_the_demo_leaves_other_people_and_their_cases(small_demo: None, at: datetime):
    build.build()
    with open_session() as session:
        mine = accounts.create(session, username="demo-lover", name="Somebody", role="coordinator", at=at, by=SYSTEM)
        new = cases.NewSeries("a" * 64, "a" * 64, (8, 16, 16), (5.0, 2.0, 2.0), (0.0,) * 8, (), {}, "somebody")
        kept = cases.add(session, new, by=mine.id, at=at).case
    build.remove()
    with open_view() as session:
        assert [case.id for case in cases.every(session, by=SYSTEM)] == [kept.id]
        assert not accounts.by_id(session, mine.id, by=SYSTEM).disabled


def test_the_prepared_reads_are_of_the_shipped_weights():
    """After a change of weights: python -m core demo --prepare."""
    shipped = {weights.sha256 for weights in available_models() if weights.shipped}
    for patient in plan.PATIENTS:
        assert ai_reads.facts_of(patient)["result"]["model"]["sha256"] in shipped


def test_a_prepared_read_is_taken_for_its_own_voxels_and_weights_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ai_reads, "FOLDER", tmp_path)
    weights = available_models()[0]
    patient, volume = plan.PATIENTS[0], small(plan.PATIENTS[0])
    ai_reads.keep(patient, volume, _by(weights.sha256, volume))
    again = ai_reads.prepared(patient, volume, weights)
    assert again is not None
    assert (again.slices, again.warnings) == (said(volume, weights).slices, ("The lungs are cut.",))
    assert np.array_equal(again.lungs, np.zeros(volume.hu.shape))
    assert ai_reads.prepared(patient, small(plan.PATIENTS[1]), weights) is None
    ai_reads.keep(patient, volume, _by("0" * 64, volume))
    assert ai_reads.prepared(patient, volume, weights) is None


def _by(sha256: str, volume: Volume) -> CaseResult:
    from dataclasses import replace

    return replace(said(volume, None), model={"name": "m", "version": "1", "sha256": sha256})


def test_without_a_prepared_read_the_ai_reads_here(data_dir: Path):
    chest = procedural_case(900_001, "normal", size=128, spacing_z=10.0)
    result = ai_reads.read_now(volume_of(chest.hu, chest.spacing), available_models()[0])
    assert result.call in CLASSES


def test_a_read_of_an_older_pipeline_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ai_reads, "FOLDER", tmp_path)
    weights, patient, volume = available_models()[0], plan.PATIENTS[0], small(plan.PATIENTS[0])
    ai_reads.keep(patient, volume, _by(weights.sha256, volume))
    facts = ai_reads.facts_of(patient)
    facts["result"].pop("rule")
    monkeypatch.setattr(ai_reads, "facts_of", lambda _: facts)
    assert ai_reads.prepared(patient, volume, weights) is None


def test_the_ct_of_a_demo_patient_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patients, "SIZE", 48)
    monkeypatch.setattr(patients, "SPACING_MM", 20.0)
    first, again = patients.volume(plan.PATIENTS[0]), patients.volume(plan.PATIENTS[0])
    assert first.content_hash == again.content_hash != patients.volume(plan.PATIENTS[1]).content_hash


def test_two_options_at_once_are_refused():
    result = CliRunner().invoke(build_app(), ["demo", "--remove", "--prepare"])
    assert "Choose one" in str(result.exception)
