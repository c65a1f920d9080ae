"""AI models: the versions side by side, their cards, and other algorithms that join by a CSV of their calls."""

import streamlit as st

from core import clock
from core.ai.calls_csv import CallRow, fingerprint, parse
from core.ai.parameters import CLASSES
from core.errors import NotFound, ParallaxError
from db import ai_reads, cases
from db.accounts import Account
from db.ai_reads import ModelInfo, NewCall
from db.engine import open_session, open_view
from pages.components.access import require

NO_PARAMETERS = "csv"  # calls that came as a CSV were made elsewhere; there are no parameters of ours


def page() -> None:
    """List every model with what it has read; show one card; take calls of another algorithm."""
    account = require("coordinator")
    st.title("AI models")
    with open_view() as session:
        models = ai_reads.models(session)
        counts = ai_reads.counts_by_model(session)
        workers = ai_reads.workers(session)
    st.caption(
        "Every version is frozen by the SHA-256 of its weights; a study pins one. The AI shipped with Parallax is a "
        "research demonstration trained on procedural CT, not a medical device."
    )
    if models:
        st.dataframe([_row(model, counts) for model in models], key="models_table", hide_index=True)
        _card(models)
    else:
        _wait_for_models()
    for name, beat, device in workers:
        quiet = (clock.now() - beat).total_seconds()
        state = "at work" if quiet < 60 else f"no sign of life for {quiet / 60:.0f} min; start it again"
        st.caption(f"Worker {name} on {device}: {state}")
    _take_csv(account)


@st.fragment(run_every=2.0)
def _wait_for_models() -> None:
    st.info("No model yet: the worker registers the shipped one when it starts, within a minute.")
    with open_view() as session:
        if ai_reads.models(session):
            st.rerun()


def _row(model: ModelInfo, counts: dict[int, int]) -> dict[str, object]:
    return {
        "Model": model.name,
        "Version": model.version,
        "Kind": "reads images here" if model.kind == "networks" else "calls from a CSV",
        "Weights (SHA-256)": model.sha256[:16],
        "Series read": counts.get(model.id, 0),
        "Training patients known": len(model.manifest),
        "Registered (UTC)": model.created_at.strftime("%Y-%m-%d %H:%M"),
    }


def _card(models: list[ModelInfo]) -> None:
    names = {f"{model.name} {model.version}": model for model in models}
    with st.expander("Model card"):
        chosen = st.selectbox("Model", list(names), key="models_card")
        st.json(names[chosen].card, expanded=True)


def _take_csv(account: Account) -> None:
    with st.expander("Add another algorithm by a CSV of its calls"):
        st.markdown(
            "Columns: `case` (the case number), `call` (" + ", ".join(f"`{c}`" for c in CLASSES) + "; empty where it "
            "failed) and, if there are any, " + ", ".join(f"`prob_{c}`" for c in CLASSES) + " (0 to 1, summing to 1)."
        )
        with st.form("models_csv", clear_on_submit=False):
            left, right = st.columns(2)
            name = left.text_input("Name of the algorithm", key="models_name")
            version = right.text_input("Version", key="models_version")
            file = st.file_uploader("CSV", type=["csv"], key="models_file")
            sent = st.form_submit_button("Take these calls", key="models_take", type="primary")
        if not sent:
            return
        if not (name.strip() and version.strip() and file):
            st.error("Give a name, a version and a CSV file.")
            return
        try:
            data = file.getvalue()
            rows = parse(data)
            _store(account, name.strip(), version.strip(), data, rows)
        except ParallaxError as error:
            st.error(str(error))
            return
        st.success(f"{name} {version}: {len(rows)} calls taken. A study can now pin it.")


def _store(account: Account, name: str, version: str, data: bytes, rows: tuple[CallRow, ...]) -> None:
    at = clock.now()
    with open_session() as session:
        known = {case.number: case.series_id for case in cases.every(session)}
        unknown = [str(row.case_number) for row in rows if row.case_number not in known]
        if unknown:
            raise NotFound(f"Nothing was taken. These case numbers do not exist: {', '.join(unknown[:20])}.")
        model = ai_reads.register_model(
            session,
            name=name,
            version=version,
            kind="csv",
            sha256=fingerprint(data),
            classes=list(CLASSES),
            card={"source": "calls uploaded as a CSV", "cases": len(rows)},
            manifest=[],
            at=at,
            by=account.id,
        )
        for row in rows:
            call = NewCall("paper", row.call, row.failure, row.probabilities, {}, [], None, None)
            ai_reads.store(
                session,
                series_id=known[row.case_number],
                model_id=model.id,
                parameters_hash=NO_PARAMETERS,
                scores=None,
                calls=[call],
                at=at,
            )


page()
