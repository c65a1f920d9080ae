"""Signing an act: where a study asks for it, the password is given again."""

from collections.abc import Callable

import streamlit as st

from core import clock
from db import signatures
from db.accounts import Account
from db.engine import Session, open_session
from db.signatures import MEANINGS, Act, WrongPassword
from db.study.info import StudyInfo
from pages.components.acting import act


def asked(study: StudyInfo, what: Act, *, key: str) -> str:
    """Ask for the password with what the signature means; "" where the study asks for none."""
    if not study.protocol.signatures:
        return ""
    st.markdown(f"**You sign this.** “{MEANINGS[what]}”")
    return st.text_input("Your password", type="password", key=key, autocomplete="current-password")


def act_signed(me: Account, password: str, work: Callable[[Session], object], *, done: str) -> bool:
    """Do it as `act` does; a wrong password is counted, though the act itself is taken back."""
    wrong = False

    def tried(session: Session) -> None:
        nonlocal wrong
        try:
            work(session)
        except WrongPassword:
            wrong = True
            raise

    held = act(tried, done=done)
    if wrong and password:
        with open_session() as session:
            signatures.count_wrong(session, by=me.id, password=password, at=clock.now())
    return held
