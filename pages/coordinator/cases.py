"""Cases: upload, choose the series, watch the AI, tag, withdraw."""

import streamlit as st

from db import cases
from db.engine import open_view
from pages.components.access import require
from pages.coordinator.library import library
from pages.coordinator.register import case_register
from pages.coordinator.upload import upload


def page() -> None:
    """Show the upload, then the library of cases."""
    account = require("coordinator")
    st.title("Cases")
    with open_view() as session:
        empty = not cases.every(session, by=account.id)
    if empty:
        st.info(
            "No cases yet. Upload chest CT as DICOM files, a folder, a zip or NIfTI; identifiers are removed "
            "before anything is stored. Then take the cases into a study."
        )
    upload(account)
    case_register(account)
    library(account)


page()
