"""The page script: navigation by role, for people who are signed in."""

from pathlib import Path

import streamlit as st

from core.study.words import Role
from db import permissions
from db.accounts import Account
from db.engine import Session, open_view
from db.permissions import Right
from db.study import info as study_info
from db.truth import members as panel_members
from pages.components.access import current, institution_knows
from pages.components.post import post
from pages.coordinator.results import PAGES as RESULTS
from pages.coordinator.results import Page

Sections = dict[str, list[Page]]
PUBLISHED = next(page for page in RESULTS if page[2] == "published")
READER: Sections = {
    "Reading": [
        ("reader/work_list.py", "Work list", "work", ":material/list_alt:"),
        ("reader/read.py", "Read", "read", ":material/radiology:"),
    ],
}
COORDINATOR: Sections = {
    "Study": [
        ("coordinator/studies.py", "Studies", "studies", ":material/science:"),
        ("coordinator/cases.py", "Cases", "cases", ":material/folder_open:"),
        ("coordinator/models.py", "AI models", "models", ":material/neurology:"),
    ],
    "Results": RESULTS,
}
ADMINISTRATOR: Sections = {
    "Administration": [
        ("admin/accounts.py", "Accounts", "accounts", ":material/group:"),
        ("admin/audit.py", "Audit trail", "audit", ":material/history:"),
    ],
}
PANEL: Sections = {"Reference standard": [("truth_panel/label.py", "Truth panel", "panel", ":material/balance:")]}
BY_ROLE: dict[str, Sections] = {
    "reader": READER,
    "coordinator": COORDINATOR,
    "administrator": {**COORDINATOR, **ADMINISTRATOR},
    "auditor": {"Administration": ADMINISTRATOR["Administration"][1:]},
}

MARK = Path(__file__).parents[1] / ".pictures" / "mark.png"  # a material icon would come from another host
LOGOUT = "/auth/logout"  # where st.logout sends the browser, too: the institution's sign-in ends after our own

# Streamlit's margins leave a laptop's window of 1280 pixels too little room for the steps of a study
MARGINS = "<style>.stApp [data-testid='stMainBlockContainer'] { padding: 3.5rem 2.5rem 4rem; }</style>"


def main() -> None:
    """Show the pages of the person's role. Who is not signed in gets no further than pages/routes/door.py."""
    st.set_page_config(page_title="Parallax", page_icon=str(MARK), layout="wide")
    if st.session_state.get("signing_out"):
        _finish_sign_out()
    account = current()
    if account is None:
        st.error("Your sign-in has expired. Reload the page and sign in again; nothing is lost.")
        st.stop()
    _pages(account)


def _sections(account: Account) -> Sections:
    """Return the pages of a role, and those that go with what the person does in some study."""
    with open_view() as session:
        panel = PANEL if panel_members.seats(session, account.id) else {}
        reading = READER if study_info.studies_for_reader(session, account.id) else {}
        runs: Sections = {"Study": COORDINATOR["Study"][:1]} if _part(session, account, Right.OVERVIEW) else {}
        results: Sections = {"Results": RESULTS} if _part(session, account, Right.RESULTS) else {}
    if account.role == Role.NONE:
        return (
            {**panel, **READER, **runs, **results} if reading or not runs else {**panel, **runs, **results}
        )  # the panel's work comes before the study is read
    sections = {**runs, **results, **BY_ROLE[account.role], **reading, **panel}
    if not runs and "Results" in sections:
        sections["Results"] = [PUBLISHED]  # no results before there is a study
    return sections


def _part(session: Session, account: Account, right: Right) -> bool:
    return permissions.anywhere(session, account.id, right)


def _pages(account: Account) -> None:
    sections = {
        section: [st.Page(path, title=title, url_path=url, icon=icon) for path, title, url, icon in pages]
        for section, pages in _sections(account).items()
    }
    first = next(iter(sections.values()))[0]
    # Streamlit serves its default page at / only; with a page of its own there, every other address can be sent
    front = st.Page(lambda: st.switch_page(first), title="Parallax", url_path="", default=True, visibility="hidden")
    own = st.Page("admin/own.py", title="My account", url_path="account", icon=":material/person:")
    chosen = st.navigation({"": [front], **sections, "You": [own]}, expanded=True)
    with st.sidebar:
        st.caption(f"{account.name} · {account.role}  \nsigned in as {account.username}")
        if st.button("Sign out", key="main_sign_out", icon=":material/logout:"):
            st.session_state["signing_out"] = True
            st.rerun()
    st.html(MARGINS)
    chosen.run()


def _finish_sign_out() -> None:
    post("/api/session/end", {}, once="sign_out", then=LOGOUT if institution_knows() else "/")
    st.stop()


main()
