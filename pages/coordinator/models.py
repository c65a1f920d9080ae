"""AI models: the versions side by side, one of them with its card, and the ways to add another."""

import streamlit as st

from core import clock
from core.ai.brought.contract import is_brought
from core.ai.card import escaped, key_figures, sections, sizes, trained_on
from core.ai.model_files import Weights, available_models
from core.errors import ParallaxError
from core.services.model_upload import zip_of
from db.accounts import Account
from db.ai import models as ai_models
from db.ai import workers as ai_workers
from db.ai.models import ModelInfo
from db.engine import open_session, open_view
from pages.components.access import require
from pages.coordinator.ai_models.add_model import add_model, say_added
from pages.coordinator.ai_models.model_csv import take_calls
from pages.coordinator.ai_models.remove_model import remove_model

KINDS = {"csv": "calls from a CSV", "shipped": "shipped", "own": "own", None: "reads here"}


def page() -> None:
    """List every model with what pins it; show one; take another."""
    account = require("coordinator")
    st.title("AI models")
    with open_view() as session:
        models = ai_models.models(session)
        default = ai_models.default(session)
        pinned = ai_models.pinned(session, by=account.id)
        counts = ai_models.counts_by_model(session)
        workers = ai_workers.workers(session)
    st.caption(
        "Every version is frozen by the SHA-256 of its weights; a study pins one. The AI shipped with Parallax is a "
        "research demonstration trained on procedural CT, not a medical device."
    )
    if models:
        rows = [_row(model, default, pinned.get(model.id, ()), counts.get(model.id, 0)) for model in models]
        st.table(rows, border="horizontal", hide_index=True)
        st.caption("The default reads new cases and is suggested to new studies. Figures are what each card states.")
        _one(account, models, default, pinned)
    else:
        _wait_for_models()
    st.subheader("Add a model")
    say_added()
    add_model(account, [model for model in models if model.kind == "networks"], default)
    take_calls(account)
    for name, beat, device in workers:
        quiet = (clock.now() - beat).total_seconds()
        state = "at work" if quiet < 60 else f"no sign of life for {quiet / 60:.0f} min; start it again"
        st.caption(f"Worker {name} on {device}: {state}")


@st.fragment(run_every=2.0)
def _wait_for_models() -> None:
    st.info("No model yet: the worker registers the shipped one when it starts, within a minute.")
    with open_view() as session:
        if ai_models.models(session):
            st.rerun()


def _row(model: ModelInfo, default: ModelInfo | None, studies: tuple[str, ...], read: int) -> dict[str, object]:
    networks = model.kind == "networks"
    mark = " :blue-badge[default]" if default is not None and model.id == default.id else ""
    return {
        "Model": escaped(f"{model.name} {model.version}") + mark,
        "Kind": KINDS[model.origin if networks else "csv"],
        "Classes": escaped(", ".join(model.classes)),
        "SHA-256": model.sha256[:12],
        "Inputs": sizes(model.card) if networks else "",
        "Trained on": escaped(trained_on(model.card)) if networks else "not known here",
        "Key figures": escaped(key_figures(model.card)),
        "Licence": escaped(str(model.card.get("licence") or "not stated")),
        "Pinned by": escaped(", ".join(studies) or "no study"),
        "Series read": read,
        "Added (UTC)": model.created_at.strftime("%Y-%m-%d"),
    }


def _one(
    account: Account, models: list[ModelInfo], default: ModelInfo | None, pinned: dict[int, tuple[str, ...]]
) -> None:
    names = {model.id: f"{model.name} {model.version}" for model in models}
    with st.container(border=True):
        chosen_id = st.selectbox("One model", list(names), key="models_card", format_func=lambda key: names[key])
        model = next(model_ for model_ in models if model_.id == chosen_id)
        with st.container(horizontal=True):
            if model.kind == "networks":
                _hand_on(model)
                if (default is None or model.id != default.id) and not is_brought(model.card):
                    _make_default(account, model)
            if model.origin != "shipped":
                remove_model(account, model, pinned.get(model.id, ()))
        with st.expander("Read the card"):
            for heading, lines in sections(model.card) if model.kind == "networks" else []:
                st.markdown(f"**{heading}**\n" + "".join(f"\n- {escaped(line)}" for line in lines))
            st.markdown("**As it is stored**")
            st.json(model.card, expanded=False)


def _hand_on(model: ModelInfo) -> None:
    try:
        here = {(model_.name, model_.version): model_ for model_ in available_models()}
    except ParallaxError as error:
        st.caption(str(error))
        return
    files: Weights | None = here.get((model.name, model.version))
    if files is None:
        st.caption("Its weights are not on this machine.")
    elif files.portable:
        st.download_button(
            "Download as zip",
            lambda: zip_of(model.name, model.version),
            file_name=f"{model.name}-{model.version}.zip",
            mime="application/zip",
            key=f"models_zip_{model.id}",
            icon=":material/download:",
            help="Weights and card in one file. It can be added below on another machine.",
            on_click="ignore",
        )


def _make_default(account: Account, model: ModelInfo) -> None:
    help_ = "It then reads new cases and is suggested to new studies. Studies that are there keep their AI."
    if st.button("Make it the default", key=f"models_default_{model.id}", help=help_):
        try:
            with open_session() as session:
                ai_models.set_default(session, model.id, by=account.id, at=clock.now())
        except ParallaxError as error:
            st.error(str(error))
            return
        st.rerun()


page()
