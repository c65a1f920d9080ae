"""Take the study away: long CSV, JSON, iMRMC, RJafroc, and the report."""

from collections.abc import Callable, Iterator
from typing import get_args

import streamlit as st

from core import clock
from core.errors import ParallaxError
from core.report.document import report_html
from core.report.export import csv_pieces, json_pieces
from core.report.mrmc_export import Compare, Program, mrmc_pieces
from core.report.rows import StudyRows
from db import analysis
from db.engine import open_view
from pages.components.access import require
from pages.components.filters import results_view

COMPARED: dict[Compare, str] = {"ai": "AI and readers, unaided", "arms": "unaided and aided"}
NAMES: dict[Program, str] = {"imrmc": "iMRMC", "rjafroc": "RJafroc"}


def page() -> None:
    """Offer the files; each is made when its button is pressed."""
    view = results_view("Export", "One row a read, with labels and pseudonyms; no names, no internal ids.")
    account = require("coordinator")
    study = view.study

    def detailed() -> StudyRows:
        with open_view() as session:
            rows = analysis.rows(
                session, study_id=study.id, account_id=account.id, practice=view.chosen.practice, detail=True
            )
        return rows.where(view.chosen)

    st.subheader("Every read")
    st.caption("`python -m core analyse FILE.csv` gives the figures of these pages again. The filters above apply.")
    with st.container(horizontal=True):
        _button("Long CSV", "csv", "text/csv", lambda: csv_pieces(detailed()), study.id)
        _button("JSON", "json", "application/json", lambda: json_pieces(detailed()), study.id)
    _programs(view.rows)
    _report(study.id, account.id)


def _programs(rows: StudyRows) -> None:
    study = rows.study
    st.subheader("For MRMC programs")
    positive: str = st.segmented_control(
        "Class against the rest",
        list(study.codes),
        default=study.codes[-1],
        required=True,
        format_func=study.label,
        key="export_positive",
    )
    compare: Compare = st.segmented_control(
        "Compared",
        list(COMPARED),
        default="ai",
        required=True,
        format_func=lambda one: COMPARED[one],
        key="export_compared",
    )
    for program in get_args(Program):
        _program(rows, program, positive, compare)
    st.caption(
        "iMRMC reads files with missing reads. RJafroc's numeric file (DfReadDataFile, format iMRMC) holds only cases "
        "that everybody rated; the AI is reader 0, first, as its analysis of an AI against radiologists expects."
    )


def _program(rows: StudyRows, program: Program, positive: str, compare: Compare) -> None:
    def pieces() -> Iterator[str]:
        return mrmc_pieces(rows, program=program, positive=positive, compare=compare)

    try:
        next(pieces())
    except ParallaxError as error:
        st.caption(f"{NAMES[program]}: {error}")
        return
    _button(f"{NAMES[program]} file", "imrmc", "text/plain", pieces, f"{rows.study.id}-{program}-{positive}")


def _report(study_id: int, account_id: int) -> None:
    st.subheader("Report")
    st.caption("One self-contained HTML file that prints to PDF: protocol, flow, figures, statistics, checklists.")

    def made() -> bytes:
        with open_view() as session:
            rows = analysis.rows(session, study_id=study_id, account_id=account_id, detail=True)
            story = analysis.story(session, study_id=study_id, account_id=account_id)
        return report_html(rows, story, at=clock.now()).encode()

    st.download_button(
        "Report (HTML)", made, file_name=f"study-{study_id}-report.html", mime="text/html", key="export_report",
        on_click="ignore", icon=":material/description:",
    )  # fmt: skip


def _button(label: str, ending: str, mime: str, pieces: Callable[[], Iterator[str]], name: object) -> None:
    st.download_button(
        label,
        lambda: b"".join(piece.encode() for piece in pieces()),
        file_name=f"study-{name}.{ending}",
        mime=mime,
        key=f"export_{label}",
        on_click="ignore",
        icon=":material/download:",
    )


page()
