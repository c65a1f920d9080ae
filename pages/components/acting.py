"""Doing something for a click: one transaction, errors as sentences that survive the rerun."""

from collections.abc import Callable

import streamlit as st

from core.errors import ParallaxError
from db.engine import Session, open_session

PROBLEM = "study_problem"
DONE = "study_done"


def act(work: Callable[[Session], object], *, done: str = "Saved") -> bool:
    """Run one transaction; remember what to say about it on the next run. Return whether it held."""
    try:
        with open_session() as session:
            work(session)
    except ParallaxError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    st.session_state[DONE] = done
    return True


def say() -> None:
    """Show what the last action came to, once."""
    problem = st.session_state.pop(PROBLEM, None)
    done = st.session_state.pop(DONE, None)
    if problem:
        st.error(problem, icon=":material/error:")
    elif done:
        st.toast(done, icon=":material/check:")
