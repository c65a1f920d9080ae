"""The case register: which of a person's files became which case, read on request and logged."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.spreadsheet import csv_text
from core.study.truth_csv import NOTES
from db import register
from db.accounts import Account
from db.engine import open_session, open_view
from db.register import Entry, Person
from db.results import taken

OPENED = "register_opened"  # whose register this browser session has opened; the entries are read anew each time


def case_register(account: Account) -> None:
    """Show what registers this person may read; one is opened by a click, which is logged."""
    with open_view() as session:
        held = register.holding(session, account.id)
        owners = register.owners(session, account.id)
    if not (held.entries or held.destroyed or owners):
        return
    with st.expander("Case register: which file became which case", icon=":material/contract:"):
        st.caption(
            "File names can identify a patient. They are kept encrypted on this server until you destroy them; only "
            "you and people you name can read them, and each reading is recorded in the audit trail."
        )
        _open(account, held.entries, owners)
        if held.destroyed and held.destroyed_at is not None:
            entries = "1 entry" if held.destroyed == 1 else f"{held.destroyed} entries"
            st.caption(f"You destroyed {entries}, last on {held.destroyed_at:%Y-%m-%d}.")
        if held.entries:
            _people(account)
            _destroy(account, held.entries)


def _open(account: Account, entries: int, owners: list[Person]) -> None:
    choices = {account.id: f"Your register ({entries} entries)"} if entries else {}
    choices |= {row.id: f"The register of {row.name} ({row.username})" for row in owners}
    if not choices:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        owner = st.selectbox("Register", list(choices), format_func=choices.__getitem__, key="register_owner")
        if st.button("Open it", key="register_open", icon=":material/lock_open:"):
            st.session_state[OPENED] = owner
    if st.session_state.get(OPENED) != owner:
        return
    try:
        with open_session() as session:
            found = register.read(session, owner, by=account.id, at=clock.now())
    except ParallaxError as error:
        st.error(str(error))
        return
    st.session_state.pop(OPENED)  # the next reading is another click and another event
    st.dataframe(
        [
            {"Case": row.case_number, "File or folder": row.source, "Stored (UTC)": f"{row.at:%Y-%m-%d}"}
            for row in found
        ],
        key="register_entries",
        hide_index=True,
    )
    st.download_button(
        "Download as a table for the truth",
        table(found),
        "case-register.csv",
        "text/csv",
        key="register_table",
        icon=":material/download:",
        help="With its column diagnosis filled in, it can be uploaded at the step Truth of a study.",
        on_click=_note,
        args=(account.id, len(found)),
    )


def _note(account_id: int, entries: int) -> None:
    with open_session() as session:
        taken.register(session, by=account_id, at=clock.now(), entries=entries)


def table(entries: list[Entry]) -> str:
    """Return the register as a truth table to fill in."""
    return csv_text([("case", "diagnosis", *NOTES), *((entry.case_number, "", "", entry.source) for entry in entries)])


def _people(account: Account) -> None:
    with open_view() as session:
        named = register.readers(session, account.id)
    st.markdown("**Who else may read it**: " + (", ".join(owner.username for owner in named) or "nobody"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        username = st.text_input("User name", key="register_name", placeholder="of somebody with an account here")
        try:
            if st.button("Let them read it", key="register_allow", disabled=not username.strip()):
                with open_session() as session:
                    register.allow(session, username, by=account.id, at=clock.now())
                st.rerun()
        except ParallaxError as error:
            st.error(str(error))
    for person in named:
        if st.button(f"{person.username} may no longer read it", key=f"register_disallow_{person.id}"):
            with open_session() as session:
                register.disallow(session, person.id, by=account.id, at=clock.now())
            st.rerun()


def _destroy(account: Account, entries: int) -> None:
    with st.popover("Destroy your register", icon=":material/delete_forever:"):
        st.markdown(
            f"This erases the names of the files behind {entries} {'entry' if entries == 1 else 'entries'} for good. "
            "Nobody can then tell which file became which case. Cases, reads and results stay."
        )
        sure = st.checkbox("Nobody needs these names any more", key="register_sure")
        if st.button("Destroy it now", key="register_destroy", type="primary", disabled=not sure):
            try:
                with open_session() as session:
                    register.destroy(session, by=account.id, at=clock.now())
            except ParallaxError as error:
                st.error(str(error))
            else:
                st.rerun()
