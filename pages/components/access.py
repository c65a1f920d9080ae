"""Who is signed in, and what they may open."""

import streamlit as st

from core import clock
from db import accounts
from db.accounts import Account
from db.engine import open_session, open_view
from db.study import info as study_info
from pages.routes.web import COOKIE


def current() -> Account | None:
    """Return who is signed in by our own cookie, which pages and routes alike go by."""
    with open_view() as session:
        return accounts.account_for_cookie(session, st.context.cookies.get(COOKIE), at=clock.now())


def require(*roles: str) -> Account:
    """Return who is signed in, or stop the page with a sentence. Administrators may open every page."""
    account = current()
    if account is None:
        st.error("Your sign-in has expired. Reload the page and sign in again; nothing is lost.")
        st.stop()
    if account.role not in (*roles, "administrator"):
        st.error("This page is for other roles. Ask your administrator if you need it.")
        st.stop()
    return account


def require_reader() -> Account:
    """Return who is signed in if they read somewhere: readers, and others who were made readers of a study."""
    account = current()
    if account is not None and account.role != "reader":
        with open_view() as session:
            if study_info.studies_for_reader(session, account.id):
                return account
    return require("reader")


def oidc_configured() -> bool:
    """Tell whether an institution's sign-in is set up in .streamlit/secrets.toml."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def institution_knows() -> bool:
    """Tell whether the institution (OIDC) has signed this browser in."""
    return oidc_configured() and bool(st.user.get("is_logged_in"))


def by_institution() -> Account | None:
    """Return the account that the institution's sign-in belongs to, which still has to get our own cookie."""
    subject, email = str(st.user.get("sub", "")), str(st.user.get("email", ""))
    if not subject or not st.user.get("email_verified", True):
        return None
    with open_session() as session:
        return accounts.for_oidc(session, subject=subject, email=email, at=clock.now())
