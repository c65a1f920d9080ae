"""The library of cases, with how the AI stands on each, kept fresh while work is under way."""

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.jobs import queue
from db import cases
from db.accounts import Account
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.cases import CaseInfo
from db.engine import open_session, open_view

REFRESH = 2.0  # seconds between looks at the jobs while some are unfinished


def library(account: Account) -> None:
    """Show every case; below it, what can be done with one."""
    with open_view() as session:
        found = cases.every(session, by=account.id)
    if not found:
        return
    st.subheader(f"Library: {len(found)} {'case' if len(found) == 1 else 'cases'}")
    busy = bool(queue.unfinished())
    st.fragment(_table, run_every=REFRESH if busy else None)(account, busy=busy)
    _change(account, found)


def _table(account: Account, *, busy: bool) -> None:
    with open_view() as session:
        found = cases.every(session, by=account.id)
        model = ai_models.default(session)
        series = [case.series_id for case in found]
        reads = ai_reads.states(session, series, model.id, "paper", by=account.id) if model else {}
    jobs = queue.jobs([one for one in series if one not in reads])
    if busy and not queue.unfinished():
        st.rerun()  # the last job ended: the page stops refreshing
    st.dataframe(
        [_row(case, jobs.get(case.series_id), reads.get(case.series_id)) for case in found],
        key="cases_library",
        hide_index=True,
        placeholder="",
        column_config={"AI progress": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")},
    )
    if model is None:
        st.warning("No AI model is registered yet: the worker registers the shipped one when it starts.")
    else:
        what = ", a research demonstration" if model.origin == "shipped" else ""
        st.caption(f"AI: {model.name} {model.version}{what}; calls stay hidden here.")


def _row(case: CaseInfo, job: queue.Job | None, read: tuple[str | None, int] | None) -> dict[str, object]:
    depth, rows, columns = case.shape
    state, share = "not asked for", 0.0
    if read is not None:
        failure, warnings = read
        state, share = ("read", 1.0) if failure is None else (f"failed: {failure}", 0.0)
        if warnings:
            state += f", {warnings} warning{'s' if warnings > 1 else ''}"
    elif job is not None:
        state = {"waiting": "waiting", "running": job.stage or "starting", "done": "read"}.get(job.state, job.state)
        share = job.done / job.total if job.total else 0.0
    return {
        "Case": case.number,
        "Slices": depth,
        "Matrix": f"{columns} x {rows}",
        "Spacing (mm)": f"{case.spacing_mm[0]:.2f} / {case.spacing_mm[1]:.2f}",
        "Kernel": case.attributes.get("kernel") or "not stated",
        "Sex": case.attributes.get("sex") or "",
        "Age": case.attributes.get("age"),
        "Tags": ", ".join(case.tags),
        "AI": state,
        "AI progress": share,
        "Added (UTC)": case.created_at.strftime("%Y-%m-%d %H:%M"),
    }


def _change(account: Account, found: list[CaseInfo]) -> None:
    with st.expander("Tag, read again or withdraw a case"):
        numbers = {case.number: case for case in found}
        number = st.selectbox("Case", list(numbers), key="cases_change")
        case = numbers[number]
        _deidentified(case)
        tags = st.text_input(
            "Tags, separated by commas",
            ", ".join(case.tags),
            key=f"cases_tags_{number}",
            help="Short words for subgroups, such as thin or centre A. Never names or dates.",
        )
        left, middle, right = st.columns(3)
        try:
            if left.button("Save tags", key="cases_save_tags", width="stretch"):
                with open_session() as session:
                    cases.set_tags(session, case.id, tags.split(","), by=account.id, at=clock.now())
                st.rerun()
            if middle.button("Have the AI read it", key="cases_again", width="stretch"):
                _ask(case)
                st.rerun()
            if right.button("Withdraw from the library", key="cases_withdraw", width="stretch"):
                with open_session() as session:
                    cases.set_withdrawn(session, case.id, withdrawn=True, by=account.id, at=clock.now())
                st.rerun()
        except ParallaxError as error:
            st.error(str(error))


def _deidentified(case: CaseInfo) -> None:
    """Say which elements of the case's header were kept, replaced and removed."""
    record = case.deidentified
    if not record:
        return
    with st.popover("What was removed from its header", icon=":material/shield_person:"):
        st.markdown(f"**Kept**: {', '.join(record['kept']) or 'nothing'}")
        st.markdown(f"**Replaced**: {', '.join(record['replaced']) or 'nothing'}")
        st.markdown(f"**Removed**: {', '.join(record['removed']) or 'nothing'}, {record['private']} private elements")
        st.caption("Names of elements of the first file; their values are not stored.")


def _ask(case: CaseInfo) -> None:
    with open_session() as session:
        model = ai_models.default(session)
        if model is not None:
            queue.enqueue(session, series_id=case.series_id, model_name=model.name, model_version=model.version)
