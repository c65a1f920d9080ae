"""The studies as cards: state, progress, who and when, and the one next step."""

from collections.abc import Iterable
from datetime import datetime

import streamlit as st

from core.results.draw.text import many
from core.study.words import StudyState
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right, rights
from db.study.info import StudySummary
from pages.components import places
from pages.components.empty import empty
from pages.components.places import STATES


def show(found: list[StudySummary], me: Account) -> None:
    """Show every study with its next step."""
    if not found:
        empty(
            "studies",
            "No study is yours or shared with you yet.",
            "Begin one below; the template of Luo et al. 2022 lacks only cases, truth and readers.",
        )
        return
    with open_view() as session:
        mine = {line.id: rights(session, line.id, me.id) for line in found}
    for line in found:
        with st.container(border=True, key=f"studies_card_{line.id}"):
            _card(line, mine[line.id])


def _card(line: StudySummary, mine: Iterable[Right]) -> None:
    left, right = st.columns([4, 1.3], vertical_alignment="center")
    with left:
        st.markdown(f"**{line.title}** {STATES[line.state]}")
        st.caption(f"{_size(line)}  \n{_when(line)}")
    address, words = next_step(line, set(mine))
    part = next(part for part in places.PARTS if part.address == address)
    with right:
        if line.wanted and line.state == StudyState.OPEN:
            share = line.locked / line.wanted
            st.progress(share, text=f"{line.locked} of {line.wanted} reads ({100 * share:.0f} %)")
        st.page_link(part.path, label=f"**{words}**", icon=part.icon, query_params={"study": str(line.id)})
        if address != "design":
            st.page_link(places.PARTS[0].path, label="Design", query_params={"study": str(line.id)})


def next_step(line: StudySummary, mine: set[Right]) -> tuple[str, str]:
    """Return the part of the study where it goes on, and what is done there, for somebody with these rights."""
    manages = Right.MANAGE in mine
    if line.state == StudyState.UNBLINDED and Right.RESULTS in mine:
        return "results", "See the results"
    if line.state in (StudyState.OPEN, StudyState.CLOSED) and Right.MONITOR in mine:
        if line.state == StudyState.CLOSED:
            return "reading", "Unblind it" if manages else "See the reading"
        if line.locked >= line.wanted > 0:
            return "reading", "Close it: all is read" if manages else "See the reading"
        return "reading", "Watch the reading"
    if line.state == StudyState.CHECKED and manages:
        return "design", "Open it for reading"
    return "design", "Go on with the design" if manages and line.state == StudyState.DRAFT else "See the design"


def _size(line: StudySummary) -> str:
    practice = f" and {line.practice} for practice" if line.practice else ""
    return f"{line.design.capitalize()} · {many(line.cases, 'case')}{practice} · {many(line.readers, 'reader')}"


def _when(line: StudySummary) -> str:
    dates: dict[str, datetime | None] = {
        "unblinded": line.unblinded_at,
        "closed": line.closed_at,
        "opened": line.opened_at,
        "created": line.created_at,
    }
    last = next(f"{word} {at:%d %b %Y}" for word, at in dates.items() if at)
    return f"{line.owner} · {last}" if line.owner else last.capitalize()
