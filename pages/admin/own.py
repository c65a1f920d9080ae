"""My account: where I am signed in, tokens for scripts, and the institution's sign-in."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from db import sign_ins, web_sessions
from db.accounts import Account
from db.engine import open_session, open_view
from pages.components.access import require
from pages.components.tokens import own_tokens
from pages.routes.institution import claims, oidc_configured


def page() -> None:
    """List the sign-ins and end them; link the institution's sign-in."""
    me = require("reader", "coordinator", "auditor")
    st.title("My account")
    st.caption(f"{me.name}, user name {me.username}")
    _sign_ins(me)
    own_tokens(me)
    if oidc_configured():
        _institution(me)


def _sign_ins(me: Account) -> None:
    st.subheader("Where you are signed in")
    with open_view() as session:
        found = web_sessions.active(session, me.id, at=clock.now())
    for one in found:
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.markdown(f"Since {one.since:%Y-%m-%d %H:%M} UTC, from {one.address}")
        left.caption(one.browser[:120])
        if right.button("End", key=f"account_end_{one.key}", help="Sign this browser out"):
            try:
                with open_session() as session:
                    web_sessions.end(session, me.id, one.key, by=me.id, at=clock.now())
            except ParallaxError as error:
                st.error(str(error))
                return
            st.rerun()
    if st.button("Sign out everywhere", key="account_end_all", icon=":material/logout:"):
        with open_session() as session:
            web_sessions.end_all(session, me.id, by=me.id, at=clock.now())
        st.rerun()


def _institution(me: Account) -> None:
    st.subheader("Your institution")
    found = claims(st.context.cookies)
    with open_view() as session:
        linked = sign_ins.is_linked(session, me.id)
    if linked:
        st.success("Your institution's sign-in is linked to this account.")
    elif not found:
        st.markdown("Sign in with your institution once, then link it here. [Go there](/api/session/institution)")
    elif found.get("email_verified") is not True:
        st.warning("Your institution does not confirm your e-mail address; ask it to verify the address first.")
    else:
        st.markdown(f"Your institution knows you as **{found.get('email', '')}**.")
        if st.button("Link this sign-in to my account", key="account_link", type="primary"):
            try:
                with open_session() as session:
                    sign_ins.link_oidc(session, me.id, subject=str(found.get("sub", "")), at=clock.now())
            except ParallaxError as error:
                st.error(str(error))
                return
            st.rerun()


page()
