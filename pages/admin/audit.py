"""The audit trail: who did what, when, in which study, and whether everything that counts is as it was written."""

from datetime import UTC, datetime, time

import streamlit as st

from core import clock
from core.services.trail import exported, row_of
from db import audit, chain
from db.accounts import Account
from db.engine import open_view
from pages.components.access import require

PER_PAGE = 200


def page() -> None:
    """Filter and page the events, export them, show the chain's head and check the chain on request."""
    me = require("auditor")
    st.title("Audit trail")
    _chain()
    with open_view() as session:
        choices = audit.choices(session, by=me.id)
    people, kinds, studies, since, until = st.columns(5)
    who = people.selectbox("Who", choices.people, index=None, key="audit_who", placeholder="Everybody")
    what = kinds.multiselect("What", choices.kinds, key="audit_what", placeholder="Everything")
    study = studies.selectbox(
        "Study",
        list(choices.studies),
        index=None,
        key="audit_study",
        placeholder="All",
        format_func=lambda key: choices.studies[key],
    )
    first, last = since.date_input("From", None, key="audit_from"), until.date_input("To", None, key="audit_to")
    asked = audit.Filter(
        who=who,
        kinds=tuple(what),
        study_id=study,
        since=datetime.combine(first, time.min, UTC) if first else None,
        until=datetime.combine(last, time.max, UTC) if last else None,
    )
    with open_view() as session:
        total = audit.count(session, asked, by=me.id)
        pages = max(1, -(-total // PER_PAGE))
        number = st.number_input("Page", 1, pages, key="audit_page") if pages > 1 else 1
        events = audit.find(session, asked, by=me.id, limit=PER_PAGE, skip=(int(number) - 1) * PER_PAGE)
    rows = [row_of(event, choices.studies) for event in events]
    st.dataframe(rows, key="audit_table", hide_index=True)
    st.caption(f"{total} events; page {number} of {pages}, the newest first. Times are UTC.")
    _download(me, asked, choices.studies)


def _chain() -> None:
    with open_view() as session:
        head = chain.head(session)
    left, right = st.columns([3, 1])
    left.caption(
        "Head of the chain over reads, truth, orders, AI reads and events. Keep it elsewhere: "
        "`python -m core verify --head …` tells whether anything was changed since."
    )
    left.code(head or "none yet", language=None)
    if right.button("Check everything", key="audit_check", icon=":material/verified:"):
        with open_view() as session:
            found = chain.verify(session)
        if not found.broken:
            st.success(f"{found.events} links checked: nothing was changed, added or removed outside Parallax.")
        for link in found.broken[:50]:
            st.error(f"{link.table} {link.id}: {link.what}.")


def _download(me: Account, asked: audit.Filter, studies: dict[int, str]) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "CSV",
            lambda: exported(asked, "csv", studies, by=me.id, at=clock.now()),
            "audit.csv",
            "text/csv",
            key="audit_csv",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            lambda: exported(asked, "json", studies, by=me.id, at=clock.now()),
            "audit.json",
            "application/json",
            key="audit_json",
            on_click="ignore",
        )


page()
