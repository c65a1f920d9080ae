"""Nothing leaks: two worlds that differ only in what must stay hidden answer every request byte for byte alike.

Every route of Parallax is asked, in every design; answers are compared whole: status, headers and body.
"""

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

from core.study.words import Design
from db.engine import engine_for, open_session
from db.models import Read
from db.permissions import SYSTEM
from db.reading import reads
from tests.reading.build import MODEL, SECRET_SOURCE, Built, answers, study
from tests.reading.client import Client, Wall, sign_in

PROTOCOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "independent": ("independent", {}),
    "sequential": ("sequential", {}),
    "blank": ("sequential", {"aided_begins": "blank", "undo": False}),
    "crossover": ("crossover", {}),
}
DESIGNS = list(PROTOCOLS)
World = Callable[..., list[Any]]
LIVED: dict[tuple[Any, ...], list[Any]] = {}  # what came back of every world so far; a world is made once


@pytest.fixture
def world(tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> World:
    """Make a whole database, let a reader work and pry in it, and return everything that came back."""
    numbers = count()

    def live(
        design: Design, *, truth: str = "a", ai: str = "a", other: str = "idle", until: str = "end", seat: int = 0
    ) -> list[Any]:
        which = (design, truth, ai, other, until, seat)
        if which in LIVED:
            return LIVED[which]
        url = f"sqlite:///{tmp_path / f'world{next(numbers)}.db'}"
        shutil.copy(migrated_sqlite, url.removeprefix("sqlite:///"))
        monkeypatch.setattr("core.settings.Settings.database", property(lambda self: url))
        tokens = count()
        monkeypatch.setattr("secrets.token_urlsafe", lambda size=32: f"token{next(tokens)}")
        wall = Wall(at, monkeypatch)
        with open_session(url) as session:
            name, protocol = PROTOCOLS[design]
            built = study(session, at, design=Design(name), cases=3, practice=1, practice_feedback=False, **protocol)
            _vary(session, truth, ai)
            me, her = (sign_in(session, built.readers[n], at) for n in (seat, 1 - seat))
        _other(her, built, wall, other)
        wall.now = at

        def sign_in_again() -> str | None:
            with open_session(url) as session:
                return sign_in(session, built.readers[seat], wall.now).cookie

        _work(me, built, wall, until, sign_in_again, sequential=name == "sequential")
        assert until == "reveal" or '"done":true' in me.seen[-1][3], "the reader came to the end"
        engine_for(url).dispose()
        return LIVED.setdefault(which, me.seen)

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


def _work(
    me: Client, built: Built, wall: Wall, until: str, sign_in_again: Callable[[], str | None], *, sequential: bool
) -> None:
    """Read everything, prying before each lock.

    `until` 'reveal' stops before the first aided read opens; 'second session' forgets what the first one brought.
    """
    earlier = "none"
    for _ in range(40):
        found = me.next(built.study_id)
        if "read" not in found:
            if found.get("opens_on") is None:
                return
            if until == "reveal":
                return
            if until == "second session":
                me.seen.clear()
            wall.forward(days=60)
            me.cookie = sign_in_again()
            continue
        token, revision = found["read"]["token"], found["draft"]["revision"]
        me.events(token, "painted", scrolls=4)
        _pry(me, built, token, found["read"]["case"])
        me.ask("GET", f"/api/reads/{earlier}/heat")
        earlier = token
        wall.forward(20)
        me.save(token, revision, answers("cap"))
        me.save(token, revision - 1, answers("covid"))
        me.lock(token, revision + 1, {"diagnosis": "cap"})
        if until == "reveal" and sequential:
            return
        me.lock(token, revision + 1, answers("cap"))
        _reset(built, token, wall.now)


def _reset(built: Built, token: str, at: datetime) -> None:
    """Have every third case read again, where that is allowed: later reads of the case fall with it."""
    with open_session() as session:
        read = session.scalars(select(Read).where(Read.token == token)).one()
        again = (
            read.attempt == 1 and read.position == 3 and reads.reset_effect(session, read.id, by=SYSTEM).refused is None
        )
        if again:
            reads.reset(session, read_id=read.id, reason="screen failed", by=built.coordinator, at=at)


def _pry(me: Client, built: Built, token: str, case: int) -> None:
    """Ask for what is not there, or not yet, or not for readers."""
    study = f"/api/studies/{built.study_id}"
    now, last = (f"{study}/cases/{number}" for number in (case, built.orders[0][-1]))
    for path in (
        f"/api/reads/{token}/ai", f"/api/reads/{token}/truth", f"/api/reads/{token}", f"/api/reading/{built.study_id}",
        f"/api/reading/{built.study_id}/next?arm=aided&phase=aided&position=3", "/api/reads/1/lungs",
        f"/api/reads/{token}/lungs", f"/api/reads/{token}/heat", f"{now}/review", f"{now}/review/heat",
        f"{last}/review", f"{last}/slices?first=99", f"{study}/export/csv", f"{study}/report",
    ):  # fmt: skip
        me.ask("GET", path)
    me.save(token, 10**6, {"diagnosis": "covid"})
    me.lock(token, -1, {**answers(), "arm": "aided", "practice": True, "truth": "?"})
    me.ask("POST", f"/api/reads/{token}/draft", {})


@pytest.mark.parametrize("design", DESIGNS)
def test_the_truth_changes_no_byte_of_any_answer(world: World, design: Design) -> None:
    assert world(design, truth="a") == world(design, truth="b")


@pytest.mark.parametrize("design", DESIGNS)
def test_another_readers_reads_change_no_byte_of_any_answer(world: World, design: Design) -> None:
    # tokens count on, so that their numbers differ; nothing else may
    def plain(seen: list[Any]) -> str:
        return re.sub(r"token\d+", "token", str(seen))

    assert plain(world(design, other="covid")) == plain(world(design, other="normal"))


@pytest.mark.parametrize("design", DESIGNS)
def test_the_ai_changes_no_byte_before_it_is_revealed(world: World, design: Design) -> None:
    assert world(design, ai="a", until="reveal") == world(design, ai="b", until="reveal")
    assert len(world(design, until="reveal")) > 15


def test_the_ai_changes_no_byte_of_an_unaided_session_after_an_aided_one(world: World) -> None:
    seen = [world("crossover", ai=ai, until="second session", seat=1) for ai in "ab"]
    assert seen[0] == seen[1]
    assert '"arm":"unaided"' in str(seen[0])
    assert MODEL not in str(seen[0])


@pytest.mark.parametrize("design", ["sequential", "crossover"])
def test_the_ai_does_change_the_answers_once_it_is_revealed(world: World, design: Design) -> None:
    assert world(design, ai="a") != world(design, ai="b")


@pytest.mark.parametrize("design", DESIGNS)
def test_no_planted_secret_is_in_any_answer(world: World, design: Design) -> None:
    seen = str(world(design))
    assert SECRET_SOURCE not in seen
    assert '"attempt":2' in seen  # resets are part of these worlds
    unaided = str(world(design, until="reveal"))
    assert MODEL not in unaided
    assert "0.625" not in unaided


def test_practice_feedback_comes_only_where_allowed_and_only_for_practice(
    db_url: str, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall(at, monkeypatch)
    with open_session(db_url) as session:
        built = study(session, at, design=Design.SEQUENTIAL, cases=2, practice=1, practice_feedback=True)
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
