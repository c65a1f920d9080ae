"""The cases of a study: taken from the library, some of them for practice."""

import streamlit as st

from core import clock
from db import cases as library
from db.accounts import Account
from db.cases import CaseInfo
from db.engine import open_view
from db.study import cases as study_cases
from db.study import info as study_info
from db.study.info import StudyCaseInfo, StudyInfo
from pages.components.acting import act
from pages.components.pictures import PICTURE, ROW, picture_address
from pages.components.reading import library_case
from pages.coordinator.study_steps import clinical


def show(me: Account, study: StudyInfo) -> None:
    """Show the cases, and take cases in or out."""
    with open_view() as session:
        taken = study_info.cases(session, study.id, by=me.id)
        there = {link.case.id for link in taken}
        seen = library.every(session, by=me.id)
    free = [case for case in seen if case.id not in there]
    practice = sum(link.practice for link in taken)
    st.subheader(f"{len(taken) - practice} cases to read, {practice} for practice")
    if not taken and not free:
        st.info("The library is empty. Upload CT on the Cases page (left), then come back.", icon=":material/upload:")
        return
    if study.editable:
        _take(me, study, free)
    if not taken:
        st.info("No cases taken in yet.")
        return
    _table(me, taken, {case.id for case in seen})
    if study.editable:
        _change(me, study, taken)
    clinical.show(me, study, [link.case for link in taken])


def _table(me: Account, taken: list[StudyCaseInfo], seen: set[int]) -> None:
    """Show the cases with their pictures; the images of the one that is ticked below."""
    chosen = st.dataframe(
        [_row(link, seen) for link in taken],
        key="study_cases",
        hide_index=True,
        placeholder="",
        row_height=ROW if seen else None,
        height=min(ROW * len(taken) + 40, 640) if seen else "auto",
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Picture": PICTURE},
    )
    for row in chosen.selection.rows:
        if row < len(taken) and taken[row].case.id in seen:
            library_case(taken[row].case, bindings=me.preferences.get("bindings", {}))


def _row(link: StudyCaseInfo, seen: set[int]) -> dict[str, object]:
    case = link.case
    return {
        "Picture": picture_address(case) if case.id in seen else None,
        "Case": case.number,
        "Use": "practice" if link.practice else "study",
        "Slices": case.shape[0],
        "Spacing (mm)": f"{case.spacing_mm[0]:.2f} / {case.spacing_mm[1]:.2f}",
        "Kernel": case.attributes.get("kernel") or "not stated",
        "Tags": ", ".join(case.tags),
        "Library": "withdrawn" if case.withdrawn else "",
    }


def _take(me: Account, study: StudyInfo, free: list[CaseInfo]) -> None:
    if not free:
        st.caption("Every case of the library is in this study.")
        return
    ids = {case.number: case.id for case in free}

    def take(numbers: list[int], *, practice: bool = False) -> None:
        chosen = [ids[number] for number in numbers if number in ids]
        at = clock.now()
        act(
            lambda session: study_cases.add_cases(session, study.id, chosen, practice=practice, by=me.id, at=at),
            done=f"{len(chosen)} taken in",
        )

    tags = sorted({tag for case in free for tag in case.tags})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        many = "the case" if len(ids) == 1 else f"all {len(ids)} cases"
        if st.button(f"Take {many} of the library", key="study_take_all", type="primary"):
            take(list(ids))
            st.rerun()
        for tag in tags[:8]:
            tagged = [case.number for case in free if tag in case.tags]
            if st.button(f"{len(tagged)} tagged {tag}", key=f"study_take_tag_{tag}"):
                take(tagged)
                st.rerun()
    with st.form("study_take", clear_on_submit=True, border=False):
        left, middle, right = st.columns([4, 1, 1], vertical_alignment="bottom")
        numbers = left.multiselect("Or choose by number", list(ids), key="study_take_numbers")
        practice = middle.checkbox("For practice", key="study_take_practice")
        if right.form_submit_button("Take in", key="study_take_chosen") and numbers:
            take(numbers, practice=practice)
            st.rerun()


def _change(me: Account, study: StudyInfo, taken: list[StudyCaseInfo]) -> None:
    ids = {link.case.number: link.case.id for link in taken}
    key = f"study_practice_{study.id}"
    st.session_state[key] = [link.case.number for link in taken if link.practice]

    def set_practice() -> None:
        chosen = [ids[number] for number in st.session_state[key]]
        act(lambda session: study_cases.set_practice(session, study.id, chosen, by=me.id, at=clock.now()))

    st.multiselect(
        "Practice cases: read first, left out of every result",
        list(ids),
        key=key,
        on_change=set_practice,
        placeholder="None",
    )
    with st.form("study_remove", clear_on_submit=True, border=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        numbers = left.multiselect("Take cases out again", list(ids), key="study_remove_numbers", placeholder="None")
        if right.form_submit_button("Take out", key="study_remove_chosen") and numbers:
            gone = [ids[number] for number in numbers]
            act(lambda session: study_cases.remove_cases(session, study.id, gone, by=me.id, at=clock.now()))
            st.rerun()
