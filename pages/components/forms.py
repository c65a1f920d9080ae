"""Forms that keep what was typed when it is refused, and are empty after a success."""

import streamlit as st


def fresh(form: str) -> str:
    """Return a name for the keys of a form's fields: another after each `used`, so that only a success empties them."""
    turn = st.session_state.get(f"{form}_turn", 0)
    return f"{form}_{turn}" if turn else form


def used(form: str) -> None:
    """Empty a form's fields on the next run."""
    st.session_state[f"{form}_turn"] = st.session_state.get(f"{form}_turn", 0) + 1
