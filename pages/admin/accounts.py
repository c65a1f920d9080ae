"""Accounts: who may sign in, in which role, with invitation links to copy."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from db import accounts, links
from db.accounts import Account
from db.engine import open_session, open_view
from pages.components.access import require
from pages.components.forms import fresh, used
from pages.routes import addresses

INVITED = "accounts_invited"


def page() -> None:
    """List the accounts, add one, make links, disable and enable."""
    me = require("administrator")
    st.title("People")
    _new_account(me)
    with open_view() as session:
        found = accounts.every(session, by=me.id)
    st.dataframe(
        [
            {
                "User name": a.username,
                "Name": a.name,
                "Role": a.role,
                "State": "disabled" if a.disabled else "active" if a.has_password else "invited, no password yet",
            }
            for a in found
        ],
        key="accounts_table",
        hide_index=True,
    )
    _change(me, found)


def _new_account(me: Account) -> None:
    form = fresh("accounts")
    # taken before anything is stored: whoever clicks again or comes back finds what was made meanwhile
    made: list[tuple[Account, str]] = st.session_state.setdefault(INVITED, [])
    while made:
        _show_link(*made[0])
        made.pop(0)
    with st.expander("Add an account", expanded=False):
        with st.form(f"{form}_new", enter_to_submit=False, border=False):
            left, middle, right = st.columns(3)
            username = left.text_input("User name or e-mail", key=f"{form}_username")
            name = middle.text_input("Name", key=f"{form}_name")
            role = right.selectbox("Role", ["reader", "coordinator", "administrator"], key=f"{form}_role")
            sent = st.form_submit_button("Add and make an invitation link", key=f"{form}_add", type="primary")
        if not sent:
            return
        try:
            with open_session() as session:
                account = accounts.create(session, username=username, name=name, role=role, at=clock.now(), by=me.id)
                token = links.password_link(session, account.id, at=clock.now(), by=me.id)
        except ParallaxError as error:
            st.error(str(error))
            return
        made.append((account, token))
        used("accounts")
        st.rerun()


def _change(me: Account, found: list[Account]) -> None:
    names = {a.username: a for a in found}
    chosen = st.selectbox("Change an account", list(names), index=None, key="accounts_chosen", placeholder="Choose …")
    if chosen is None:
        return
    account = names[chosen]
    left, right, _ = st.columns([1, 1, 2])
    made: list[tuple[Account, str]] = st.session_state.setdefault(INVITED, [])
    try:
        if left.button("New password link", key="accounts_link", width="stretch"):
            with open_session() as session:
                token = links.password_link(session, account.id, at=clock.now(), by=me.id)
            made.append((account, token))
            st.rerun()
        label = "Enable" if account.disabled else "Disable"
        if right.button(label, key="accounts_toggle", width="stretch"):
            with open_session() as session:
                accounts.set_disabled(session, account.id, disabled=not account.disabled, by=me.id, at=clock.now())
            st.rerun()
    except ParallaxError as error:
        st.error(str(error))


def _show_link(account: Account, token: str) -> None:
    st.success(f"Send this link to {account.name}. It works once, for seven days, and is not shown again.")
    st.code(addresses.link(token), language=None)


page()
