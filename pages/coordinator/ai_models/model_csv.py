"""Another algorithm joins by a CSV of its calls and probabilities."""

import streamlit as st

from core import clock
from core.ai.calls_csv import CallRow, fingerprint, parse
from core.ai.parameters import CLASSES
from core.errors import NotFound, ParallaxError
from db import cases
from db.accounts import Account
from db.ai import models as ai_models
from db.ai import reads as ai_reads
from db.ai.reads import NewCall
from db.engine import open_session

NO_PARAMETERS = "csv"  # calls that came as a CSV were made elsewhere; there are no parameters of ours


def take_calls(account: Account) -> None:
    """Show the form for the CSV of another algorithm's calls, and store what is sent."""
    with st.expander("Add another algorithm by a CSV of its calls", icon=":material/table:"):
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
        known = {case.number: case.series_id for case in cases.every(session, by=account.id)}
        unknown = [str(row.case_number) for row in rows if row.case_number not in known]
        if unknown:
            which = ", ".join(unknown[:20])
            raise NotFound(f"Nothing was taken. These case numbers do not exist or are not shared with you: {which}.")
        model = ai_models.register_model(
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
                by=account.id,
            )
