"""Studies: the list of them, and one study step by step."""

import streamlit as st

from core.errors import ParallaxError
from db.engine import open_view
from db.permissions import Right, Task, tasks
from db.study import info as study_info
from pages.components import demo
from pages.components.access import require_part
from pages.components.acting import say
from pages.coordinator.study_steps import deletion, new_study, one_study


def page() -> None:
    """Show the study named in the address, or the list."""
    me = require_part(Right.OVERVIEW)
    chosen = st.query_params.get("study", "")
    if chosen:
        try:
            with open_view() as session:
                study = study_info.study(session, int(chosen) if chosen.isdigit() and len(chosen) < 10 else 0, by=me.id)
        except ParallaxError as error:
            st.error(f"{error} Choose one from the list.")
            st.query_params.clear()
        else:
            one_study.show(me, study)
            return
    st.title("Studies")
    say()
    with open_view() as session:
        known = len(study_info.every(session, by=me.id))
        may_begin = Task.STUDIES in tasks(session, me.id)
    demo.offer(me, studies=known)
    new_study.show_list(me)
    if may_begin:
        new_study.show_new(me)
    deletion.show_deleted(me)


page()
