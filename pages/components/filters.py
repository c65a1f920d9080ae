"""What every results page begins with: the study, its results, and filters that live in the address."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.errors import ParallaxError
from core.results.findings import Question, asked_of, chosen_question, questions
from core.results.rows import Filter, StudyFacts, StudyRows
from core.results.story import AiRun
from core.results.study_results import StudyResults
from db.engine import open_view
from db.permissions import Right
from db.results import rows as analysis
from pages.components import places
from pages.components.access import require_part
from pages.components.charts import PICTURES
from pages.components.empty import empty
from pages.components.screen import narrow
from pages.components.tables import missing

FILTERS = ("group", "class", "arm", "session", "tag", "practice")  # their names in the address


@dataclass(frozen=True, slots=True)
class View:
    """What a results page looks at: the results of the rows that the filters leave.

    `narrow` tells whether the page is.
    """

    results: StudyResults
    chosen: Filter
    narrow: bool

    @property
    def study(self) -> StudyFacts:
        """Facts of the study."""
        return self.results.study


@st.cache_resource(max_entries=4, show_spinner="Reading the study …")
def _whole(stamp: str, study_id: int, account_id: int, practice: bool) -> StudyResults:
    """Results by stamp: the stamp changes with the study. The arrays are shared and never written to."""
    with open_view() as session:
        rows = analysis.rows(session, study_id=study_id, by=account_id, practice=practice)
    return StudyResults(rows, runs=partial(_runs, study_id, account_id))


@st.cache_resource(max_entries=16, show_spinner=False)
def _filtered(stamp: str, practice: bool, chosen: str, _whole: StudyResults, _rows: StudyRows) -> StudyResults:
    return StudyResults(_rows, whole=_whole, runs=_whole.runs)


@st.cache_resource(max_entries=12, show_spinner=False)
def _of_finding(stamp: str, practice: bool, key: str, _whole: StudyResults) -> StudyResults:
    return StudyResults(asked_of(_whole.rows, key))


def _runs(study_id: int, account_id: int) -> list[AiRun]:
    with open_view() as session:
        return analysis.ai_runs(session, study_id=study_id, by=account_id)


def results_view(title: str, lead: str) -> View:
    """Show title and filters of a results page; return what to look at, or stop where there is nothing."""
    account = require_part(Right.RESULTS)
    study_id = study_of_results(account.id)
    heading, chip = st.columns([5, 1], vertical_alignment="bottom")
    with heading:
        st.title(title)
    st.caption(lead)
    practice = bool(st.session_state.get("practice", False))
    try:
        with open_view() as session:
            stamp = analysis.stamp(session, study_id=study_id, by=account.id)
    except ParallaxError as error:
        st.info(str(error), icon=":material/lock:")
        st.stop()
    whole = _whole(stamp, study_id, account.id, practice)
    if whole.study.protocol.findings:
        whole = _of_finding(stamp, practice, _question(whole.study).key, whole)
    with chip:
        chosen = _filters(whole.rows)
    rows = whole.rows.where(chosen)
    if not len(rows):
        if len(whole.rows):
            missing("The filters leave no read to look at.", "Loosen them.")
        else:
            missing("Nothing was read in this study, by readers or by an AI.", "Copy the study to have it read.")
        st.stop()
    asked = f"{whole.study.finding} {chosen}"
    results = whole if rows is whole.rows else _filtered(stamp, practice, asked, whole, rows)
    return View(results, chosen, narrow())


def _question(study: StudyFacts) -> Question:
    """Let somebody choose the finding that a page is about; the prespecified one, or the first, to begin with."""
    asked = {question.key: question for question in questions(study)}
    first = chosen_question(study, "").key
    key = st.selectbox(
        "Finding",
        list(asked),
        index=list(asked).index(first),
        format_func=lambda one: asked[one].name,
        key="finding",
        bind="query-params",
        width=360,
    )
    return asked[key]


def study_of_results(account_id: int) -> int:
    """Return the study that the address names, else the newest whose results may be seen, put into the address."""
    with open_view() as session:
        known = analysis.choices(session, by=account_id)
    if not known:
        empty(
            "results",
            "There is no study yet.",
            "Make one on the page Studies; its results appear here once it is unblinded.",
        )
        st.stop()
    given = st.query_params.get("study", "")
    if places.asked() in {study_.id for study_ in known}:
        return places.asked()
    first = next((study_.id for study_ in known if study_.unblinded), known[0].id)
    if not given:
        st.query_params["study"] = str(first)
        st.rerun()
    st.warning(
        f"The address names study {given[:20]}, which does not exist here, or whose results are not for you. "
        "Another one is shown; choose on the page Studies."
    )
    return first


def _filters(rows: StudyRows) -> Filter:
    study = rows.study
    tags = sorted({tag for case in study.cases for tag in case.tags})
    arms, sessions = rows.arms, rows.sessions
    count = sum(name in st.query_params for name in FILTERS)
    with st.popover(f"Filters ({count})", icon=":material/filter_alt:", key="results_filters", width="stretch"):
        groups = _many("Groups", list(study.groups), "group")
        classes = _many("True class", [study_class.code for study_class in study.classes], "class", study)
        arm = _many("Arms", arms, "arm") if len(arms) > 1 else []
        session = _many("Sessions", [str(number) for number in sessions], "session") if len(sessions) > 1 else []
        tag = _many("Case tags", tags, "tag") if tags else []
        practice = st.toggle("Practice reads too", key="practice", bind="query-params")
        st.segmented_control(
            "Pictures", PICTURES, default=PICTURES[0], required=True, key="pictures", persist_state="session",
            help="What the camera above a chart saves",
        )  # fmt: skip
    whole = tuple(groups), tuple(arm), tuple(int(number) for number in session), tuple(classes), tuple(tag)
    return Filter(*whole, practice=practice)


def _many(label: str, options: list[str], key: str, study: StudyFacts | None = None) -> list[str]:
    chosen: list[str] = st.multiselect(
        label,
        options,
        key=key,
        bind="query-params",
        format_func=study.label if study else str,
        placeholder="all",
    )
    return chosen
