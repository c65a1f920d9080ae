"""One case in the viewer: what everybody read, what the AI said along the slices, and the truth with its source."""

import streamlit as st

from core.errors import ParallaxError
from core.results.blocks import Table
from core.results.case_reads import case_reads, strip_rows
from db.engine import open_view
from db.permissions import Right
from db.results.case import CaseReview, case_review
from pages.components.access import require_part
from pages.components.charts import csv_button
from pages.components.filters import results_view
from pages.components.reading import review
from pages.components.tables import missing, show_table


def page() -> None:
    """Show the chosen case."""
    view = results_view("Case", "Everybody's read of one case, beside its truth and the AI's output, in the viewer.")
    study = view.study
    rows = view.results.rows
    numbers = sorted({study.cases[case].number for case in rows.case.tolist()})
    number = st.selectbox("Case", numbers, key="case", bind="query-params", format_func=str, width=200)
    account = require_part(Right.RESULTS)
    try:
        with open_view() as session:
            found = case_review(session, study_id=study.id, case_number=number, by=account.id)
        review(study_id=study.id, case_number=number)
    except ParallaxError as error:
        missing(str(error), "Reload the page, or choose another case.")
        st.stop()
    _ai(found)
    st.subheader("Reads of this case")
    note = "As the filters leave them. Active seconds by the server's clock; ratings 0 to 100 per class."
    show_table(Table("case-reads", case_reads(rows, number), note))


def _ai(found: CaseReview) -> None:
    ai = found.ai
    if ai is None:
        missing("The AI has not read this case.", "Choose an AI for the study and let it read the cases.")
    elif ai.call is None:
        missing(f"The AI gave no call: {ai.failure}", "It counts as wrong and has a column of its own.")
    elif not ai.slice_probabilities:
        missing("This AI came without slice scores.", "Its calls were read from a table.")
    else:
        for sentence in ai.warnings:
            st.warning(f"The AI's call is doubtful. {sentence}")
        kept = sum(slice_probability is not None for slice_probability in ai.slice_probabilities)
        with st.container(horizontal=True, gap="small"):
            st.caption(
                f"{ai.model.name} {ai.model.version} read {kept} of {len(ai.slice_probabilities)} slices; the others "
                "lie outside the kept part. Click the strip to go to a slice. Research only; not a medical device.",
                width="stretch",
            )
            rows = strip_rows(found.ai_classes, found.ai_slices)
            csv_button(rows, key=f"slices-case-{found.case.case_number}")


page()
