"""Tokens for scripts, on My account: made, listed, revoked."""

from functools import partial
from typing import Any

import streamlit as st

from core import clock
from db import tokens
from db.accounts import Account
from db.engine import open_view
from db.tokens import MOST_DAYS, Scope
from pages.components.acting import act, say

MEANS = {
    Scope.STUDIES: "Studies, cases and progress",
    Scope.RESULTS: "Exports and reports of unblinded studies",
}
MADE = "account_token_made"  # the newest token, shown once


def own_tokens(me: Account) -> None:
    """List the person's tokens, and make and revoke them."""
    st.subheader("Tokens for scripts")
    st.caption("A script with a token sees what you see, within what the token is for (`/api/v1/openapi.json`).")
    say()
    made = st.session_state.pop(MADE, None)
    if made:
        st.success("Copy the token now; it is not shown again.")
        st.code(made, language=None)
    now = clock.now()
    with open_view() as session:
        found = tokens.mine(session, by=me.id, at=now)
    for token in found:
        left, right = st.columns([4, 1], vertical_alignment="center")
        used = f"last used {token.used_at:%Y-%m-%d}" if token.used_at else "never used"
        left.markdown(f"**{token.name}** · {', '.join(MEANS[scope].lower() for scope in token.scopes)}")
        left.caption(f"Made {token.created_at:%Y-%m-%d}, ends {token.expires_at:%Y-%m-%d}, {used}")
        if right.button("Revoke", key=f"account_token_{token.id}", help="Scripts with this token are refused at once"):
            act(partial(tokens.revoke, token_id=token.id, by=me.id, at=now), done="Revoked")
            st.rerun()
    with st.expander("Make a token", icon=":material/key:"), st.form("account_token", border=False):
        name = st.text_input("What is it for?", key="account_token_name", placeholder="nightly export")
        scopes = st.multiselect(
            "May be used for", list(Scope), format_func=MEANS.__getitem__, key="account_token_scopes"
        )
        days = st.number_input("Lasts, days", 1, MOST_DAYS, 90, key="account_token_days")
        if st.form_submit_button("Make the token", key="account_token_make", type="primary"):
            chosen: dict[str, Any] = {"name": name, "scopes": scopes, "days": int(days), "by": me.id, "at": now}
            act(lambda session: st.session_state.update({MADE: tokens.make(session, **chosen)[0]}), done="Made")
            st.rerun()
