"""How the reading goes, without a word about who is right."""

from datetime import datetime

import streamlit as st

from core import clock
from core.services.mail import Mail
from core.study.letters import reminder
from core.study.words import StudyState
from db.accounts import Account
from db.engine import open_view
from db.permissions import Right, rights
from db.study import info as study_info
from db.study import monitor, quality
from db.study.info import ReaderInfo, StudyInfo
from db.study.monitor_cells import PAGE, cells
from db.study.monitor_types import Cell, ReaderProgress, StudyProgress
from db.study.quality import ReadQuality
from pages.components import places
from pages.coordinator.study_steps import mailing, steps_of_life
from pages.routes import addresses

MANY = 20_000  # reads; looking closely at more of them takes seconds
MARKS = {"done": "●", "part": "◐", "open": "○", "none": "·"}


def show(me: Account, study: StudyInfo) -> None:
    """Show completeness, pace, outliers and drop-outs, and what a coordinator can do about them."""
    with open_view() as session:
        found = monitor.progress(session, study.id, at=clock.now(), by=me.id)
        careful = quality.quality(session, study.id, by=me.id) if _wanted(found) else []
        manages = Right.MANAGE in rights(session, study.id, me.id)
        # observers see pseudonyms only
        known = study_info.readers(session, study.id, by=me.id) if manages else []
        people = {reader.id: reader for reader in known}
    if not found.cells:
        st.info("Nothing to watch yet: the reading orders are made when the study opens.")
        return
    _totals(study, found)
    st.subheader("Readers")
    st.dataframe(
        [_reader_row(reader, people.get(reader.reader_id)) for reader in found.readers],
        key="monitor_readers",
        hide_index=True,
        placeholder="",
        column_config={
            "Median (s)": st.column_config.NumberColumn(format="%.1f", help="Active reading time of a read"),
            "Reads a day": st.column_config.NumberColumn(format="%.1f"),
            "Finish": st.column_config.TextColumn(help="At this pace"),
        },
    )
    new = [person for person in people.values() if not person.has_password]
    if new and study.state == StudyState.OPEN:
        names = ", ".join(reader.name for reader in new)
        st.info(f"No password yet: {names}. Send them their invitations; the step Readers makes new links.")
    if notes := [f"{reader.pseudonym} {reader.note}" for reader in found.readers if reader.note]:
        st.caption("  \n".join(notes))  # joined and withdrawn, when and why
    silent = [reader for reader in found.readers if reader.silent]
    if silent and study.state == StudyState.OPEN:
        names = ", ".join(_named(reader, people.get(reader.reader_id)) for reader in silent)
        st.warning(f"No read for a week with work left: {names}. Remind them, or withdraw who has dropped out.")
    _quality(careful)
    _cells(me, study, found)
    _outliers(found)
    _made_again(found)
    if not manages:
        return
    if study.state == StudyState.OPEN:
        _reminders(me, study, found, people)
        steps_of_life.resets(me, study, found)
        steps_of_life.withdraw(me, found, people)
        steps_of_life.close(me, study, found, careful)
    elif study.state == StudyState.CLOSED:
        steps_of_life.unblind(me, study)
    else:
        st.success("Unblinded: the results can be seen.")
        if st.button("See the results", key="monitor_results", type="primary", icon=":material/arrow_forward:"):
            places.go("results", study.id)


def _totals(study: StudyInfo, found: StudyProgress) -> None:
    left, middle, right = st.columns(3)
    left.metric("Reads locked", f"{found.locked} of {found.total}")
    middle.metric("Readers who have begun", sum(reader.started and not reader.withdrawn for reader in found.readers))
    last = max((reader.finish for reader in found.readers if reader.finish and not reader.withdrawn), default=None)
    if found.total and found.locked == found.total:
        right.metric("Done at this pace", "all read")
    else:
        right.metric("Done at this pace", _day(last) if last else "too early to say")
    if found.total:
        st.progress(found.locked / found.total)
    if study.state != StudyState.UNBLINDED:
        st.caption("Accuracy is sealed until the study is closed and unblinded; nothing here was computed from it.")


def _named(progress: ReaderProgress, person: ReaderInfo | None) -> str:
    return progress.pseudonym if person is None else f"{person.name} ({progress.pseudonym})"


def _reader_row(progress: ReaderProgress, person: ReaderInfo | None) -> dict[str, object]:
    state = (
        "withdrawn"
        if progress.withdrawn
        else "silent"
        if progress.silent
        else "reading"
        if progress.started
        else "not begun"
    )
    return {
        "Reader": progress.pseudonym,
        **({} if person is None else {"Name": person.name}),
        "Group": progress.group,
        "State": "finished" if progress.locked == progress.total and not progress.withdrawn else state,
        "Locked": progress.locked,
        "Of": progress.total,
        "Median (s)": progress.median_seconds,
        "Reads a day": progress.per_day,
        "Minutes left": progress.minutes_left,
        "Finish": _day(progress.finish) if progress.finish else "",
        "Last lock (UTC)": progress.last_lock.strftime("%Y-%m-%d %H:%M") if progress.last_lock else "",
    }


def _wanted(found: StudyProgress) -> bool:
    """Tell whether the quality of reads is looked at: it opens every read, so a large study does it when asked."""
    if found.locked <= MANY:
        return True
    return st.toggle(f"Look at the quality of all {found.locked} reads (takes a while)", key="monitor_look_closely")


def _quality(careful: list[ReadQuality]) -> None:
    """Show how the reads were made, where something about it is worth a question."""
    shown = [reader for reader in careful if reader.stands_out]
    if not shown:
        return
    st.subheader("Read quality")
    st.caption(
        "From the reading clock and what was on the screen, never from answers. Drift: the median time of the last "
        "third of reads over that of the first."
    )
    st.dataframe(
        [
            {
                "Reader": reader.pseudonym,
                f"Under {reader.seconds} s": f"{reader.too_fast} of {reader.reads}",
                "Under a quarter of the slices": f"{reader.few_slices} of {reader.counted}"
                if reader.counted
                else "not recorded",
                "Rating against diagnosis": f"{reader.contradicting} of {reader.reads}",
                "Drift": f"×{reader.drift:.2f}" if reader.drift is not None else "too few reads",
            }
            for reader in shown
        ],
        key="monitor_quality",
        hide_index=True,
    )


def _cells(me: Account, study: StudyInfo, found: StudyProgress) -> None:
    st.subheader("Cases")
    names = {reader.reader_id: reader.pseudonym for reader in found.readers}
    rows: dict[tuple[bool, int], dict[str, object]] = {}
    for cell in _page_of_cells(me, study, found):
        key = (not cell.practice, cell.case_number)
        row = rows.setdefault(key, {"Case": f"{cell.case_number}{' (practice)' if cell.practice else ''}"})
        row[names[cell.reader_id]] = _mark(cell)
    st.caption("● locked · ◐ partly · ○ on the screen · a dot: not begun · ↺ made again")
    st.dataframe([rows[key] for key in sorted(rows)], key="monitor_cells", hide_index=True)


def _page_of_cells(me: Account, study: StudyInfo, found: StudyProgress) -> tuple[Cell, ...]:
    """Return the cells of the page of cases that is looked at; a small study has one page."""
    pages = -(-found.cases // PAGE)
    if pages <= 1:
        return found.cells
    page = int(st.number_input(f"Page of {pages}, {PAGE} cases each", 1, pages, key="monitor_cells_page"))
    if page == 1:
        return found.cells
    with open_view() as session:
        return cells(session, study.id, by=me.id, skip=(page - 1) * PAGE)


def _mark(cell: Cell) -> str:
    state = "done" if cell.locked == cell.total else "part" if cell.locked else "open" if cell.open else "none"
    return MARKS[state] + " ↺" * bool(cell.resets)


def _outliers(found: StudyProgress) -> None:
    if not found.outliers:
        return
    st.subheader("Times that stand out")
    st.caption(
        "Worth a question to the reader, no proof of anything. Active time leaves pauses, idling and hidden tabs out."
    )
    st.dataframe(
        [
            {
                "Reader": outlier.pseudonym,
                "Case": outlier.case_number,
                "Arm": outlier.arm,
                "Session": outlier.session,
                "What": outlier.kind,
                "Active (s)": round(outlier.active_seconds, 1),
                "Raw (s)": round(outlier.raw_seconds, 1),
            }
            for outlier in found.outliers
        ],
        key="monitor_outliers",
        hide_index=True,
    )


def _made_again(found: StudyProgress) -> None:
    if not found.made_again:
        return
    st.subheader("Reads made again")
    st.caption("The attempts before these are superseded: stored, reported as deviations, in no figure.")
    st.dataframe(
        [
            {
                "Reader": read.pseudonym,
                "Case": read.case_number,
                "Arm": read.arm,
                "Session": read.session,
                "Attempt": read.attempt,
                "Asked for (UTC)": read.at.strftime("%Y-%m-%d %H:%M"),
                "Reason": read.reason,
            }
            for read in found.made_again
        ],
        key="monitor_made_again",
        hide_index=True,
    )


def _reminders(me: Account, study: StudyInfo, found: StudyProgress, people: dict[int, ReaderInfo]) -> None:
    due = [reader for reader in found.readers if reader.locked < reader.total and not reader.withdrawn]
    if not due:
        return
    mails = [_reminder(study, reader, people[reader.reader_id]) for reader in due]
    with st.expander(f"Reminders ({len(due)})"):
        mailing.offer(me, study, mails, kind="reminders", key=f"study_reminders_{study.id}")
        for letter in mails:
            st.code(letter.text, language=None, wrap_lines=True)


def _reminder(study: StudyInfo, reader: ReaderProgress, person: ReaderInfo) -> Mail:
    text = reminder(
        name=person.name,
        username=person.username,
        title=study.title,
        address=addresses.for_people(),
        left=reader.total - reader.locked,
        minutes=reader.minutes_left,
    )
    return Mail(person.username, f"Your reads in the study “{study.title}”", text)


def _day(moment: datetime) -> str:
    return moment.strftime("%d %b %Y")
