"""The audit trail: who did what, when, and whether it is whole."""

import streamlit as st

from db import audit
from db.engine import open_view
from pages.components.access import require


def page() -> None:
    """Show the newest events and whether every seal follows from the one before."""
    me = require("auditor")
    st.title("Audit trail")
    with open_view() as session:
        events = audit.events(session, by=me.id)
        broken = audit.first_broken(session)
    if broken is None:
        st.success("Every event's seal follows from the one before it: nothing was changed or removed.")
    else:
        st.error(f"Event {broken} does not follow from the one before it: the trail was changed outside Parallax.")
    st.dataframe(
        [
            {
                "Time (UTC)": event.at.strftime("%Y-%m-%d %H:%M:%S"),
                "Who": event.actor or "Parallax",
                "What": event.kind,
                "Study": event.study_id,
                "Detail": ", ".join(f"{key} {value}" for key, value in event.detail.items()),
            }
            for event in events
        ],
        key="audit_table",
        hide_index=True,
    )
    st.caption(f"The newest {len(events)} events.")


page()
