"""Every figure per class (the paper's table 3), of all classes together, and of other runs of the AI (its table 2)."""

import streamlit as st

from core.results.gaps import metrics_gaps
from core.results.panels.metrics import ablation_table
from core.results.panels.mrmc import PAIRED, class_table, pair_table, whole_table
from core.results.rows import AI
from db.engine import open_view
from db.results import rows as analysis
from pages.components.access import require
from pages.components.filters import results_view
from pages.components.tables import missing, say, show_table
from pages.coordinator.results.analysed import analysed

WILSON = "Percent with Wilson 95 % interval. PPV, NPV and FDR hold at the prevalence of this study."


def page() -> None:
    """Show the tables."""
    view = results_view(
        "Metrics", "Figures per class for the AI and each reader, as the paper's tables 2 and 3 have them."
    )
    found, study = analysed(view), view.study
    names = [f"{one.reader}, {one.arm}" if one.arm else one.reader for one in found.readers]
    say(metrics_gaps(view.rows, found))
    st.subheader("Per class")
    chosen = st.selectbox("Whose", names, key="who", bind="query-params")
    one = found.readers[names.index(chosen)]
    note = f"{one.n} reads of {chosen}, {one.missing} missing. {WILSON}"
    if one.group == AI:
        note += " The AI is a research demonstration."
    show_table(class_table(study, one), key="classes", note=note)
    st.subheader("All classes together")
    note = "Accuracy: Wilson. Balanced accuracy, macro F1, kappa with the truth: jackknife over cases, normal."
    show_table(whole_table(study, found), key="whole", note=note)
    if found.ai_with_each_reader:
        st.subheader("AI against each reader")
        show_table(pair_table(study, found), key="pairs", note=PAIRED)
    st.subheader("Other runs of the AI on these cases")
    _ablation(view.study.id)
    for note in found.notes:
        st.caption(note)


def _ablation(study_id: int) -> None:
    account = require("coordinator")
    with open_view() as session:
        runs = analysis.ai_runs(session, study_id=study_id, account_id=account.id)
    if not runs:
        missing(
            "No AI has read these cases.",
            "Runs of other rules or versions on the same cases appear here by themselves.",
        )
        return
    note = "Wilson 95 % intervals; a run may have read fewer cases. The run of this study is marked."
    show_table(ablation_table(runs), key="ablation", note=f"{note} The AI is a research demonstration.")


page()
