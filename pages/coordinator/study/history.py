"""What happened to a study, and its protocol as a file."""

import json
from datetime import datetime

import streamlit as st

from db import audit
from db.accounts import Account
from db.engine import Session, open_view
from db.permissions import Right, rights
from db.study import life as study_life
from db.study.info import StudyInfo
from pages.coordinator.study.here import study_here


def page() -> None:
    """Show the dates of the study's life, its protocol file and its audit trail."""
    me, study = study_here(Right.OVERVIEW)
    st.title(study.title)
    _dates(study)
    _papers(me, study)
    with open_view() as session:
        if Right.MANAGE not in rights(session, study.id, me.id):
            return
        events = _events(session, me, study.id)
    st.subheader("What happened to this study")
    st.dataframe(events, key="study_trail", hide_index=True)


def _dates(study: StudyInfo) -> None:
    dates = {
        "Created": study.created_at,
        "Opened": study.opened_at,
        "Closed": study.closed_at,
        "Unblinded": study.unblinded_at,
    }
    for column, (name, at) in zip(st.columns(len(dates)), dates.items(), strict=True):
        column.metric(name, _day(at))


def _day(at: datetime | None) -> str:
    return f"{at:%d %b %Y}" if at else "not yet"


def _papers(me: Account, study: StudyInfo) -> None:
    with open_view() as session:
        data = json.dumps(study_life.export_study(session, study.id, by=me.id), indent=2, ensure_ascii=False)
    st.download_button(
        "Protocol as JSON",
        data,
        file_name=f"protocol-{study.id}.json",
        mime="application/json",
        key="study_export",
        icon=":material/download:",
        help="Title, design, classes, groups, rules and prespecification; no cases, people or truth.",
    )


def _events(session: Session, me: Account, study_id: int) -> list[dict[str, object]]:
    return [
        {
            "When (UTC)": event.at.strftime("%Y-%m-%d %H:%M:%S"),
            "Who": event.actor or "",
            "What": event.kind,
            "Detail": ", ".join(f"{name}: {value}" for name, value in event.detail.items() if value is not None),
        }
        for event in audit.events(session, study_id=study_id, by=me.id)
    ]


page()
