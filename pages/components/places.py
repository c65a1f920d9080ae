"""The parts of a study, and ways to them that carry the study along in the address."""

from dataclasses import dataclass
from typing import NoReturn

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.results.across.registry import OF_FINDINGS, of_findings
from core.study.words import StudyState
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right, rights
from db.study import info as study_info
from db.study.info import StudyInfo

STATES = {
    StudyState.DRAFT: ":gray-badge[draft]",
    StudyState.CHECKED: ":blue-badge[checked]",
    StudyState.OPEN: ":green-badge[open]",
    StudyState.CLOSED: ":orange-badge[closed]",
    StudyState.UNBLINDED: ":violet-badge[unblinded]",
}
STUDIES = "coordinator/studies.py"
LONGEST = 9  # digits of a study's number in an address


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a study: its page, who may open it, and from which states on there is something in it."""

    address: str
    title: str
    path: str
    icon: str
    right: Right
    states: tuple[StudyState, ...] = tuple(StudyState)
    not_yet: str = ""


OPENED = (StudyState.OPEN, StudyState.CLOSED, StudyState.UNBLINDED)
SEALED = "The results are sealed until the study is closed and unblinded."
PARTS = (
    Part("design", "Design", "coordinator/study/design.py", ":material/checklist:", Right.OVERVIEW),
    Part(
        "reading",
        "Reading",
        "coordinator/study/reading.py",
        ":material/visibility:",
        Right.MONITOR,
        OPENED,
        "Reading begins when the study is opened.",
    ),
    Part(
        "results",
        "Results",
        "coordinator/results/home.py",
        ":material/insights:",
        Right.RESULTS,
        (StudyState.UNBLINDED,),
        SEALED,
    ),
    Part(
        "export",
        "Report and export",
        "coordinator/results/exports.py",
        ":material/description:",
        Right.RESULTS,
        (StudyState.UNBLINDED,),
        SEALED,
    ),
    Part("history", "History", "coordinator/study/history.py", ":material/history:", Right.OVERVIEW),
)


def go(address: str, study_id: int, **query: str) -> NoReturn:
    """Open a part of a study."""
    part = next(part for part in PARTS if part.address == address)
    st.switch_page(part.path, query_params={"study": str(study_id), **query})


def asked() -> int:
    """Return the number of the study that the address names, 0 for none or for what is no number."""
    text = st.query_params.get("study", "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST else 0


def link(part: Part, study: StudyInfo, page: StreamlitPage | str) -> None:
    """Draw the link to a part of a study; not to be clicked where there is nothing in it yet."""
    ready = study.state in part.states
    st.page_link(
        page,
        label=part.title,
        icon=part.icon,
        query_params={"study": str(study.id)},
        disabled=not ready,
        help=None if ready else part.not_yet,
    )


def menu(account: Account, study: StudyInfo, pages: dict[str, StreamlitPage], *, here: str) -> None:
    """Draw the menu of a study, with the pages of its results while one of them is open."""
    with open_view() as session:
        mine = rights(session, study.id, account.id)
    with st.container(key="study_menu", gap=None):
        st.markdown(f"**{study.title}** {STATES[study.state]}")
        for part in PARTS:
            if part.right in mine and part.address in pages:
                link(part, study, pages[part.address])
                if part.address == "results" and here not in {other.address for other in PARTS if other is not part}:
                    _results(study, pages)


def _results(study: StudyInfo, pages: dict[str, StreamlitPage]) -> None:
    here = {panel.address for panel in of_findings(study.protocol)}
    elsewhere = {part.address for part in PARTS} | {panel.address for panel in OF_FINDINGS if panel.address not in here}
    with st.container(key="results_menu", gap=None):
        for address, page in pages.items():
            if address not in elsewhere:
                st.page_link(page, label=page.title, query_params={"study": str(study.id)})


def of_address(account: Account) -> StudyInfo | None:
    """Return the study that the address names, None where there is none that this person may see."""
    number = asked()
    if not number:
        return None
    with open_view() as session:
        if Right.OVERVIEW not in rights(session, number, account.id):
            return None
        return study_info.study(session, number, by=account.id)
