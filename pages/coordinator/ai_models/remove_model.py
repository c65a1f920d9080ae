"""Removing an own model, asked for twice."""

import streamlit as st

from core.errors import ParallaxError
from core.services.model_registry import remove
from db.accounts import Account
from db.ai.models import ModelInfo


def remove_model(account: Account, model: ModelInfo, studies: tuple[str, ...]) -> None:
    """Offer to remove a model; one that studies pin says which."""
    if studies:
        st.button(
            "Remove", key=f"models_remove_{model.id}", disabled=True, help=f"It is the AI of {', '.join(studies)}."
        )
        return
    with st.popover("Remove", icon=":material/delete:"):
        st.markdown(
            "Its weights are deleted on this machine and in the shared storage. What it has read stays. Download it as "
            "zip first if you may want it again."
        )
        sure = st.checkbox(f"Remove {model.name} {model.version} for good", key=f"models_sure_{model.id}")
        if st.button("Remove it", key=f"models_remove_{model.id}", disabled=not sure, type="primary"):
            try:
                remove(model.id, by=account.id)
            except ParallaxError as error:
                st.error(str(error))
                return
            st.rerun()
