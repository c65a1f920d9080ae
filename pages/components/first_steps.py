"""The first steps of whoever runs studies: a list that ticks itself, and can be put away."""

from dataclasses import dataclass

import streamlit as st

from core.study.words import Role, StudyState
from db import accounts, cases
from db.accounts import Account
from db.engine import open_session, open_view
from db.permissions import Task, tasks
from db.study.info import StudySummary

PUT_AWAY = "first_steps_put_away"  # in a person's preferences


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, whether it is, and the page where it is done."""

    words: str
    done: bool
    page: str


def steps(studies: list[StudySummary], *, library: int, people: int, administers: bool) -> list[Step]:
    """Return the steps from an empty installation to the first results, in their order."""
    begun = [study for study in studies if study.state != StudyState.DRAFT]
    opened = [study for study in begun if study.state != StudyState.CHECKED]
    own = [Step("Make an account for a colleague, or go on alone", people > 1, "admin/accounts.py")]
    return [
        *(own if administers else []),
        Step("Upload cases", library > 0, "coordinator/cases.py"),
        Step("Begin a study", bool(studies), "coordinator/studies.py"),
        Step("Check it and open it", bool(opened), "coordinator/studies.py"),
        Step("Let readers read", any(study.locked for study in opened), "coordinator/studies.py"),
        Step("Close, unblind, see the results", _unblinded(studies), "coordinator/studies.py"),
    ]


def show(me: Account, studies: list[StudySummary]) -> None:
    """Show the steps until all are done or they are put away."""
    if me.preferences.get(PUT_AWAY):
        return
    with open_view() as session:
        if Task.STUDIES not in tasks(session, me.id):
            return
        library, people = len(cases.every(session, by=me.id)), len(accounts.every(session, by=me.id))
    found = steps(studies, library=library, people=people, administers=me.role == Role.ADMINISTRATOR)
    if all(step.done for step in found):
        return
    following = next(step for step in found if not step.done)
    with st.container(border=True, key="first_steps"):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.markdown(f"**First steps** · {sum(step.done for step in found)} of {len(found)} done")
        if right.button("Put away", key="first_steps_away", type="tertiary"):
            with open_session() as session:
                accounts.save_preferences(session, me.id, {PUT_AWAY: True})
            st.rerun()
        st.markdown(
            "  \n".join(
                f"{':material/check_circle:' if step.done else ':material/radio_button_unchecked:'} {step.words}"
                for step in found
            )
        )
        if following.page != "coordinator/studies.py":
            st.page_link(following.page, label=f"**Next: {following.words}**", icon=":material/arrow_forward:")


def _unblinded(studies: list[StudySummary]) -> bool:
    return any(study.state == StudyState.UNBLINDED for study in studies)
