"""Doing something for a click: one transaction, errors as sentences that survive the rerun."""

from collections.abc import Callable

import streamlit as st

from core.errors import ParallaxError
from db.engine import Session, open_session

SAID = "study_said"


def act(work: Callable[[Session], object], *, done: str = "Saved", then: Callable[[], object] = lambda: None) -> bool:
    """Run one transaction; remember what to say about it on the next run. Return whether it held.

    `then` runs once it is committed. Whoever clicks again or leaves meanwhile ends this script at its next touch of the
    page or of its state. So `then` keeps what is shown only once, in an object taken from the state before.
    """
    said: dict[str, str] = st.session_state.setdefault(SAID, {})
    try:
        with open_session() as session:
            work(session)
    except ParallaxError as error:
        said["problem"] = str(error)
        return False
    then()
    said["done"] = done
    return True


def say() -> None:
    """Show what the last action came to, once."""
    said: dict[str, str] = st.session_state.get(SAID, {})
    problem, done = said.pop("problem", None), said.pop("done", None)
    if problem:
        st.error(problem, icon=":material/error:")
    elif done:
        st.toast(done, icon=":material/check:")
