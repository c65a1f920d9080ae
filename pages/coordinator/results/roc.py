"""ROC: the AI's curve with its rule's operating point, readers' curves and points, and the areas."""

import streamlit as st

from core.results.gaps import roc_gaps
from core.results.panels.roc import area_table, curves_of, roc_chart
from pages.components.charts import show
from pages.components.filters import results_view
from pages.components.tables import say, show_table
from pages.coordinator.results.analysed import analysed


def page() -> None:
    """Draw one class against the rest."""
    view = results_view("ROC", "One class against the rest, from the readers' ratings and the AI's probabilities.")
    found, study = analysed(view), view.study
    positive = next((one.code for one in study.classes if one.positive), study.codes[-1])
    code = st.segmented_control(
        "Class against the rest",
        list(study.codes),
        default=positive,
        required=True,
        format_func=study.label,
        key="positive",
        bind="query-params",
    )
    say(roc_gaps(view.rows, found, code))
    show(roc_chart(study, curves_of(study, found, code), label=study.label(code), key=f"roc-{code}"))
    note = (
        "AUC: empirical with DeLong's interval; of a group the mean of its readers. AI minus reader: DeLong, p also by "
    )
    note += "Holm over the readers of the arm; AI minus group: Hillis 2007, section 5.3."
    show_table(area_table(study, found, code), key="areas", note=f"{note} Exploratory unless prespecified.")


page()
