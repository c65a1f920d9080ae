"""The small pictures of a case: axial through the lungs, coronal and sagittal."""

import streamlit as st

from db.cases import CaseInfo

ROW = 76  # pixels of a row: the pictures are 56 high in it
WHAT = "Axial through the lungs, coronal and sagittal, in the lung window."
PICTURE = st.column_config.ImageColumn(width="medium", help=WHAT)


def picture_address(case: CaseInfo) -> str:
    """Where the picture of a case comes from."""
    return f"/api/cases/{case.number}/picture"


def picture(case: CaseInfo) -> None:
    """Show the picture of a case."""
    st.html(f'<img src="{picture_address(case)}" alt="Case {case.number}: {WHAT}" width="344" height="112">')
