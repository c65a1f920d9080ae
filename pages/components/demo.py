"""The demo in one click: made, shown with its accounts, and removed."""

import streamlit as st

from core.errors import ParallaxError
from core.services.demo import plan, start
from db import accounts
from db.accounts import Account
from db.engine import open_view

MADE = "demo_made"
LEAD = (
    "24 procedural patients, the AI's real reads of them, and two novices and two experts whose reads are simulated: "
    "one study with results, one that is being read, one draft. About a minute; one click removes it all."
)


def offer(me: Account, *, studies: int) -> None:
    """Offer the demo to an administrator: to make it where there is none, else to see its accounts and remove it."""
    if me.role != "administrator":
        return
    with open_view() as session:
        there = any(
            one.username == plan.COORDINATOR[0] and not one.disabled for one in accounts.every(session, by=me.id)
        )
    if there:
        _there()
    elif studies == 0:
        with st.container(border=True):
            st.markdown(f"**Look around first.** {LEAD}")
            if st.button("Try the demo", key="demo_make", icon=":material/play_circle:"):
                _make()


def _there() -> None:
    with st.expander("The demo", expanded=MADE in st.session_state, icon=":material/play_circle:"):
        made = st.session_state.get(MADE)
        if made is not None:
            st.markdown("Sign in as one of these to see what they see. **The passwords are shown this once.**")
            st.dataframe(
                [{"User name": one["user"], "Password": one["password"], "Role": one["role"]} for one in made.accounts],
                key="demo_accounts",
                hide_index=True,
            )
        else:
            names = ", ".join(f"`{name}`" for name in plan.USERNAMES)
            st.caption(f"Accounts: {names}. Passwords were shown once; Accounts makes a link for a new one.")
        if st.button("Remove the demo", key="demo_remove", icon=":material/delete:"):
            _remove()


def _make() -> None:
    bar = st.progress(0.0, text="Making procedural patients …")

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, text=f"Patient {done} of {total}; then their reads are made.")

    try:
        st.session_state[MADE] = start.make(on_progress=tell)
    except ParallaxError as error:
        bar.empty()
        st.error(str(error))
        return
    st.rerun()


def _remove() -> None:
    try:
        with st.spinner("Removing the demo …"):
            start.take_away()
    except ParallaxError as error:
        st.error(str(error))
        return
    st.session_state.pop(MADE, None)
    st.rerun()
