"""Studies: a card for each, and the ways to begin one."""

import streamlit as st

from db.engine import open_view
from db.permissions import Right, Task, tasks
from db.study import info as study_info
from pages.components import demo, first_steps, places
from pages.components.access import require_part
from pages.components.acting import say
from pages.coordinator import study_cards
from pages.coordinator.study_steps import deletion, new_study


def page() -> None:
    """Show the list; an address of earlier versions that names a study leads to the part it meant."""
    me = require_part(Right.OVERVIEW)
    if number := places.asked():
        step = st.query_params.get("step", "")
        if step == "monitor":
            places.go("reading", number)
        places.go("design", number, **({"step": step} if step else {}))
    st.title("Studies")
    say()
    with open_view() as session:
        found = study_info.every(session, by=me.id)
        may_begin = Task.STUDIES in tasks(session, me.id)
    first_steps.show(me, found)
    demo.offer(me, studies=len(found))
    study_cards.show(found, me)
    if may_begin:
        new_study.show_new(me)
    deletion.show_deleted(me)
    st.page_link("coordinator/published.py", label="The published study: Luo et al. 2022", icon=":material/menu_book:")


page()
