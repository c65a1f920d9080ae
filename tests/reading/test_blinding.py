"""Nothing leaks: two worlds that differ only in what must stay hidden answer every request byte for byte alike."""

import re
import shutil
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound
from db import reads
from db.engine import engine_for, open_session
from db.models import AiRead, Study
from tests.reading.build import MODEL, SECRET_SOURCE, Built, answers, paint, read_one, study
from tests.reading.client import Client, Wall, sign_in

DESIGNS = ["independent", "sequential", "crossover"]
World = Callable[..., list[Any]]


@pytest.fixture
def world(tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> World:
    """Make a whole database, let a reader work and pry in it, and return everything that came back."""
    numbers = count()

    def live(design: str, *, truth: str = "a", ai: str = "a", other: str = "idle", until: str = "end") -> list[Any]:
        url = f"sqlite:///{tmp_path / f'world{next(numbers)}.db'}"
        shutil.copy(migrated_sqlite, url.removeprefix("sqlite:///"))
        monkeypatch.setattr("core.settings.Settings.database", property(lambda self: url))
        tokens = count()
        monkeypatch.setattr("secrets.token_urlsafe", lambda size=32: f"token{next(tokens)}")
        wall = Wall(at, monkeypatch)
        with open_session(url) as session:
            built = study(session, at, design=design, cases=3, practice=1, practice_feedback=False)
            _vary(session, truth, ai)
            me, her = sign_in(session, built.readers[0], at), sign_in(session, built.readers[1], at)
        _other(her, built, wall, other)
        wall.now = at
        _work(me, built, wall, until)
        engine_for(url).dispose()
        return me.seen

    return live


def _vary(session: Session, truth: str, ai: str) -> None:
    """Give the world other truth or another AI; the triggers against changes step aside for it."""
    run = session.connection().exec_driver_sql
    for table in ("truth", "ai_reads", "slice_scores"):
        run(f"DROP TRIGGER {table}_no_update")
    if truth == "b":
        run("UPDATE truth SET class_code = CASE class_code WHEN 'covid' THEN 'normal' ELSE 'covid' END, source = 'x'")
    if ai == "b":
        run("UPDATE ai_reads SET call = 'normal', probabilities = '{\"normal\": 1.0}', deciding_slices = '[1, 2, 3]'")
        run("UPDATE slice_scores SET heat_slices = '[]', probabilities = '[]'")


def _other(her: Client, built: Built, wall: Wall, what: str) -> None:
    """The other reader does nothing, or reads two cases with other answers."""
    if what == "idle":
        return
    for _ in range(2):
        found = her.next(built.study_id)
        her.events(found["read"]["token"], "painted")
        wall.forward(7)
        her.lock(found["read"]["token"], found["draft"]["revision"], answers(what))


def _work(me: Client, built: Built, wall: Wall, until: str) -> None:
    """Read everything, prying before each lock; `until` 'reveal' stops before the first aided read opens."""
    for _ in range(40):
        found = me.next(built.study_id)
        if "read" not in found:
            if found.get("opens_on") is None:
                return
            wall.forward(days=60)
            continue
        token, revision = found["read"]["token"], found["draft"]["revision"]
        me.events(token, "painted", scrolls=4)
        _pry(me, built, token)
        wall.forward(20)
        me.save(token, revision, answers("cap"))
        me.save(token, revision - 1, answers("covid"))
        me.lock(token, revision + 1, {"diagnosis": "cap"})
        if until == "reveal":
            return
        me.lock(token, revision + 1, answers("cap"))


def _pry(me: Client, built: Built, token: str) -> None:
    """Ask for what is not there, or not yet."""
    for path in (
        f"/api/reads/{token}/ai", f"/api/reads/{token}/truth", f"/api/reads/{token}", f"/api/reading/{built.study_id}",
        f"/api/reading/{built.study_id}/next?arm=aided&phase=aided&position=3", "/api/reads/1/lungs",
    ):  # fmt: skip
        me.ask("GET", path)
    me.save(token, 10**6, {"diagnosis": "covid"})
    me.lock(token, -1, {**answers(), "arm": "aided", "practice": True, "truth": "?"})
    me.ask("POST", f"/api/reads/{token}/draft", {})


@pytest.mark.parametrize("design", DESIGNS)
def test_the_truth_changes_no_byte_of_any_answer(world: World, design: str) -> None:
    assert world(design, truth="a") == world(design, truth="b")


@pytest.mark.parametrize("design", DESIGNS)
def test_another_readers_reads_change_no_byte_of_any_answer(world: World, design: str) -> None:
    # tokens count on, so that their numbers differ; nothing else may
    def plain(seen: list[Any]) -> str:
        return re.sub(r"token\d+", "token", str(seen))

    assert plain(world(design, other="covid")) == plain(world(design, other="normal"))
    assert len(plain(world(design, other="idle"))) > 0


@pytest.mark.parametrize("design", ["independent", "sequential"])
def test_the_ai_changes_no_byte_before_it_is_revealed(world: World, design: str) -> None:
    until = "reveal" if design == "sequential" else "end"
    assert world(design, ai="a", until=until) == world(design, ai="b", until=until)


def test_the_ai_does_change_the_answers_once_it_is_revealed(world: World) -> None:
    assert world("sequential", ai="a") != world("sequential", ai="b")


@pytest.mark.parametrize("design", DESIGNS)
def test_no_planted_secret_is_in_any_answer(world: World, design: str) -> None:
    seen = str(world(design))
    assert SECRET_SOURCE not in seen
    unaided = str(world(design, until="reveal"))
    assert MODEL not in unaided
    assert "0.625" not in unaided


def test_practice_feedback_comes_only_where_allowed_and_only_for_practice(
    db_url: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall(at, monkeypatch)
    with open_session(db_url) as session:
        built = study(session, at, design="sequential", cases=2, practice=1, practice_feedback=True)
        me = sign_in(session, built.readers[0], at)
    given = []
    for _ in range(6):
        found = me.next(built.study_id)
        me.events(found["read"]["token"], "painted")
        wall.forward(5)
        following = me.lock(found["read"]["token"], found["draft"]["revision"], answers()).json()["next"]
        given.append((found["read"]["practice"], found["read"]["phase"], following["feedback"]))
    case = built.orders[0][0]
    assert [entry[:2] for entry in given][:3] == [(True, "unaided"), (True, "aided"), (False, "unaided")]
    assert given[1][2] == {
        "case": case, "diagnosis": "normal", "truth": built.truth[case],
        "truth_label": "Normal", "correct": True,
    }  # fmt: skip
    assert [entry[2] for entry in given if entry[:2] != (True, "aided")] == [None] * 5


def cases_open_to(session: Session, built: Built, person: int, at: datetime) -> list[int]:
    """Every case of the study whose pixels this account may fetch now."""
    allowed = []
    for number in sorted(built.truth):
        try:
            reads.case_access(session, account_id=person, study_id=built.study_id, case_number=number, at=at)
        except Forbidden:
            continue
        allowed.append(number)
    return allowed


@pytest.mark.parametrize("design", DESIGNS)
def test_pixels_are_those_of_the_case_in_turn_and_the_one_next(session: Session, at: datetime, design: str) -> None:
    built = study(session, at, design=design, cases=4, practice=1)
    person, order = built.readers[0], built.orders[0]
    assert cases_open_to(session, built, person, at) == order[:1]
    for place in range(5):
        for _ in range(2 if design == "sequential" else 1):
            found = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
            assert found is not None
            assert cases_open_to(session, built, person, at) == sorted(order[place : place + 2])
            read_one(session, built, person, at)
    assert cases_open_to(session, built, person, at) == []


def test_a_coordinator_sees_every_case_of_the_study_and_none_of_another(session: Session, at: datetime) -> None:
    built, other = study(session, at, prefix="a"), study(session, at, prefix="b")
    assert cases_open_to(session, built, built.coordinator, at) == sorted(built.truth)
    for number in other.truth:
        with pytest.raises(Forbidden):
            reads.case_access(session, account_id=built.coordinator, study_id=built.study_id, case_number=number, at=at)
        with pytest.raises(Forbidden):
            reads.case_access(session, account_id=built.readers[0], study_id=other.study_id, case_number=number, at=at)


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_whoever_reads_in_a_study_is_a_reader_there_whatever_their_role(
    session: Session, at: datetime, role: str
) -> None:
    built = study(session, at)
    session.connection().exec_driver_sql(f"UPDATE accounts SET role = '{role}'")
    session.expire_all()
    assert cases_open_to(session, built, built.readers[0], at) == built.orders[0][:1]


@pytest.mark.parametrize("case", ["withdrawn", "closed", "washout"])
def test_pixels_end_with_the_right_to_read(session: Session, at: datetime, case: str) -> None:
    built = study(session, at, design="crossover", cases=1)
    person = built.readers[0]
    read_one(session, built, person, at)
    run = session.connection().exec_driver_sql
    if case == "withdrawn":
        run("UPDATE readers SET withdrawn_at = '2026-03-01 00:00:00'")
    elif case == "closed":
        run("UPDATE studies SET state = 'closed'")
    session.expire_all()
    assert cases_open_to(session, built, person, at) == []


def test_overlays_belong_to_the_open_aided_read_of_their_reader_alone(session: Session, at: datetime) -> None:
    built = study(session, at, design="sequential", cases=2)
    person = built.readers[0]

    def overlay(account: int, token: str) -> int:
        found = reads.ai_overlay_access(session, account_id=account, token=token, at=at)
        return found.case.case_number

    unaided = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert unaided is not None
    paint(session, person, unaided.token, at)
    with pytest.raises(Forbidden):
        overlay(person, unaided.token)
    read_one(session, built, person, at)
    aided = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert aided is not None
    assert overlay(person, aided.token) == built.orders[0][0]
    for account in (built.readers[1], built.coordinator):
        with pytest.raises(Forbidden):
            overlay(account, aided.token)
    for token in (unaided.token, "made up"):
        with pytest.raises((Forbidden, NotFound)):
            overlay(person, token)
    read_one(session, built, person, at)
    with pytest.raises(Forbidden):
        overlay(person, aided.token)


def test_in_an_unaided_arm_no_overlay_is_ever_given(session: Session, at: datetime) -> None:
    built = study(session, at, design="independent")
    found = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is None
    with pytest.raises(Forbidden):
        reads.ai_overlay_access(session, account_id=built.readers[0], token=found.token, at=at)


def test_only_the_ai_read_that_the_study_was_opened_with_is_shown(session: Session, at: datetime) -> None:
    built = study(session, at, design="independent", arm="aided")
    pinned = list(session.scalars(select(AiRead.id)))
    session.get_one(Study, built.study_id).ai_parameters = {"reads": pinned}
    session.connection().exec_driver_sql(
        "INSERT INTO ai_reads (series_id, model_id, parameters_hash, rule, attempt, call, probabilities, counts, "
        "deciding_slices, at) SELECT series_id, model_id, 'newer', rule, 1, 'cap', '{}', '{}', '[]', at FROM ai_reads"
    )
    found = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is not None
    assert found.ai.output["call"] == "covid"


def test_the_aided_arm_shows_only_what_the_protocol_shows(session: Session, at: datetime) -> None:
    hidden = dict.fromkeys(("probabilities", "slice_scores", "counts", "heat"), False)
    built = study(session, at, design="independent", arm="aided", aided=hidden)
    person = built.readers[0]
    found = reads.next_read(session, account_id=person, study_id=built.study_id, at=at).read
    assert found is not None
    assert found.ai is not None
    assert (found.ai.output["call"], found.ai.output["probabilities"], found.ai.output["counts"]) == (
        "covid",
        None,
        None,
    )
    assert (found.ai.slices, found.ai.heat_slices, found.ai.lungs, found.ai.heat) == ((), (), True, False)
    overlay = reads.ai_overlay_access(session, account_id=person, token=found.token, at=at)
    assert (overlay.lungs, overlay.heat) == (True, False)
    with pytest.raises(Forbidden):
        reads.ai_overlay_access(session, account_id=person, token=found.token, at=at, overlay="heat")


def test_a_second_aided_reading_keeps_the_ai_read_it_was_shown(session: Session, at: datetime) -> None:
    built = study(session, at, design="independent", arm="aided")
    first = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert first is not None
    assert first.ai is not None
    run = session.connection().exec_driver_sql
    run(
        "INSERT INTO ai_reads (series_id, model_id, parameters_hash, rule, attempt, call, probabilities, counts, "
        "deciding_slices, at) SELECT series_id, model_id, 'newer', rule, 1, 'cap', '{}', '{}', '[]', at FROM ai_reads"
    )
    again = reads.next_read(session, account_id=built.readers[0], study_id=built.study_id, at=at).read
    assert again is not None
    assert again.ai == first.ai
