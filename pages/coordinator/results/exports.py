"""Take the study away: long CSV, JSON, iMRMC, RJafroc, and the report. The files come from routes, in pieces."""

from typing import get_args
from urllib.parse import urlencode

import streamlit as st

from core.errors import ParallaxError
from core.export.files import file_of
from core.export.kinds import Kind
from core.export.mrmc_programs import Compare, Program
from core.results.localised import marked_question
from core.results.rows import Filter, StudyFacts, StudyRows
from pages.components.filters import results_view
from pages.coordinator.results.to_pacs import send_back

COMPARED: dict[Compare, str] = {"ai": "AI and readers, unaided", "arms": "unaided and aided"}
NAMES: dict[Program, str] = {"imrmc": "iMRMC", "rjafroc": "RJafroc"}


def page() -> None:
    """Offer the files; each is made while it is downloaded."""
    view = results_view("Report and export", "One row a read, with labels and pseudonyms; no names, no internal ids.")
    study = view.study
    st.subheader("Every read")
    st.caption(
        "`python -m core analyse FILE.csv` gives the figures of these pages again. The filters above apply. "
        "JSON also has what was kept of each case at upload: age, sex, scanner."
    )
    with st.container(horizontal=True):
        _link("Long CSV", study, "csv", view.chosen)
        _link("JSON", study, "json", view.chosen)
    _programs(view.results.rows, view.chosen)
    if marked_question(view.results.rows):
        _marks(view.results.rows, view.chosen)
    send_back(study.id)
    st.subheader("Report")
    st.caption("One self-contained HTML file that prints to PDF: protocol, flow, figures, statistics, checklists.")
    st.link_button(
        "Report (HTML)", f"/api/studies/{study.id}/report", key="export_report", icon=":material/description:"
    )


def _programs(rows: StudyRows, chosen: Filter) -> None:
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
        format_func=lambda key: COMPARED[key],
        key="export_compared",
    )
    for program in get_args(Program):
        try:
            file_of(rows, program, positive=positive, compare=compare)
        except ParallaxError as error:
            st.caption(f"{NAMES[program]}: {error}")
            continue
        _link(f"{NAMES[program]} file", study, program, chosen, positive=positive, compare=compare)
    st.caption(
        "iMRMC reads files with missing reads. RJafroc's numeric file (DfReadDataFile, format iMRMC) holds only cases "
        "that everybody rated; the AI is reader 0, first, as its analysis of an AI against radiologists expects."
    )


def _marks(rows: StudyRows, chosen: Filter) -> None:
    study = rows.study
    st.subheader("Marks of this finding")
    st.caption(
        "`python -m core froc MARKS.csv --truth LESIONS.csv` (with `--ai NAME` where an AI is among them) gives the "
        "figures of the page Localisation again."
    )
    machines = [person.name for person in study.participants if person.is_ai]
    ways: list[tuple[str, dict[str, str]]] = [(f" with {ai}", {"ai": ai}) for ai in machines] or [("", {})]
    ways += [(", arms", {"compare": "arms"})] if len(rows.arms) > 1 else []
    with st.container(horizontal=True):
        for name, more in ways:
            _link(f"Marks{name}", study, "marks", chosen, **more)
            _link(f"Lesions{name}", study, "lesions", chosen, **more)


def _link(label: str, study: StudyFacts, kind: Kind, chosen: Filter, **more: str) -> None:
    asked = {
        "group": chosen.groups,
        "arm": chosen.arms,
        "session": chosen.sessions,
        "class": chosen.classes,
        "tag": chosen.tags,
        "practice": "1" if chosen.practice else (),
        "finding": study.finding or (),
        **more,
    }
    query = urlencode(asked, doseq=True)
    address = f"/api/studies/{study.id}/export/{kind}"
    st.link_button(label, f"{address}?{query}" if query else address, key=f"export_{label}", icon=":material/download:")


page()
