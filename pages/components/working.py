"""Work in the background (core.services.background) as a page shows it: how far it is, then what it came to."""

import streamlit as st

from core.services.background import Background, Outcome


@st.fragment(run_every=0.5)
def watch(running: str, ended: str, meanwhile: str) -> None:
    """Show the work kept under `running`; once done its outcomes are kept under `ended`, and the page runs anew."""
    work: Background | None = st.session_state.get(running)
    if work is None:
        return
    if work.done.is_set():
        st.session_state[ended] = work.outcomes
        del st.session_state[running]
        st.rerun()
    st.progress(work.share, text=work.text)
    st.caption(meanwhile)


def report(ended: str, done: str) -> None:
    """Say what finished work came to: how many cases are `done`, and why others are not."""
    outcomes: list[Outcome] = st.session_state.get(ended, [])
    made = [outcome.case for outcome in outcomes if outcome.state in ("new", "sent")]
    if made:
        what = f"Case {made[0]} is" if len(made) == 1 else f"{len(made)} cases are"
        st.success(f"{what} {done}")
    for outcome in outcomes:
        name = f"{outcome.series} of {len(outcomes)} ({outcome.place})"
        if outcome.state == "known":
            st.info(f"{name}: the same content is stored as case {outcome.case} already.")
        elif outcome.state == "refused":
            st.error(f"{name}: {outcome.why}")
