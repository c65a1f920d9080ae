"""The upload of cases: transfer, reading, choice of series, storing. File names go to the encrypted register only."""

import base64
from collections.abc import Callable

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import ParallaxError
from core.imaging.header import NOT_DICOM
from core.imaging.intake import Found, Intake, Listed, ReadingStopped
from core.jobs import queue
from core.services.background import Outcome
from core.services.storing import Storing
from core.settings import settings
from db.accounts import Account
from pages.components.working import report, watch

SCAN = "cases_scan"
STORING = "cases_storing"
STORED = "cases_stored"
ROUND = "cases_round"
PICTURED = 24  # series of an upload that are shown with a picture before they are stored
ROW = 76  # pixels of a row with a picture


def upload(account: Account) -> None:
    """Take files, list the series found in them, store the chosen ones as cases and queue their AI reads."""
    with st.expander("Upload cases", expanded=True, icon=":material/upload:"):
        number = st.session_state.setdefault(ROUND, 0)
        files = _choose_files(number)
        if STORING in st.session_state:
            watch(
                STORING,
                STORED,
                "You may leave this page: the storing goes on, and the cases appear in the library below.",
            )
            return
        _report_stored()
        if not files:
            _let_go()
            return
        found = _scan(files)
        if found is None:
            return
        _rejections(found)
        if not found.series:
            st.error("No chest CT series was found in this upload. See the reasons above, mend them and upload again.")
            return
        chosen = _choose_series(found)
        label = f"Store {len(chosen)} series" if len(chosen) != 1 else "Store 1 series"
        if st.button(label, type="primary", key="cases_store", disabled=not chosen):
            intake: Intake = st.session_state.pop(SCAN)[1]  # the thread closes it
            st.session_state[STORING] = Storing(intake, chosen, account.id, queue.enqueue).start()
            st.session_state[ROUND] = number + 1  # an empty uploader: the files' memory is free again
            st.rerun()


def _choose_files(number: int) -> list[UploadedFile]:
    how = st.segmented_control(
        "What do you upload?",
        ["Files or a zip", "A folder"],
        default="Files or a zip",
        required=True,
        key="cases_how",
        help="DICOM with any name, zip with folders in it, or NIfTI (.nii, .nii.gz). Several series at once are fine.",
    )
    folder = how == "A folder"
    return st.file_uploader(
        "Drop the folder here, or choose it" if folder else "Drop a zip, DICOM files or NIfTI here, or choose them",
        accept_multiple_files="directory" if folder else True,
        key=f"cases_files_{how}_{number}",
        max_upload_size=settings().max_upload_mb,
    )


def _scan(files: list[UploadedFile]) -> Found | None:
    """Return the series in the files, read once for each set of files."""
    ids = tuple(file.file_id for file in files)
    known = st.session_state.get(SCAN)
    if known and known[0] == ids:
        return known[2]  # type: ignore[no-any-return]
    _let_go()
    intake = Intake(files, strict=settings().refuse_burned_in)
    bar = st.progress(0.0, text="Reading the files …")

    def tell(done: int, total: int) -> None:
        if done % 10 == 0 or done == total:  # each call is a message to the browser
            bar.progress(done / max(total, 1), text=f"Read file {done} of {total}")

    try:
        found = intake.scan(tell)
        found, pictures = _pictured(intake, found, bar.progress)
    except ParallaxError as error:
        intake.close()
        st.error(str(error))
        return None
    finally:
        bar.empty()
    st.session_state[SCAN] = (ids, intake, found, pictures)
    return found


def _pictured(intake: Intake, found: Found, tell: Callable[..., object]) -> tuple[Found, list[str | None]]:
    """Return the series, and a picture of each of the first ones as a data address; None where none can be made."""
    pictures: list[str | None] = []
    some = found.series[:PICTURED]
    for done, series in enumerate(some):
        tell(done / len(some), text=f"Picture of series {done + 1} of {len(some)}")
        try:
            pictures.append("data:image/webp;base64," + base64.b64encode(intake.picture(series.key)).decode())
        except ReadingStopped:
            return intake.scan(), pictures  # the process ended with that picture; a new one stores the series
        except ParallaxError:
            pictures.append(None)  # storing it will say why
    return found, pictures


def _let_go() -> None:
    """End the process that reads the upload, if there is one."""
    known = st.session_state.pop(SCAN, None)
    if known:
        known[1].close()


def _rejections(found: Found) -> None:
    if not found.rejected:
        return
    title = "1 thing was left out" if len(found.rejected) == 1 else f"{len(found.rejected)} things were left out"
    lost = any(rejection.reason != NOT_DICOM for rejection in found.rejected)  # images, not notes and tables
    with st.expander(title, expanded=lost or not found.series, icon=":material/block:"):
        for rejection in found.rejected[:50]:
            name = rejection.origin.replace("`", "'")
            st.markdown(f"- **{rejection.place}** (`{name}`): {rejection.reason}" if name else f"- **{rejection}**")
        if len(found.rejected) > 50:
            st.caption(f"… and {len(found.rejected) - 50} more of the same kind.")


def _choose_series(found: Found) -> list[Listed]:
    pictures: list[str | None] = st.session_state[SCAN][3]
    rows = [
        {
            "Take": series.preselected,
            "Picture": pictures[place - 1] if place <= len(pictures) else None,
            "Series": place,
            "Slices": series.slices,
            "Thickness (mm)": series.thickness_mm,
            "Kernel": series.kernel or "not stated",
            "Orientation": series.orientation,
            "Covers (mm)": round(series.coverage_mm),
            "From": series.place,
        }
        for place, series in enumerate(found.series, start=1)
    ]
    st.caption(
        "Ticked for each patient is the series that suits reading best: axial, thin, soft kernel, covering the lungs. "
        "The choice is yours."
    )
    edited = st.data_editor(
        rows,
        key="cases_series",
        hide_index=True,
        row_height=ROW if any(pictures) else None,
        column_config={"Picture": st.column_config.ImageColumn(width="medium")},
        disabled=["Picture", "Series", "Slices", "Thickness (mm)", "Kernel", "Orientation", "Covers (mm)", "From"],
    )
    for place, series in enumerate(found.series, start=1):
        for warning in series.warnings:
            st.warning(f"Series {place}: {warning}")
    return [series for series, row in zip(found.series, edited, strict=True) if row["Take"]]


def _report_stored() -> None:
    stored: list[Outcome] = st.session_state.get(STORED, [])
    if not stored:
        return
    report(STORED, "stored. The AI reads in the background; you may leave this page.")
    if any(outcome.case for outcome in stored):
        st.markdown("Which file became which case is kept, encrypted, in the **case register** below.")
        if st.button("Go to the studies", key="cases_go_on", icon=":material/arrow_forward:"):
            st.session_state.pop(STORED, None)
            st.switch_page("coordinator/studies.py")
