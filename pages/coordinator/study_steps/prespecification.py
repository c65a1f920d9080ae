"""What the study commits itself to before the first read. Everything else is reported as exploratory."""

import streamlit as st

from core.study import prespecification as choices
from db.accounts import Account
from db.engine import open_view
from db.study import info as study_info
from db.study.info import StudyInfo
from pages.coordinator.study_steps import power
from pages.coordinator.study_steps.fields import Fields

PEOPLE = {
    "random": "Random: results hold for readers like these",
    "fixed": "Fixed: results hold for these readers",
}


def show(me: Account, study: StudyInfo) -> None:
    """Show the prespecification, each change saved at once."""
    fields = Fields(me, study)
    st.write("Settled before the first read and frozen when the study opens. What is not settled here is exploratory.")
    _endpoint(study, fields)
    _hypothesis(study, fields)
    _size(me, study, fields)
    _subgroups(study, fields)
    st.subheader("Reads that are missing or indeterminate")
    left, right = st.columns(2)
    with left:
        fields.choice("prespecification.missing", "A missing read", choices.MISSING)
    with right:
        fields.choice("prespecification.indeterminate", "An indeterminate read", choices.MISSING)
    _paperwork(fields)


def _endpoint(study: StudyInfo, fields: Fields) -> None:
    st.subheader("Primary endpoint")
    chosen = study.protocol.prespecification
    left, right = st.columns(2)
    with left:
        fields.choice("prespecification.endpoint", "Endpoint", choices.ENDPOINTS)
        if chosen.endpoint in choices.OF_ONE_CLASS:
            labels = {study_class.code: study_class.label for study_class in study.classes}
            fields.choice("prespecification.endpoint_class", "For the diagnosis", labels)
    with right:
        fields.choice("prespecification.comparison", "Compared", choices.COMPARISONS)
        groups = {choices.ALL_READERS: "All readers", **{group.name: group.name for group in study.groups}}
        fields.choice("prespecification.comparator", "Readers in the comparison", groups)


def _hypothesis(study: StudyInfo, fields: Fields) -> None:
    st.subheader("Hypothesis")
    chosen = study.protocol.prespecification
    left, right = st.columns(2)
    with left:
        fields.choice("prespecification.hypothesis", "Hypothesis", choices.HYPOTHESES)
        fields.choice("prespecification.readers", "Readers are", PEOPLE)
    with right:
        fields.number("prespecification.alpha", "Alpha (two-sided)", min_value=0.001, max_value=0.5, format="%.3f")
        fields.choice("prespecification.multiplicity", "Several endpoints", choices.MULTIPLICITY)
    if chosen.multiplicity != "single":
        options = choices.family_choices({study_class.code: study_class.label for study_class in study.classes})
        fields.several("prespecification.family", "Endpoints beside the primary one, in order", options)
    if chosen.hypothesis == "non-inferiority":
        fields.number(
            "prespecification.margin",
            "Margin: the largest loss that could be accepted, on a scale from 0 to 1",
            min_value=0.001,
            max_value=0.999,
            value=None,
            format="%.3f",
            placeholder="such as 0.050 for five percentage points",
        )
        fields.text("prespecification.margin_rationale", "Why this margin")


def _size(me: Account, study: StudyInfo, fields: Fields) -> None:
    st.subheader("Planned size")
    with open_view() as session:
        cases = sum(not link.practice for link in study_info.cases(session, study.id, by=me.id))
        people = len(study_info.readers(session, study.id, withdrawn=False, by=me.id))
    left, middle, right = st.columns([1, 1, 3])
    with left:
        fields.whole("prespecification.planned_cases", f"Cases (now {cases})", min_value=1, value=None)
    with middle:
        fields.whole("prespecification.planned_readers", f"Readers (now {people})", min_value=1, value=None)
    with right:
        fields.text("prespecification.sample_size_rationale", "Why this size", placeholder="such as a power analysis")
    power.show(me, study, cases=cases, people=people)


def _subgroups(study: StudyInfo, fields: Fields) -> None:
    st.subheader("Subgroups of cases")
    chosen = study.protocol.prespecification.subgroups
    fields.several(
        "prespecification.subgroups",
        "Endpoints are also given by",
        choices.SUBGROUPS,
        help="With intervals, and without a verdict of their own. By others they are given too, marked exploratory.",
    )
    left, right, _ = st.columns([1, 1, 3])
    if "age" in chosen:
        with left:
            fields.whole(
                "prespecification.age_cut", "Age cut (years)", min_value=1, max_value=88, value=None,
                placeholder="the median", help="At or below it, and above.",
            )  # fmt: skip
    if "thickness" in chosen:
        with right:
            fields.number(
                "prespecification.thickness_cut_mm", "Thickness cut (mm)", min_value=0.1, max_value=20.0, value=None,
                format="%.2f", placeholder=f"{choices.THIN_MM:g}", help="At or below it, and above.",
            )  # fmt: skip


def _paperwork(fields: Fields) -> None:
    st.subheader("What readers are told, and papers")
    left, right = st.columns(2)
    with left:
        fields.area("prespecification.clinical_information", "Clinical information given to readers")
        fields.area("prespecification.eligibility", "Eligibility of patients and readers")
    with right:
        fields.area("prespecification.prevalence_told", "What readers are told about how frequent each diagnosis is")
        fields.text("prespecification.ethics", "Ethics approval or waiver")
        fields.text("prespecification.registration", "Registration", placeholder="register and number")
    st.subheader("For the report")
    left, right = st.columns(2)
    with left:
        fields.text("prespecification.study_type", "Type of study", placeholder="such as retrospective")
        fields.text("prespecification.sites", "Sites and dates", placeholder="where and when the cases were collected")
        fields.text("prespecification.sampling", "Sampling", placeholder="consecutive, random or convenience series")
    with right:
        fields.text("prespecification.funding", "Funding and the role of funders")
        fields.area("prespecification.limitations", "Limitations known beforehand")
