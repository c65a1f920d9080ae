"""What an action made is kept though the person clicks again, or leaves, while it is stored."""

from typing import Any

import pytest
import streamlit as st
from sqlalchemy.orm import Session

from core.errors import Unavailable
from pages.components import acting


class Left(BaseException):
    """What Streamlit raises in a script that ends because its person clicked again."""


class State(dict[str, Any]):
    """A session's state that ends the script at its next touch, once `left` is set."""

    left = False

    def _touch(self) -> None:
        if self.left:
            raise Left

    def __setitem__(self, key: str, value: Any) -> None:
        self._touch()
        super().__setitem__(key, value)

    def setdefault(self, key: str, value: Any = None) -> Any:
        self._touch()
        return super().setdefault(key, value)

    def get(self, key: str, default: Any = None) -> Any:
        self._touch()
        return super().get(key, default)


@pytest.fixture
def state(db_url: str, monkeypatch: pytest.MonkeyPatch) -> State:
    made = State()
    monkeypatch.setattr(st, "session_state", made)
    return made


def test_what_was_made_is_kept_though_the_script_ends_right_after_the_commit(state: State):
    shown: list[str] = []

    def work(session: Session) -> None:
        state.left = True  # while the database kept everybody waiting, the person clicked again

    assert acting.act(work, done="Invited", then=lambda: shown.append("the link"))
    state.left = False
    assert shown == ["the link"]
    assert state[acting.SAID] == {"done": "Invited"}


def test_what_failed_is_said_and_keeps_nothing(state: State):
    shown: list[str] = []

    def work(session: Session) -> None:
        state.left = True
        raise Unavailable("The database is busy.")

    assert not acting.act(work, then=lambda: shown.append("the link"))
    assert (shown, state[acting.SAID]) == ([], {"problem": "The database is busy."})
