import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest
from scipy.stats import spearmanr
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from db import accounts, cases
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai import workers as ai_workers
from db.engine import open_session
from db.permissions import SYSTEM


@pytest.fixture
def coordinator(session: Session, at: datetime) -> int:
    return accounts.create(session, username="coordinator", name="", role="coordinator", at=at, by=SYSTEM).id


def new_series(content: str = "a", patient: str = "p") -> cases.NewSeries:
    return cases.NewSeries(
        content_hash=content.rjust(64, "0"),
        storage_key=content.rjust(64, "0"),
        shape=(3, 4, 5),
        spacing_mm=(2.0, 0.7, 0.7),
        z_mm=(4.0, 2.0, 0.0),
        affine=((1.0, 0.0, 0.0, 0.0),) * 4,
        attributes={"sex": "F", "kernel": None},
        patient_key=patient * 64,
    )


def test_cases_have_numbers_of_their_own_and_share_a_patient_by_key(session: Session, at: datetime, coordinator: int):
    first = cases.add(session, new_series("a"), by=coordinator, at=at)
    second = cases.add(session, new_series("b"), by=coordinator, at=at)
    other = cases.add(session, new_series("c", patient="q"), by=coordinator, at=at)
    assert len({a.case.number for a in (first, second, other)}) == 3
    assert first.case.patient_id == second.case.patient_id != other.case.patient_id
    assert cases.by_number(session, second.case.number, by=SYSTEM).shape == (3, 4, 5)
    assert cases.by_number(session, second.case.number, by=SYSTEM).spacing_mm == (2.0, 0.7, 0.7)


def test_numbers_say_nothing_about_the_order_of_upload(session: Session, at: datetime, coordinator: int):
    numbers = [cases.add(session, new_series(f"{n:02}"), by=coordinator, at=at).case.number for n in range(60)]
    assert all(1000 <= number <= 9999 for number in numbers)  # four digits, whatever the first case is
    place, rank = range(60), [sorted(numbers).index(number) for number in numbers]
    assert abs(spearmanr(place, rank).statistic) < 0.6  # by chance beyond that once in some hundred thousand runs
    assert [case.number for case in cases.every(session, by=SYSTEM)] == sorted(numbers)


def test_a_number_that_is_taken_is_drawn_again(session: Session, at: datetime, coordinator: int):
    drawn = iter([5, 5, 5, 6])
    made = [cases.add(session, new_series(key), by=coordinator, at=at, draw=lambda _: next(drawn)) for key in "ab"]
    assert [added.case.number for added in made] == [1005, 1006]


@pytest.mark.parametrize(("content", "patient"), [("b", "q"), ("b", "p"), ("a", "p")])
def test_an_upload_that_draws_the_number_of_one_not_yet_stored_waits_for_it(
    db_url: str, at: datetime, content: str, patient: str
):
    """The second begins while the first is not committed: of another patient, of the same, of the very same content."""
    with open_session(db_url) as session:
        me = accounts.create(session, username="coordinator", name="", role="coordinator", at=at, by=SYSTEM).id
    drew = threading.Event()

    def second() -> cases.Added:
        drawn = iter([5, 6])

        def draw(_: int) -> int:
            drew.set()
            return next(drawn)

        with open_session(db_url) as session:
            return cases.add(session, new_series(content, patient), by=me, at=at, draw=draw)

    with ThreadPoolExecutor(1) as pool:
        with open_session(db_url) as session:
            first = cases.add(session, new_series("a", "p"), by=me, at=at, draw=lambda _: 5)
            waiting = pool.submit(second)
            assert not drew.wait(0.3)
        after = waiting.result(30)
    assert first.case.number == 1005
    assert (after.case.number, after.known) == ((1005, True) if content == "a" else (1006, False))
    assert (after.case.patient_id == first.case.patient_id) == (patient == "p")


def test_cases_numbered_before_keep_theirs(session: Session, at: datetime, coordinator: int):
    old = cases.add(session, new_series("a"), by=coordinator, at=at, draw=lambda _: -999).case
    new = cases.add(session, new_series("b"), by=coordinator, at=at).case
    assert (old.number, new.number >= 1000) == (1, True)
    assert cases.by_number(session, 1, by=SYSTEM).id == old.id


def test_the_same_content_twice_is_one_case(session: Session, at: datetime, coordinator: int):
    first = cases.add(session, new_series(), by=coordinator, at=at)
    again = cases.add(session, new_series(), by=coordinator, at=at)
    assert (first.known, again.known) == (False, True)
    assert again.case.id == first.case.id
    assert len(cases.every(session, by=SYSTEM)) == 1


def test_a_withdrawn_case_leaves_the_library_and_comes_back(session: Session, at: datetime, coordinator: int):
    case = cases.add(session, new_series(), by=coordinator, at=at).case
    cases.set_withdrawn(session, case.id, withdrawn=True, by=coordinator, at=at)
    assert cases.every(session, by=SYSTEM) == []
    assert len(cases.every(session, withdrawn=True, by=SYSTEM)) == 1
    cases.set_withdrawn(session, case.id, withdrawn=False, by=coordinator, at=at)
    assert len(cases.every(session, by=SYSTEM)) == 1


def test_an_unknown_case_is_said_to_be_unknown(session: Session):
    with pytest.raises(NotFound):
        cases.by_number(session, 7, by=SYSTEM)


def register(session: Session, at: datetime, sha: str = "0") -> ai_models.ModelInfo:
    return ai_models.register_model(
        session,
        name="demo",
        version="1",
        kind="networks",
        sha256=sha * 64,
        classes=["normal", "cap", "covid"],
        card={},
        manifest=[],
        at=at,
        by=SYSTEM,
    )


def a_call(**changes: Any) -> ai_reads.NewCall:
    fields: dict[str, Any] = {
        "rule": "paper",
        "call": "covid",
        "failure": None,
        "probabilities": {"covid": 1.0},
        "counts": {"covid": 1},
        "deciding_slices": [1],
        "abnormal_share": 1.0,
        "seconds": 2.0,
    }
    return ai_reads.NewCall(**{**fields, **changes})


SCORES = ai_reads.NewScores({}, [None, [0.0, 0.0, 1.0], None], [1], 4200.0, "cpu", {"total": 2.0}, "0.1.0")


def test_what_makes_a_call_doubtful_is_kept_with_it(session: Session, at: datetime, coordinator: int):
    series_id = cases.add(session, new_series(), by=coordinator, at=at).case.series_id
    model = register(session, at)
    said = ("The series has only 5 slices.", "The call rests on 2 slices only.")
    calls = [a_call(warnings=said), a_call(rule="other")]
    ai_reads.store(
        session,
        series_id=series_id,
        model_id=model.id,
        parameters_hash="p",
        scores=SCORES,
        calls=calls,
        at=at,
        by=SYSTEM,
    )
    found = {rule: ai_reads.current(session, series_id, model.id, rule) for rule in ("paper", "other")}
    assert {rule: one and one.warnings for rule, one in found.items()} == {"paper": said, "other": ()}


def test_an_ai_read_is_stored_once_however_often_it_is_computed(session: Session, at: datetime, coordinator: int):
    series_id = cases.add(session, new_series(), by=coordinator, at=at).case.series_id
    model = register(session, at)
    for call in ("covid", "cap"):
        ai_reads.store(
            session,
            series_id=series_id,
            model_id=model.id,
            parameters_hash="h",
            scores=SCORES,
            calls=[a_call(call=call)],
            at=at,
            by=SYSTEM,
        )
    read = ai_reads.current(session, series_id, model.id, "paper")
    assert read is not None
    assert read.call == "covid"
    assert read.slice_probabilities == (None, (0.0, 0.0, 1.0), None)
    assert ai_reads.of_series(session, [series_id], model.id, "paper").keys() == {series_id}
    assert ai_models.counts_by_model(session) == {model.id: 1}


def test_a_call_after_a_failure_is_a_new_attempt_and_the_failure_stays(
    session: Session, at: datetime, coordinator: int
):
    series_id = cases.add(session, new_series(), by=coordinator, at=at).case.series_id
    model = register(session, at)
    failed = a_call(call=None, failure="no lungs found", probabilities={}, counts={}, deciding_slices=[])
    for scores, call in ((None, failed), (SCORES, a_call())):
        ai_reads.store(
            session,
            series_id=series_id,
            model_id=model.id,
            parameters_hash="h",
            scores=scores,
            calls=[call],
            at=at,
            by=SYSTEM,
        )
    read = ai_reads.current(session, series_id, model.id, "paper")
    assert read is not None
    assert read.call == "covid"


def test_a_version_with_other_weights_is_refused(session: Session, at: datetime):
    register(session, at)
    assert register(session, at).name == "demo"
    with pytest.raises(Conflict):
        register(session, at, sha="1")


def test_workers_show_their_last_sign_of_life(session: Session, at: datetime):
    ai_workers.beat(session, worker="one", device="cpu", at=at)
    ai_workers.beat(session, worker="one", device="cuda", at=at)
    assert ai_workers.workers(session) == [("one", at, "cuda")]
