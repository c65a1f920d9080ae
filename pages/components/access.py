"""Who is signed in, and what they may open."""

import streamlit as st

from core import clock
from core.study.words import Role
from db import permissions, sign_ins
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right
from db.study import info as study_info
from pages.routes.institution import oidc_configured
from pages.routes.web import COOKIE


def current() -> Account | None:
    """Return who is signed in by our own cookie, which pages and routes alike go by."""
    with open_view() as session:
        return sign_ins.account_for_cookie(session, st.context.cookies.get(COOKIE), at=clock.now())


def require(*roles: str) -> Account:
    """Return who is signed in, or stop the page with a sentence. Administrators may open every page."""
    account = current()
    if account is None:
        st.error("Your sign-in has expired. Reload the page and sign in again; nothing is lost.")
        st.stop()
    if account.role not in (*roles, Role.ADMINISTRATOR):
        st.error("This page is for other roles. Ask your administrator if you need it.")
        st.stop()
    return account


def require_part(right: Right) -> Account:
    """Return who is signed in if they coordinate, or have this right in some study; else stop the page."""
    account = current()
    if account is not None:
        with open_view() as session:
            if permissions.anywhere(session, account.id, right):
                return account
    return require("coordinator")


def require_reader() -> Account:
    """Return who is signed in if they read somewhere: readers, and others who were made readers of a study."""
    account = current()
    if account is not None and account.role != Role.NONE:
        with open_view() as session:
            if study_info.studies_for_reader(session, account.id):
                return account
    return require("reader")


def institution_knows() -> bool:
    """Tell whether the institution (OIDC) has signed this browser in."""
    return oidc_configured() and bool(st.user.get("is_logged_in"))
