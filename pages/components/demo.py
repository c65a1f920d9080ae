"""The demo in one click: made, shown with its accounts, and removed."""

import streamlit as st

from core.errors import ParallaxError
from core.services.demo import people, plan, start
from core.services.demo.people import DemoAccount
from core.study.words import Role
from db.accounts import Account
from db.engine import open_view

TOLD = "demo_told"
LEAD = (
    "24 procedural patients, the AI's real reads of them, and two novices and two experts whose reads are simulated: "
    "one study with results, one that is being read, one draft. It takes a minute or two; one click removes it all."
)


def offer(me: Account, *, studies: int) -> None:
    """Offer the demo to an administrator: to make it where there is none, else to see its accounts and remove it."""
    if me.role != Role.ADMINISTRATOR:
        return
    with open_view() as session:
        now = people.state(session)
    if now != "absent":
        _there(made=now == "there")
    elif studies == 0:
        with st.container(border=True):
            st.markdown(f"**Look around first.** {LEAD}")
            if st.button("Try the demo", key="demo_make", icon=":material/play_circle:"):
                _make()


def _there(*, made: bool) -> None:
    told: tuple[DemoAccount, ...] | None = st.session_state.get(TOLD)
    with st.expander("The demo", expanded=told is not None or not made, icon=":material/play_circle:"):
        if not made:
            st.info(
                "The demo is being made, which takes a minute or two; reload this page. If it was stopped, remove it."
            )
        elif told is not None:
            st.markdown("Sign in as one of these to see what they see. **The passwords are shown this once.**")
            st.dataframe(
                [{"User name": account.user, "Password": account.password, "Role": account.role} for account in told],
                key="demo_accounts",
                hide_index=True,
            )
        else:
            st.caption(f"Accounts: {', '.join(f'`{name}`' for name in plan.USERNAMES)}.")
            if st.button("Make new passwords", key="demo_passwords", icon=":material/key:"):
                st.session_state[TOLD] = people.new_passwords()
                st.rerun()
        if st.button("Remove the demo", key="demo_remove", icon=":material/delete:"):
            _remove()


def _make() -> None:
    bar = st.progress(0.0, text="Making procedural patients …")

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, text=f"Patient {done} of {total}; then their reads are made.")

    try:
        st.session_state[TOLD] = start.make(on_progress=tell).accounts
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
    st.session_state.pop(TOLD, None)
    st.rerun()
