"""System: the queue, the workers, the space that is left, and what failed."""

from functools import partial

import streamlit as st

from core import clock
from core.jobs.system import Disk, Installation, installation, retry
from db.accounts import Account
from pages.components.access import require
from pages.components.acting import act, say

MB, GB = 1024**2, 1024**3
LOW = 0.1  # share of a disk; below it the page warns


def page() -> None:
    """Show how the installation is now; a failed AI read can be asked for again."""
    me = require()
    st.title("System")
    say()
    now = clock.now()
    found = installation(by=me.id, at=now)
    st.caption(f"As of {now:%Y-%m-%d %H:%M:%S} UTC. `/api/metrics` has the same figures for Prometheus.")
    if st.button("Look again", key="system_again", icon=":material/refresh:"):
        st.rerun()
    _queue(found)
    _workers(found)
    _failures(me, found)
    _space(found)
    st.subheader("Versions")
    st.dataframe([{"what": a, "version": b} for a, b in found.versions], key="system_versions", hide_index=True)


def _size(count: int) -> str:
    return f"{count / GB:.1f} GB" if count >= GB else f"{count / MB:.1f} MB"


def _queue(found: Installation) -> None:
    st.subheader("AI reads")
    running = sum(job.state == "running" for job in found.waiting)
    seconds = found.state.ai_seconds
    cells = st.columns(5)
    cells[0].metric("Waiting", len(found.waiting) - running)
    cells[1].metric("Running", running)
    cells[2].metric("Last hour", found.state.ai_last_hour)
    cells[3].metric("Mean of a read", "–" if seconds is None else f"{seconds:.0f} s")
    cells[4].metric("Done by", f"{found.finish:%H:%M} UTC" if found.finish else "–")
    for job in found.waiting[:10]:
        if job.state == "running":
            st.progress(job.done / job.total if job.total else 0.0, f"Series {job.series_id}: {job.stage or 'begins'}")
    if found.waiting and found.finish is None:
        st.caption("No read was finished in the last hour, so there is no pace to tell the end from.")


def _workers(found: Installation) -> None:
    st.subheader("Workers")
    if not found.state.workers:
        st.info("No worker was ever seen. `python -m core worker` starts one.")
        return
    rows = [
        {
            "worker": worker.name,
            "device": worker.device,
            "state": "at work" if worker.alive else "silent",
            "last sign of life (UTC)": f"{worker.beat_at:%Y-%m-%d %H:%M:%S}",
        }
        for worker in found.state.workers
    ]
    st.dataframe(rows, key="system_workers", hide_index=True)
    if not any(worker.alive for worker in found.state.workers):
        st.warning("No worker is at work. What waits is read as soon as one starts; nothing is lost.")


def _failures(me: Account, found: Installation) -> None:
    st.subheader("What failed")
    if not found.failed and not found.state.failures:
        st.caption("Nothing.")
        return
    for job in found.failed:
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.markdown(f"Series {job.series_id}, {job.model_name} {job.model_version}")
        left.text(job.why[:500])
        if right.button("Try again", key=f"system_retry_{job.id}", icon=":material/replay:"):
            act(partial(retry, job=job, by=me.id, at=clock.now()), done="Asked for again")
            st.rerun()
    if found.state.failures:
        st.caption("AI reads that ended without a call. They count as failures of the AI and stay as they are.")
        rows = [
            {
                "case": failure.case_number,
                "AI": failure.model,
                "why": failure.why,
                "at (UTC)": f"{failure.at:%Y-%m-%d %H:%M}",
            }
            for failure in found.state.failures
        ]
        st.dataframe(rows, key="system_failures", hide_index=True)


def _space(found: Installation) -> None:
    st.subheader("Database and space")
    state = found.state
    st.markdown(
        f"{state.database}, {_size(state.database_bytes)} · {state.accounts} accounts, {state.studies} studies "
        f"({state.open_studies} open), {state.cases} cases, {state.locked_reads} locked reads, "
        f"{state.ai_reads} AI reads"
    )
    for disk in found.disks:
        _disk(disk)


def _disk(disk: Disk) -> None:
    if disk.free is None or not disk.total:
        st.markdown(f"{disk.what}: `{disk.place}`, an object store; its space is not known here.")
        return
    share = disk.free / disk.total
    said = f"{disk.what}: {disk.free / GB:.1f} of {disk.total / GB:.1f} GB are free (`{disk.place}`)"
    st.progress(1 - share, said)
    if share < LOW:
        st.warning(f"Little space is left for {disk.what.lower()}. Make room before more is uploaded.")


page()
