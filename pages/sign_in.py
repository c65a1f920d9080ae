"""Sign in, and the two pages behind a one-time link: first set-up, and a new password."""

from collections.abc import Callable

import streamlit as st

from core import clock
from core.errors import ParallaxError
from db import accounts
from db.accounts import Account
from db.engine import Session, open_session, open_view
from pages.components.access import oidc_configured
from pages.components.post import post


def sign_in_page() -> None:
    """The form of local accounts, and the institution's button where one is set up."""
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Parallax")
        st.caption("Reader studies for chest CT: AI and readers on the same cases.")
        with st.form("sign_in"):
            username = st.text_input("User name", key="sign_in_username", autocomplete="username")
            password = st.text_input(
                "Password", type="password", key="sign_in_password", autocomplete="current-password"
            )
            sent = st.form_submit_button("Sign in", type="primary", width="stretch", key="sign_in_submit")
        if sent:
            with open_session() as session:
                ticket = accounts.sign_in(session, username=username, password=password, at=clock.now())
            if ticket is None:
                st.error(
                    "User name and password do not match, or too many tries were made; an account rests "
                    "five minutes after five wrong passwords."
                )
            else:
                start(ticket)
        if oidc_configured():
            st.button("Sign in with your institution", key="sign_in_oidc", on_click=st.login, width="stretch")
        st.caption("No account? Ask the person who runs the study for an invitation link.")


def not_invited_page() -> None:
    """What somebody sees whom the institution knows and Parallax does not."""
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Parallax")
        st.warning(
            f"Your institution has signed you in as {st.user.get('email')}, but no account here has this user name, "
            "or it is disabled. Ask the person who runs the study to add it, then reload this page."
        )
        st.button("Sign in as somebody else", key="sign_in_other", on_click=st.logout)


def link_page(token: str) -> None:
    """What a one-time link opens: the first administrator's form, or a form for a password."""
    with open_view() as session:
        kind = accounts.link_kind(session, token, at=clock.now())
    _, middle, _ = st.columns([1, 1.4, 1])
    with middle:
        st.title("Parallax")
        if kind is None:
            st.warning("This link was used already or is too old. Ask the person who sent it for a new one.")
            st.link_button("Go to sign-in", "/")
        elif kind == "setup":
            _setup_form(token)
        else:
            _password_form(token)


def start(ticket: str) -> None:
    """Have the browser turn the ticket into its cookie, then open the front page."""
    post("/api/session/redeem", {"ticket": ticket}, once=ticket[:12], then="/")
    st.info("Signing in …")
    st.stop()


def start_for(account: Account) -> None:
    """Sign in somebody whom the institution has vouched for."""
    with open_session() as session:
        ticket = accounts.ticket_for(session, account.id, at=clock.now())
    start(ticket)


def _setup_form(token: str) -> None:
    st.subheader("Set up: the first administrator")
    with st.form("setup"):
        username = st.text_input("User name", key="setup_username", autocomplete="username")
        name = st.text_input("Your name, as colleagues see it", key="setup_name")
        password, again = _two_passwords("setup")
        sent = st.form_submit_button("Create administrator", type="primary", key="setup_submit")
    if sent:
        _redeem(
            password,
            again,
            lambda session: accounts.use_setup_link(
                session, token, username=username, name=name, password=password, at=clock.now()
            ),
        )


def _password_form(token: str) -> None:
    st.subheader("Choose your password")
    with st.form("password"):
        password, again = _two_passwords("password")
        sent = st.form_submit_button("Save and sign in", type="primary", key="password_submit")
    if sent:
        _redeem(
            password,
            again,
            lambda session: accounts.use_password_link(session, token, password=password, at=clock.now()),
        )


def _redeem(password: str, again: str, use: Callable[[Session], Account]) -> None:
    """Use a one-time link and sign its account in, or say what is wrong with what was typed."""
    if password != again:
        st.error("The two passwords differ; type the same one twice.")
        return
    try:
        with open_session() as session:
            ticket = accounts.ticket_for(session, use(session).id, at=clock.now())
    except ParallaxError as error:
        st.error(str(error))
        return
    start(ticket)


def _two_passwords(page: str) -> tuple[str, str]:
    hint = f"At least {accounts.MIN_PASSWORD} characters; a sentence is easy to remember."
    first = st.text_input("Password", type="password", key=f"{page}_password", help=hint, autocomplete="new-password")
    again = st.text_input("Password again", type="password", key=f"{page}_again", autocomplete="new-password")
    return first, again
