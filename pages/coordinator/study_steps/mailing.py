"""Sending letters by e-mail where a mail server is set; the letters to copy stay where they are."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.results.draw.text import many
from core.services import mail
from core.services.mail import Mail, Sent
from db.accounts import Account
from db.engine import open_session
from db.permissions import Right, rights
from db.study import letters
from db.study.info import StudyInfo


def offer(me: Account, study: StudyInfo, found: list[Mail], *, kind: str, key: str) -> None:
    """Offer to send letters, and say what came of it. `kind` names them in the study's history."""
    if not mail.configured() or not found:
        return
    reached = [letter for letter in found if mail.is_address(letter.to)]
    others = len(found) - len(reached)
    sent: set[Mail] = st.session_state.setdefault(f"{key}_sent", set())
    left = [letter for letter in reached if letter not in sent]
    if others:
        st.caption(
            f"{many(others, 'person has', 'people have')} a user name that is no e-mail address: copy their letters."
        )
    if not reached:
        return
    again = not left
    label = f"Send {'again ' * again}{many(len(left or reached), 'letter', 'letters')} by e-mail"
    if st.button(label, key=f"{key}_send", icon=":material/send:", type="secondary" if again else "primary"):
        _send(me, study, left or reached, sent, kind=kind)


def _send(me: Account, study: StudyInfo, chosen: list[Mail], sent: set[Mail], *, kind: str) -> None:
    try:
        with open_session() as session:
            if Right.MANAGE not in rights(session, study.id, me.id):
                st.error("You do not manage this study; ask its owner.")
                return
        with st.spinner("Sending …"):
            came = mail.send(chosen)
        with open_session() as session:
            counts = {"taken": len(came.taken), "refused": len(came.refused)}
            letters.sent(session, study.id, kind=kind, **counts, by=me.id, at=clock.now())
    except ParallaxError as error:
        st.error(str(error), icon=":material/error:")
        return
    sent.update(letter for letter in chosen if letter.to in came.taken)
    _say(came)


def _say(came: Sent) -> None:
    if came.taken:
        st.success(f"{many(len(came.taken), 'letter was', 'letters were')} sent: {', '.join(came.taken)}.")
    for address, why in came.refused.items():
        st.error(f"{address}: {why}. Copy this letter, or mend the address.", icon=":material/error:")
