"""Where a study stands, and what is left to do."""

import streamlit as st

from core import clock
from core.study.preflight_facts import AREAS, Remark
from core.study.words import StudyState
from db.accounts import Account
from db.study import design as study_design
from db.study.info import StudyInfo
from pages.components.acting import act
from pages.coordinator.study_steps import deletion
from pages.coordinator.study_steps.new_study import DESIGN_NAMES

LIFE = {
    StudyState.DRAFT: "Draft: everything can change. Go through the steps, then check.",
    StudyState.CHECKED: "Checked: nothing stands in the way of opening. A change makes it a draft again.",
    StudyState.OPEN: "Open: readers read. Protocol, truth, AI and orders are frozen; results stay sealed.",
    StudyState.CLOSED: "Closed: nothing is read any more. Results stay sealed until the study is unblinded.",
    StudyState.UNBLINDED: "Unblinded: the results can be seen.",
}


def show(me: Account, study: StudyInfo, findings: tuple[Remark, ...], *, manages: bool) -> None:
    """Show title and design, and what is left to do."""
    st.info(LIFE[study.state], icon=":material/route:")
    if not manages:
        st.markdown(f"**Design.** {DESIGN_NAMES[study.design]}.")
        return
    _title(me, study)
    if study.editable:
        _to_do(findings)
    if study.editable:
        deletion.show(me, study)


def _title(me: Account, study: StudyInfo) -> None:
    title_key, design_key = f"study_title_{study.id}", f"study_design_{study.id}"
    st.session_state[title_key], st.session_state[design_key] = study.title, study.design

    def rename() -> None:
        new = st.session_state[title_key]
        act(lambda session: study_design.save_title(session, study.id, new, by=me.id, at=clock.now()))

    def redesign() -> None:
        new = st.session_state[design_key]
        act(lambda session: study_design.save_design(session, study.id, new, by=me.id, at=clock.now()))

    left, right = st.columns(2)
    locked = study.state in (StudyState.CLOSED, StudyState.UNBLINDED)
    left.text_input("Title, as readers see it", key=title_key, on_change=rename, disabled=locked)
    right.selectbox(
        "Design",
        list(DESIGN_NAMES),
        key=design_key,
        format_func=lambda key: DESIGN_NAMES[key],
        on_change=redesign,
        disabled=not study.editable,
    )


def _to_do(findings: tuple[Remark, ...]) -> None:
    blockers = [finding for finding in findings if finding.blocks]
    if not blockers:
        st.success("Nothing is missing. Go to “Check and open”; the check also opens every volume.")
        return
    st.subheader("Still to do")
    for area, name in AREAS.items():
        of_area = [finding.message for finding in blockers if finding.area == area]
        if of_area:
            more = f" (and {len(of_area) - 3} more)" if len(of_area) > 3 else ""
            st.markdown(f"**{name}** — {' '.join(of_area[:3])}{more}")
