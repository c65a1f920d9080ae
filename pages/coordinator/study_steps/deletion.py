"""Deleting a study that was never opened, and taking it back from the list."""

import streamlit as st

from core import clock
from core.results.draw.text import many
from db.accounts import Account
from db.engine import open_view
from db.study import deletion as study_deletion
from db.study.deletion import DeletionEffect
from db.study.info import StudyInfo
from pages.components import places
from pages.components.acting import act


def show(me: Account, study: StudyInfo) -> None:
    """Offer to delete the study, after saying what goes, what stays, and that it can be taken back."""
    with st.expander("Delete this study"):
        with open_view() as session:
            effect = study_deletion.deletion_effect(session, study.id, by=me.id, at=clock.now())
        if effect.refused:
            st.info(effect.refused)
            return
        st.markdown(_said(effect))
        sure = st.checkbox(f"Delete “{study.title}”", key="study_delete_sure")
        if st.button("Delete the study", key="study_delete", icon=":material/delete:", disabled=not sure):
            if act(
                lambda session: study_deletion.delete_study(session, study.id, by=me.id, at=clock.now()),
                done="Deleted. “Deleted studies”, at the foot of the list, takes it back.",
            ):
                st.switch_page(places.STUDIES)
            st.rerun()


def show_deleted(me: Account) -> None:
    """List the deleted studies that this person may take back."""
    with open_view() as session:
        found = study_deletion.deleted(session, by=me.id)
    if not found:
        return
    with st.expander(f"Deleted studies ({len(found)})"):
        for line in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{line.title}**", width="stretch")
                st.caption(f"deleted {line.deleted_at:%Y-%m-%d %H:%M} UTC", width="stretch")
                if st.button("Take it back", key=f"studies_take_back_{line.id}"):
                    act(
                        lambda session, study_id=line.id: study_deletion.take_back(  # type: ignore[misc]
                            session, study_id, by=me.id, at=clock.now()
                        ),
                        done="The study is a draft again. Invitations that ended have to be made anew.",
                    )
                    st.rerun()


def _said(effect: DeletionEffect) -> str:
    counted = (
        (effect.cases, "case taken in", "cases taken in"),
        (effect.truths, "case's truth", "cases' truth"),
        (effect.readers, "reader", "readers"),
        (effect.panel, "panel member", "panel members"),
    )
    parts = [many(n, noun, more) for n, noun, more in counted if n]
    ends = effect.invitations and many(
        effect.invitations, "invitation, not used yet, ends", "invitations, not used yet, end"
    )
    return (
        f"**What goes:** the study leaves every list, with {', '.join(('its protocol', *parts))}. "
        f"{f'{ends} and cannot be brought back. ' if ends else ''}\n\n"
        "**What stays:** the cases in the library with their AI reads, people's accounts, and the audit trail. "
        "“Deleted studies”, at the foot of the list of studies, takes the study back."
    )
