"""The page script: navigation by role, for people who are signed in."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.study.words import Role
from db import permissions
from db.accounts import Account
from db.engine import Session, open_view
from db.permissions import Right
from db.study import info as study_info
from db.truth import members as panel_members
from pages.components import places
from pages.components.access import current, institution_knows
from pages.components.post import post
from pages.coordinator.results import PAGES as RESULTS
from pages.coordinator.results import Page

Sections = dict[str, list[Page]]
READER: Sections = {
    "Reading": [
        ("reader/work_list.py", "Work list", "work", ":material/list_alt:"),
        ("reader/read.py", "Read", "read", ":material/radiology:"),
    ],
}
COORDINATOR: Sections = {
    "Parallax": [
        ("coordinator/studies.py", "Studies", "studies", ":material/science:"),
        ("coordinator/cases.py", "Cases", "cases", ":material/folder_open:"),
        ("coordinator/pacs.py", "PACS", "pacs", ":material/lan:"),
        ("coordinator/models.py", "AI models", "models", ":material/neurology:"),
    ],
}
ADMINISTRATOR: Sections = {
    "Administration": [
        ("admin/accounts.py", "People", "people", ":material/group:"),
        ("admin/audit.py", "Audit trail", "audit", ":material/history:"),
        ("admin/system.py", "System", "system", ":material/monitor_heart:"),
    ],
}
# reached from a study, or from an old address; not in the menu
IN_A_STUDY: list[Page] = [
    *((part.path, part.title, part.address, part.icon) for part in places.PARTS if part.address != "export"),
    *RESULTS,
]
MOVED = {"accounts": "admin/accounts.py"}  # addresses of earlier versions
PANEL: Sections = {"Reference standard": [("truth_panel/label.py", "Truth panel", "panel", ":material/balance:")]}
BY_ROLE: dict[str, Sections] = {
    "reader": READER,
    "coordinator": COORDINATOR,
    "administrator": {**COORDINATOR, **ADMINISTRATOR},
    "auditor": {"Administration": ADMINISTRATOR["Administration"][1:2]},
}

MARK = Path(__file__).parents[1] / ".pictures" / "mark.png"  # a material icon would come from another host
LOGOUT = "/auth/logout"  # where st.logout sends the browser, too: the institution's sign-in ends after our own

# Streamlit's margins leave a laptop's window too little room; on a 4K screen lines grow too long and letters too small.
# Its running figure and Stop button mislead: a stopped page shows half of what it has.
LOOK = """<style>
.stApp [data-testid="stMainBlockContainer"] { padding: 2.6rem 2.5rem 4rem; max-width: 110rem; margin-inline: auto; }
@media (min-width: 2400px) { html { font-size: 20px; } }
@media (min-width: 3400px) { html { font-size: 26px; } }
[data-testid="stStatusWidget"] { display: none; }
.st-key-study_menu [data-testid="stPageLink"] a { padding-block: 0.3rem; }
.st-key-results_menu { padding-left: 1.4rem; }
.st-key-results_menu p { font-size: 0.85rem; }
</style>"""


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
        runs: Sections = {"Parallax": COORDINATOR["Parallax"][:1]} if _part(session, account, Right.OVERVIEW) else {}
    if account.role == Role.NONE:
        # the panel's work comes before the study is read
        return {**panel, **READER, **runs} if reading or not runs else {**panel, **runs}
    return {**runs, **BY_ROLE[account.role], **reading, **panel}


def _part(session: Session, account: Account, right: Right) -> bool:
    return permissions.anywhere(session, account.id, right)


def _pages(account: Account) -> None:
    found = _sections(account)
    sections = {section: [_page(*page) for page in pages] for section, pages in found.items()}
    first = next(iter(sections.values()))[0]
    # Streamlit serves its default page at / only; with a page of its own there, every other address can be sent
    front = st.Page(lambda: st.switch_page(first), title="Parallax", url_path="", default=True, visibility="hidden")
    own = st.Page("admin/own.py", title="My account", url_path="account", icon=":material/person:")
    unseen = [front]
    in_study: dict[str, StreamlitPage] = {}
    if "Parallax" in found:
        in_study = {page[2]: _page(*page, hidden=True) for page in IN_A_STUDY}
        unseen += in_study.values()
    unseen += [
        st.Page(_moved(path), title="Moved", url_path=address, visibility="hidden")
        for address, path in MOVED.items()
        if any(path == page[0] for pages in found.values() for page in pages)
    ]
    chosen = st.navigation({"": unseen, **sections, "You": [own]}, expanded=True)
    with st.sidebar:
        if chosen.url_path in in_study and (study := places.of_address(account)):
            places.menu(account, study, in_study, here=chosen.url_path)
        st.caption(f"{account.name} · {account.role}  \nsigned in as {account.username}")
        if st.button("Sign out", key="main_sign_out", icon=":material/logout:"):
            st.session_state["signing_out"] = True
            st.rerun()
    st.html(LOOK)
    chosen.run()


def _page(
    path: str | Callable[[], None], title: str, address: str, icon: str, *, hidden: bool = False
) -> StreamlitPage:
    shown: Literal["visible", "hidden"] = "hidden" if hidden else "visible"
    return st.Page(path, title=title, url_path=address, icon=icon, visibility=shown)


def _moved(path: str) -> Callable[[], None]:
    """Return a page that sends an address of an earlier version on, with what it asked for."""
    return lambda: st.switch_page(path, query_params=st.query_params.to_dict())


def _finish_sign_out() -> None:
    post("/api/session/end", {}, once="sign_out", then=LOGOUT if institution_knows() else "/")
    st.stop()


main()
