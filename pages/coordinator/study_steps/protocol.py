"""The protocol: classes, what is asked, the rules of reading, sessions and breaks."""

import streamlit as st

from core.study.keys import VIEWER_LETTERS
from core.study.words import Arm, Beginning, CrossoverUnit, Design, FirstSlice, FirstWindow
from db.accounts import Account
from db.study.info import StudyInfo
from pages.coordinator.study_steps import classes, findings, questions
from pages.coordinator.study_steps.fields import Fields

ARMS: dict[str, str] = {Arm.UNAIDED: "Without the AI", Arm.AIDED: "With the AI's output on the screen"}
UNITS: dict[str, str] = {
    CrossoverUnit.SESSION: "A whole session with the AI, the other without",
    CrossoverUnit.CASE: "In each session, half of the cases with the AI",
    CrossoverUnit.UNAIDED_FIRST: "The first session without the AI, the second with it, for everybody",
}
BEGINS: dict[str, str] = {
    Beginning.FILLED: "With the answers given without it, to be kept or changed",
    Beginning.BLANK: "With an empty form",
}
FIRST_SLICE: dict[str, str] = {
    FirstSlice.LUNGS: "In the middle of the lungs",
    FirstSlice.MIDDLE: "In the middle of the stack",
    FirstSlice.TOP: "At the top slice",
}

FIRST_WINDOW: dict[str, str] = {
    FirstWindow.LUNG: "Lung",
    FirstWindow.SOFT: "Soft tissue",
    FirstWindow.WIDE: "Mediastinum wide",
    FirstWindow.ANGIO: "CT angiography",
    FirstWindow.LIVER: "Liver",
    FirstWindow.BONE: "Bone",
}


def show(me: Account, study: StudyInfo) -> None:
    """Show everything a reader meets, each change saved at once."""
    fields, words = Fields(me, study), Fields(me, study, words=True)
    st.subheader("Findings" if study.protocol.findings else "Diagnoses")
    findings.show_kind(me, study)
    classes.show(me, study)
    findings.show(me, study)
    letters = ", ".join(VIEWER_LETTERS)
    st.caption(f"Readers choose a diagnosis by its letter. The viewer keeps {letters} and the digits for itself.")
    left, right = st.columns(2)
    with left:
        fields.toggle("indeterminate", "Readers may answer “indeterminate”")
    with right:
        fields.toggle(
            "ratings", "Readers rate every diagnosis from 0 to 100", help="ROC curves and AUC need these ratings."
        )
    st.subheader("Questions")
    questions.show(me, study)
    st.subheader("Words for readers")
    words.area("instructions", "Instructions before the first case", height=120)
    words.text("end_text", "Text after the last case")
    _arms(study, fields)
    _rules(fields)


def _arms(study: StudyInfo, fields: Fields) -> None:
    st.subheader("Arms and sessions")
    if study.design == Design.INDEPENDENT:
        fields.choice("independent_arm", "Every case is read", ARMS)
    elif study.design == Design.SEQUENTIAL:
        st.write("Each case is read without the AI and locked; then the AI's output appears and it is locked again.")
        fields.choice("aided_begins", "The read with the AI begins", BEGINS, help="Stored with every such read.")
    else:
        left, right = st.columns(2)
        with left:
            fields.choice("crossover_unit", "Which half comes with the AI", UNITS)
        with right:
            fields.whole("washout_days", "Days between the sessions (washout)", min_value=0, max_value=3650)
        st.caption("The second session opens that many days after a reader's last case of the first, not before.")
    fields.toggle(
        "stratified_orders",
        "Spread the diagnoses evenly over each reader's order",
        help="Orders are balanced over readers in any case; this also keeps runs of one diagnosis apart.",
    )


def _rules(fields: Fields) -> None:
    st.subheader("Rules of reading")
    left, middle, right = st.columns(3)
    with left:
        fields.choice("open_at", "Cases open", FIRST_SLICE)
        fields.choice("window", "With the window", FIRST_WINDOW)
        fields.toggle(
            "undo",
            "Answers may change until locked",
            help="Off: the first diagnosis of a case stands, and there is no undo.",
        )
        fields.toggle("clock_visible", "Readers see the clock")
        fields.toggle(
            "signatures",
            "Opening, closing and unblinding are signed",
            help="Whoever does it gives the password again; name, time and meaning stand in the report and audit.",
        )
        fields.toggle("practice_feedback", "Show the truth after a practice case")
    with middle:
        fields.whole("idle_after_s", "Not counted after so many idle seconds", min_value=10, max_value=3600)
        fields.whole("min_plausible_s", "Too fast to be real, below (seconds)", min_value=0, max_value=600)
    with right:
        fields.whole("break_after_cases", "Suggest a break after so many cases (0: never)", min_value=0, max_value=1000)
        fields.whole(
            "break_after_minutes", "Suggest a break after so many minutes (0: never)", min_value=0, max_value=600
        )
