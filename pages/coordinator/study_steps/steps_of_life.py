"""What a coordinator does to a study under way: reset a read, withdraw a reader, close, unblind."""

import streamlit as st

from core import clock
from db.accounts import Account
from db.engine import open_view
from db.reading import reads
from db.reading.resets import ResetEffect
from db.signatures import Act
from db.study import life as study_life
from db.study import readers as study_readers
from db.study.info import ReaderInfo, StudyInfo
from db.study.monitor_cells import locked_reads
from db.study.monitor_types import StudyProgress
from db.study.quality import ReadQuality
from pages.components.acting import act
from pages.components.signing import act_signed, asked


def resets(me: Account, study: StudyInfo, found: StudyProgress) -> None:
    """Let a locked read be made again, with a reason, after saying what falls with it; the old one stays stored."""
    begun = {key.reader_id: key.pseudonym for key in found.readers if key.started}
    if not begun:
        return
    with st.expander("Have a read made again"):
        st.caption("The old read stays stored and is superseded. Only for what went wrong technically; it is reported.")
        reader = st.selectbox("Reader", list(begun), format_func=lambda key: begun[key], key="monitor_reset_reader")
        number = st.number_input("Case", min_value=0, step=1, value=None, key="monitor_reset_case")
        if number is None:
            return
        with open_view() as session:
            locked = locked_reads(session, study.id, reader_id=reader, case_number=number, by=me.id)
        if not locked:
            st.info(f"{begun[reader]} has locked no read of case {number}.")
            return
        names = {read.read_id: f"{read.arm}, session {read.session}" for read in locked}
        chosen = st.selectbox("Read", list(names), format_func=lambda key: names[key], key="monitor_reset_read")
        with open_view() as session:
            effect = reads.reset_effect(session, chosen, by=me.id)
        if effect.refused:
            st.warning(effect.refused)
            return
        _say_effect(effect)
        with st.form("monitor_reset", clear_on_submit=True, border=False):
            reason = st.text_input("Reason", key="monitor_reset_reason", placeholder="such as: the screen failed")
            if st.form_submit_button("Have it made again", key="monitor_reset_save"):
                act(
                    lambda session: reads.reset(session, read_id=chosen, reason=reason, by=me.id, at=clock.now()),
                    done="The reader finds it before the cases not yet read",
                )
                st.rerun()


def _say_effect(effect: ResetEffect) -> None:
    if effect.also:
        fallen = " and ".join(f"the {arm} read of session {number}" for arm, number in effect.also)
        st.warning(
            f"The reader has gone on with this case: {fallen} rests on this one and is superseded too, with the same "
            "reason. It is read again after the washout, counted from the new lock; the other cases go on before."
        )
    elif effect.waits:
        st.info(
            "A later session has begun. It stands still until this case is read again; then it goes on, and this "
            "case comes last there, after its washout."
        )


def withdraw(me: Account, found: StudyProgress, people: dict[int, ReaderInfo]) -> None:
    """Record that a reader has dropped out."""
    names = {
        reader.reader_id: f"{reader.pseudonym} {people[reader.reader_id].name}"
        for reader in found.readers
        if not reader.withdrawn
    }
    if not names:
        return
    with st.expander("Withdraw a reader who has dropped out"):
        st.caption("What they have locked stays and is reported with the drop-out. They cannot come back.")
        # outside the form: a form that is sent without a reason must not fall back to the first reader
        chosen = st.selectbox("Reader", list(names), format_func=lambda key: names[key], key="monitor_withdraw_who")
        with st.form("monitor_withdraw", clear_on_submit=True, border=False):
            reason = st.text_input("Reason", key="monitor_withdraw_reason")
            if st.form_submit_button("Withdraw", key="monitor_withdraw_save"):
                act(
                    lambda session: study_readers.withdraw_reader(
                        session, chosen, reason=reason, by=me.id, at=clock.now()
                    ),
                    done="Withdrawn",
                )
                st.rerun()


def doubts(careful: list[ReadQuality]) -> list[str]:
    """Return what is worth knowing of the reads before the study is closed, a sentence each."""
    reads = sum(quality.reads for quality in careful)
    if not reads:
        return []
    fast, seconds = sum(quality.too_fast for quality in careful), careful[0].seconds
    few, counted = sum(quality.few_slices for quality in careful), sum(quality.counted for quality in careful)
    against = sum(quality.contradicting for quality in careful)
    return [
        *([f"{fast} of {reads} reads took under {seconds} s."] if fast else []),
        *([f"In {few} of {counted} reads under a quarter of the slices were on the screen."] if few else []),
        *([f"In {against} of {reads} reads another diagnosis was rated higher than the one given."] if against else []),
    ]


def close(me: Account, study: StudyInfo, found: StudyProgress, careful: list[ReadQuality]) -> None:
    """Close the study, for good, after saying how the reads were made."""
    left = found.total - found.locked
    with st.expander("Close the study", expanded=not left):
        text = f"{left} reads are still missing. " if left else "Every read is locked. "
        st.write(f"{text}Nothing can be read in a closed study, and it cannot be opened again.")
        if said := doubts(careful):
            st.warning(f"{' '.join(said)} A read can only be made again while the study is open.")
        with st.form("monitor_close", border=False):
            reason = st.text_input("Reason for closing now" if left else "Note (optional)", key="monitor_close_reason")
            password = asked(study, Act.CLOSING, key="monitor_close_password")
            if st.form_submit_button("Close the study", key="monitor_close_save", type="primary"):
                act_signed(
                    me,
                    password,
                    lambda session: study_life.close_study(
                        session, study.id, by=me.id, at=clock.now(), reason=reason, password=password
                    ),
                    done="Closed",
                )
                st.rerun()


def unblind(me: Account, study: StudyInfo) -> None:
    """Unblind the study: logged, and never taken back."""
    with st.container(border=True), st.form("monitor_unblind", border=False):
        st.markdown(
            "**Unblind the study.** From then on its results can be seen, by every coordinator. Who did it, when and "
            "why is logged, and it cannot be taken back."
        )
        reason = st.text_input("Why now", key="monitor_unblind_reason", placeholder="all reads are locked")
        password = asked(study, Act.UNBLINDING, key="monitor_unblind_password")
        if st.form_submit_button("Unblind", key="monitor_unblind_save", type="primary"):
            act_signed(
                me,
                password,
                lambda session: study_life.unblind(
                    session, study.id, by=me.id, at=clock.now(), reason=reason, password=password
                ),
                done="Unblinded",
            )
            st.rerun()
