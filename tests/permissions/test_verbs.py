"""Who may do what: every verb that asks who is calling, times every kind of account, times own and other study."""

import inspect
import pkgutil
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

import db
from core.errors import Forbidden, ParallaxError
from core.settings import settings
from db.engine import make_engine
from tests.permissions.scene import IN_INSTALLATION, Scene, build
from tests.permissions.table import TABLE

ASKS = ("by", "account_id", "owner_id")  # how a verb names who is calling
ASIDE = ("db.models", "db.migrations", "db.simulated", "db.permissions")
NOT_THE_CALLER = {  # verbs whose account_id is somebody else, or that serve signing in, before anybody is known
    "db.accounts.account_row",
    "db.accounts.save_preferences",
    "db.reading.queue.active_reader",
    "db.reading.queue.own_read",
    "db.reading.queue.reader_of",
    "db.sign_ins.is_linked",
    "db.sign_ins.link_oidc",
    "db.sign_ins.ticket_for",
    "db.throttle.resting",
    "db.truth.members.may_label",
    "db.truth.members.seat",
    "db.truth.authors.must_not_author",
    "db.truth.authors.must_not_read",
    "db.truth.records.sheet_of",
    "db.truth.records.store",
    "db.truth.records.write",
    "db.web_sessions.active",
}


def verbs() -> Iterator[Callable[..., Any]]:
    """Every public verb of db that takes a session and names who is calling."""
    for found in pkgutil.walk_packages(db.__path__, "db."):
        if found.name.startswith(ASIDE):
            continue
        module = import_module(found.name)
        for name, verb in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(verb) or verb.__module__ != found.name:
                continue
            names = list(inspect.signature(verb).parameters)
            if names[:1] == ["session"] and any(one in ASKS for one in names):
                yield verb


def named(verb: Callable[..., Any]) -> str:
    return f"{verb.__module__}.{verb.__name__}"


@pytest.fixture(scope="module")
def stage(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Scene]]:
    """One database for all cells, each of which is rolled back."""
    folder = tmp_path_factory.mktemp("permissions")
    shutil.copy(migrated_sqlite, folder / "parallax.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARALLAX_DATA_DIR", str(folder))
        settings.cache_clear()
        engine = make_engine(settings().database)
        with Session(engine, expire_on_commit=False) as session:
            yield session, build(session)
        engine.dispose()
    settings.cache_clear()


def test_every_verb_that_asks_who_is_calling_has_a_row():
    rows = {named(verb) for verb in TABLE}
    there = {named(verb) for verb in verbs()}
    assert there - NOT_THE_CALLER == rows


@pytest.mark.parametrize("verb", list(TABLE), ids=named)
def test_a_verb_is_for_whom_the_table_says(stage: tuple[Session, Scene], verb: Callable[..., Any]):
    """Every kind of account, in the own and in the other study: one test a verb, as a test has its own cost."""
    row = TABLE[verb]
    cells = [(who, place) for who in IN_INSTALLATION for place in ("own", "other")]
    refused = {cell: is_refused(stage, row.call, *cell) for cell in cells}
    allowed = {(who, place): row.allows(who, place) for who, place in cells}
    assert {cell for cell in cells if refused[cell] is allowed[cell]} == set()


def is_refused(stage: tuple[Session, Scene], call: Callable[..., Any], who: str, place: str) -> bool:
    session, scene = stage
    refused = False
    with session.begin_nested() as cell:
        try:
            call(session, scene, scene.places[place], scene.people[who])
        except Forbidden:
            refused = True
        except ParallaxError:
            pass  # allowed, and stopped by something else, such as the state of the study
        cell.rollback()
    session.expire_all()
    return refused
