"""Cases: upload, choose the series, watch the AI, tag, withdraw."""

import streamlit as st

from db import library as shelves
from db.engine import open_view
from pages.components.access import require
from pages.coordinator import library
from pages.coordinator.register import case_register
from pages.coordinator.upload import upload


def page() -> None:
    """Show the upload, then the library of cases."""
    account = require("coordinator")
    st.title("Cases")
    with open_view() as session:
        empty = not shelves.shelf(session, by=account.id, count=1).total
    if empty:
        st.info(
            "No cases yet. Upload chest CT as DICOM files, a folder, a zip or NIfTI; identifiers are removed "
            "before anything is stored. Then take the cases into a study."
        )
    upload(account)
    case_register(account)
    library.show(account)


page()
