"""The library of cases: a page of them with pictures, how the AI stands on each, and what can be done with some."""

from collections.abc import Sequence

import streamlit as st

from core import clock
from core.jobs import queue
from db import cases, library
from db.accounts import Account
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.cases import CaseInfo
from db.engine import Session, open_view
from db.library import Order, Shelf
from pages.components.acting import act, say
from pages.components.pictures import PICTURE, ROW, picture_address
from pages.components.reading import library_case

REFRESH = 2.0  # seconds between looks at the jobs while some are unfinished
A_PAGE = 50


def show(account: Account) -> None:
    """Show the library; below it, what can be done with the cases that are ticked."""
    with open_view() as session:
        everything = library.shelf(session, by=account.id, count=1).total
    if not everything:
        return
    say()
    st.subheader(f"Library: {everything} {'case' if everything == 1 else 'cases'}")
    search, order, page = _asked(everything)
    busy = bool(queue.unfinished())
    st.fragment(_table, run_every=REFRESH if busy else None)(account, search, order, page, busy=busy)


def _asked(everything: int) -> tuple[str, Order, int]:
    left, middle, right = st.columns([3, 2, 1], vertical_alignment="bottom")
    search = left.text_input(
        "Search", key="library_search", placeholder="Case number, tag, kernel or scanner", icon=":material/search:"
    )
    order = Order(middle.selectbox("Sort", list(Order), key="library_order", format_func=str) or Order.NEWEST)
    pages = max(1, -(-everything // A_PAGE))
    page = 1
    if pages > 1:
        page = int(right.number_input(f"Page of {pages}", 1, pages, key="library_page"))
    return search, order, page - 1


def _table(account: Account, search: str, order: Order, page: int, *, busy: bool) -> None:
    with open_view() as session:
        found = library.shelf(session, by=account.id, search=search, order=order, first=page * A_PAGE, count=A_PAGE)
        if not found.cases and page:
            found = library.shelf(session, by=account.id, search=search, order=order, count=A_PAGE)
        model = ai_models.default(session)
        series = [case.series_id for case in found.cases]
        reads = ai_reads.states(session, series, model.id, "paper", by=account.id) if model else {}
    jobs = queue.jobs([series_id for series_id in series if series_id not in reads])
    if busy and not queue.unfinished():
        st.rerun()  # the last job ended: the page stops refreshing
    if not found.cases:
        st.info("No case matches. Shorten the search, or clear it.", icon=":material/search_off:")
        return
    _count(found, search)
    chosen = st.dataframe(
        [_row(case, jobs.get(case.series_id), reads.get(case.series_id)) for case in found.cases],
        key="cases_library",
        hide_index=True,
        placeholder="",
        row_height=ROW,
        height=min(ROW * len(found.cases) + 40, 640),
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Picture": PICTURE,
            "AI progress": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent"),
        },
    )
    if model is None:
        st.warning("No AI model is registered yet: the worker registers the shipped one when it starts.")
    else:
        what = ", a research demonstration" if model.origin == "shipped" else ""
        st.caption(f"AI: {model.name} {model.version}{what}; calls stay hidden here.")
    rows = [row for row in chosen.selection.rows if row < len(found.cases)]
    _acts(account, [found.cases[row] for row in rows])


def _count(found: Shelf, search: str) -> None:
    if found.total > len(found.cases) or search:
        st.caption(f"{len(found.cases)} of {found.total} {'matching ' if search else ''}cases are shown.")


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
        "Picture": picture_address(case),
        "Case": case.number,
        "Slices": depth,
        "Size": f"{columns} x {rows}, a slice every {case.spacing_mm[0]:.2g} mm, pixels of {case.spacing_mm[1]:.2g} mm",
        "Kernel": case.attributes.get("kernel") or "not stated",
        "Sex": case.attributes.get("sex") or "",
        "Age": case.attributes.get("age"),
        "Tags": ", ".join(case.tags),
        "AI": state,
        "AI progress": share,
        "Added (UTC)": case.created_at.strftime("%Y-%m-%d %H:%M"),
    }


def _acts(account: Account, chosen: Sequence[CaseInfo]) -> None:
    """Offer what can be done with the ticked cases: look, tag, read again, withdraw."""
    if not chosen:
        st.caption("Tick cases on the left to look at one, tag, read again or withdraw them.")
        return
    what = f"case {chosen[0].number}" if len(chosen) == 1 else f"{len(chosen)} cases"
    with st.container(border=True):
        st.markdown(f"**{what[:1].upper()}{what[1:]}**")
        first, tags, second = st.columns([2, 3, 2], vertical_alignment="bottom")
        look = len(chosen) == 1 and first.toggle("Show the images", key="cases_look")
        words = tags.text_input(
            "Tags, separated by commas",
            ", ".join(chosen[0].tags) if len(chosen) == 1 else "",
            key=f"cases_tags_{'_'.join(str(case.number) for case in chosen[:20])}",
            help="Short words for subgroups, such as thin or centre A. Never names or dates."
            + (" They are added to those the cases have." if len(chosen) > 1 else ""),
        )
        if second.button("Save tags", key="cases_save_tags", width="stretch"):
            act(lambda session: _tag(session, chosen, words, account))
            st.rerun()
        again, gone, record = st.columns([2, 2, 3])
        if again.button("Have the AI read again" if len(chosen) == 1 else "Have the AI read them", key="cases_again"):
            act(lambda session: _ask(session, chosen), done="Queued")
            st.rerun()
        if gone.button("Withdraw from the library", key="cases_withdraw"):
            act(lambda session: _withdraw(session, chosen, account), done="Withdrawn")
            st.rerun()
        if len(chosen) == 1:
            with record:
                _deidentified(chosen[0])
    if look:
        library_case(chosen[0], bindings=account.preferences.get("bindings", {}))


def _tag(session: Session, chosen: Sequence[CaseInfo], words: str, account: Account) -> None:
    if len(chosen) == 1:
        cases.set_tags(session, chosen[0].id, words.split(","), by=account.id, at=clock.now())
    else:
        library.add_tags(session, [case.id for case in chosen], words.split(","), by=account.id, at=clock.now())


def _ask(session: Session, chosen: Sequence[CaseInfo]) -> None:
    model = ai_models.default(session)
    if model is not None:
        for case in chosen:
            queue.enqueue(session, series_id=case.series_id, model_name=model.name, model_version=model.version)


def _withdraw(session: Session, chosen: Sequence[CaseInfo], account: Account) -> None:
    for case in chosen:
        cases.set_withdrawn(session, case.id, withdrawn=True, by=account.id, at=clock.now())


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
