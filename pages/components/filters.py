"""What every results page begins with: the study, its results, and filters that live in the address."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.errors import ParallaxError
from core.results.rows import Filter, StudyFacts, StudyRows
from core.results.story import AiRun
from core.results.study_results import StudyResults
from db.engine import open_view
from db.permissions import Right
from db.results import rows as analysis
from pages.components.access import require_part
from pages.components.charts import PICTURES
from pages.components.screen import narrow
from pages.components.tables import missing


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


def _runs(study_id: int, account_id: int) -> list[AiRun]:
    with open_view() as session:
        return analysis.ai_runs(session, study_id=study_id, by=account_id)


def results_view(title: str, lead: str) -> View:
    """Show title, study and filters of a results page; return what to look at, or stop where there is nothing."""
    account = require_part(Right.RESULTS)
    st.title(title)
    st.caption(lead)
    study_id = _study(account.id)
    practice = bool(st.session_state.get("practice", False))
    try:
        with open_view() as session:
            stamp = analysis.stamp(session, study_id=study_id, by=account.id)
    except ParallaxError as error:
        st.info(str(error), icon=":material/lock:")
        st.stop()
    whole = _whole(stamp, study_id, account.id, practice)
    chosen = _filters(whole.rows)
    rows = whole.rows.where(chosen)
    if not len(rows):
        if len(whole.rows):
            missing("The filters leave no read to look at.", "Loosen them.")
        else:
            missing("Nothing was read in this study, by readers or by an AI.", "Copy the study to have it read.")
        st.stop()
    results = whole if rows is whole.rows else _filtered(stamp, practice, str(chosen), whole, rows)
    return View(results, chosen, narrow())


def _study(account_id: int) -> int:
    with open_view() as session:
        choices = analysis.choices(session, by=account_id)
    if not choices:
        missing("There is no study yet.", "Make one on the page Studies; its results appear here once it is unblinded.")
        st.stop()
    names = {one.id: f"{one.id}: {one.title} ({one.state})" for one in choices}
    first = next((one.id for one in choices if one.unblinded), choices[0].id)
    asked = st.query_params.get("study", "")
    if asked and asked not in {str(one) for one in names}:
        st.warning(
            f"The address names study {asked[:20]}, which does not exist here; another one is shown. Choose below."
        )
    chosen: int = st.selectbox(
        "Study",
        list(names),
        key=_in_address("study", list(names), first),
        format_func=names.__getitem__,
        label_visibility="collapsed",
        persist_state="session",
    )
    st.query_params["study"] = st.session_state["study_address"] = str(chosen)
    return chosen


def _in_address(key: str, known: list[int], first: int) -> str:
    """Set a widget from the address where that has changed since it was written; return the widget's key.

    Streamlit's own binding would write the study's title into the address, and nothing for the newest study, so that
    an address sent today would show another study tomorrow.
    """
    asked = st.query_params.get(key, "")
    given = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    if asked and asked != st.session_state.get(f"{key}_address") and given in known:
        st.session_state[key] = given
    elif st.session_state.get(key) not in known:
        st.session_state[key] = first
    return key


def _filters(rows: StudyRows) -> Filter:
    study = rows.study
    tags = sorted({tag for case in study.cases for tag in case.tags})
    arms, sessions = rows.arms, rows.sessions
    with (
        st.expander("Filters", icon=":material/filter_alt:", expanded=_any_in_address()),
        st.container(horizontal=True),
    ):
        groups = _many("Groups", list(study.groups), "group")
        classes = _many("True class", [one.code for one in study.classes], "class", study)
        arm = _many("Arms", arms, "arm") if len(arms) > 1 else []
        session = _many("Sessions", [str(one) for one in sessions], "session") if len(sessions) > 1 else []
        tag = _many("Case tags", tags, "tag") if tags else []
        practice = st.toggle("Practice reads too", key="practice", bind="query-params")
        st.segmented_control(
            "Pictures", PICTURES, default=PICTURES[0], required=True, key="pictures", persist_state="session",
            help="What the camera above a chart saves",
        )  # fmt: skip
    whole = tuple(groups), tuple(arm), tuple(int(one) for one in session), tuple(classes), tuple(tag)
    return Filter(*whole, practice=practice)


def _many(label: str, options: list[str], key: str, study: StudyFacts | None = None) -> list[str]:
    chosen: list[str] = st.multiselect(
        label,
        options,
        key=key,
        bind="query-params",
        format_func=study.label if study else str,
        placeholder="all",
        width=220,
    )
    return chosen


def _any_in_address() -> bool:
    return any(name in st.query_params for name in ("group", "class", "arm", "session", "tag", "practice"))
