"""Send AI reads and marks of an unblinded study back to the PACS that its cases were fetched from."""

import streamlit as st

from core.errors import ParallaxError
from core.services.giving_back import Given, Sending, given_back, sendable
from core.study.words import Role
from db.pacs import Source
from pages.components.access import current
from pages.components.working import report, watch

SENDING = "export_sending"
SENT = "export_sent"


def send_back(study_id: int) -> None:
    """Offer SR and SEG of the cases that this person fetched; nothing is shown where there are none."""
    me = current()
    st.subheader("DICOM: SR and SEG")
    st.caption(
        "AI reads as DICOM SR (TID 1500), the lungs an AI outlined as SEG; if you like, readers' reads and marks, "
        f"under pseudonyms. `python -m core export-dicom {study_id} --out FOLDER` writes the files of every case."
    )
    if me is None or me.role not in (Role.COORDINATOR, Role.ADMINISTRATOR):
        return
    if SENDING in st.session_state:
        watch(SENDING, SENT, "You may leave this page: the sending goes on.")
        return
    report(SENT, "in the PACS, as SR and SEG of their own study.")
    readers = st.checkbox("Readers' reads and marks too", key="export_dicom_readers")
    if st.button("Send back to the PACS", key="export_send", icon=":material/upload:"):
        try:
            chosen = _sendable(study_id, me.id, readers=readers)
        except ParallaxError as error:
            st.error(str(error))
            return
        if not chosen:
            st.info("You fetched none of these cases from a PACS, or have removed the connection since.")
            return
        st.session_state[SENDING] = Sending(study_id, chosen, me.id).start()
        st.rerun()


def _sendable(study_id: int, me: int, *, readers: bool) -> list[tuple[Given, Source]]:
    return sendable(given_back(study_id, by=me, readers=readers), by=me)
