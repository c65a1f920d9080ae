"""The form for a model of one's own: weights and what is known of them, or a model's zip."""

from dataclasses import replace
from itertools import permutations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.ai.card import trial_rows
from core.ai.model_files import R231
from core.ai.new_model import Known, NewModel, patients_text
from core.ai.parameters import CLASSES, LEAST, LUNG_WINDOW, MOST, SIZES, PipelineParams
from core.errors import ParallaxError
from core.services.model_registry import Added
from core.services.model_upload import SUFFIXES, add_uploaded
from db.accounts import Account
from db.ai.models import ModelInfo
from pages.components.forms import fresh, used

ADDED = "models_added"
FORM = "models_add"
MOST_MB = 600
OWN_LUNGS = ""
KNOWN: dict[Known, str] = {
    "listed": "I list them",
    "none": "There were none (procedural data only)",
    "unknown": "Nobody knows",
}
REST_KNOWN: dict[Known, str] = {
    "listed": "The list in the zip, and those I name here",
    "unknown": "The list in the zip; nobody knows the others",
}


def say_added() -> None:
    """Show what adding the last model came to, until the next one."""
    added: Added | None = st.session_state.get(ADDED)
    if added is None:
        return
    with st.container(border=True):
        st.success(f"{added.name} {added.version} is added (weights {added.sha256[:16]}). A study can now pin it.")
        if rows := trial_rows(added.trial):
            st.markdown("**Trial read of three small procedural chests.** It shows that the model works, not how well.")
            st.dataframe(rows, key="models_trial", hide_index=True)
        else:
            took = ", ".join(f"{name} {ms:g}" for name, ms in added.trial["milliseconds"].items())
            st.markdown(f"A first run went well. It reads with {added.trial['engine']} (CPU ms an input: {took}).")
        for note in added.trial.get("notes", []):
            st.warning(note)


def add_model(account: Account, models: list[ModelInfo], default: ModelInfo | None) -> None:
    """Take files and what is stated about them; add the model, or say what is wrong and keep what was typed."""
    with st.expander("Add your own weights, an ONNX model with its card, or a zip", icon=":material/upload:"):
        key = fresh(FORM)
        st.markdown(
            "A **ResNet-50 with torchvision's keys** and three outputs (.safetensors, or a PyTorch state dict .pt or "
            ".pth), and lung weights of this project's U-Net if you have them. It must have been trained on the inputs "
            "Parallax makes: slices cut to the lungs, seen through the lung window, gray 0 to 1, one channel or the "
            "same in three. Or **any 2D or 3D network** as one .onnx file (or TorchScript .ts, or the zip of a MONAI "
            "bundle) with a **card.json** that names its classes and says how to feed and read it. Or the **zip of a "
            "model** from another machine."
        )
        files = st.file_uploader(
            "Weight files, a model and its card.json, or one zip",
            type=list(SUFFIXES),
            accept_multiple_files=True,
            key=f"{key}_files",
            max_upload_size=MOST_MB,
        )
        if not files:
            return
        whole = any(file.name.lower().endswith(".zip") for file in files)
        carded = any(file.name.lower().endswith((".onnx", ".ts", ".json")) for file in files)
        new = NewModel() if whole or carded else _stated(key, models, default, several=len(files) > 1)
        new = _patients(key, new, whole=whole)
        if st.button("Check and add", key=f"{key}_send", type="primary"):
            _send(account, files, new)


def _send(account: Account, files: list[UploadedFile], new: NewModel) -> None:
    for file in files:
        file.seek(0)
    try:
        with st.spinner("The weights are checked and read three small chests; this takes up to half a minute …"):
            added = add_uploaded([(file.name, file) for file in files], new, by=account.id)
    except ParallaxError as error:
        st.error(f"Nothing was stored. {error}")
        return
    used(FORM)
    st.session_state[ADDED] = added
    st.rerun()


def _stated(key: str, models: list[ModelInfo], default: ModelInfo | None, *, several: bool) -> NewModel:
    first, second, third = st.columns(3)
    name = first.text_input("Name", key=f"{key}_name", placeholder="lab-resnet50")
    version = second.text_input("Version", key=f"{key}_version", placeholder="1.0", help="Frozen once it is added.")
    licence = third.text_input("Licence of the weights", key=f"{key}_licence", placeholder="CC BY 4.0")
    orders = [", ".join(permutation) for permutation in permutations(CLASSES)]
    first, second, third = st.columns(3)
    order = first.selectbox("Order of the three outputs", orders, key=f"{key}_classes")
    size = second.number_input(
        "Slices it was trained on (pixels a side)", LEAST, MOST, PipelineParams().slice_size, key=f"{key}_slice_size"
    )
    temperature = third.number_input(
        "Temperature", 0.01, 100.0, 1.0, key=f"{key}_temperature", help="Slice logits are divided by it; 1 leaves them."
    )
    width = first.number_input("Lung window, width (HU)", 1, 5000, int(LUNG_WINDOW.width), key=f"{key}_width")
    level = second.number_input("Lung window, level (HU)", -1500, 1500, int(LUNG_WINDOW.level), key=f"{key}_level")
    choices = _lungs(models, default, several=several)
    lungs = third.selectbox("Lungs", choices, key=f"{key}_lungs_{several}", format_func=_lungs_named)
    made = NewModel(
        name=name.strip(),
        version=version.strip(),
        licence=licence,
        classes=tuple(order.split(", ")),
        temperature=temperature,
        slice_size=size,
        window_width=width,
        window_level=level,
        lungs=lungs,
    )
    if lungs == OWN_LUNGS:
        side = third.number_input(
            "Lung network's input (pixels a side)",
            LEAST,
            MOST,
            PipelineParams().lung_size,
            SIZES["lung_size"],
            key=f"{key}_lung_size",
        )
        made = replace(made, lung_size=side)
    first, second, third = st.columns(3)
    return replace(
        made,
        data=first.text_area("What it was trained on", key=f"{key}_data"),
        figures=second.text_area("What it reached, on how many", key=f"{key}_figures"),
        limits=third.text_area("Limits, one a line", key=f"{key}_limits"),
    )


def _lungs(models: list[ModelInfo], default: ModelInfo | None, *, several: bool) -> list[str]:
    """Return the choices of lungs, the likeliest first: an uploaded file, models that are here, the package."""
    others = sorted(models, key=lambda model: default is None or model.id != default.id)
    taken = [f"{model.name}/{model.version}" for model in others if model.card.get("lungs") != R231]
    return [OWN_LUNGS, *taken, R231] if several else [*taken, OWN_LUNGS, R231]


def _lungs_named(choice: str) -> str:
    if choice == R231:
        return "R231 through the lungmask package"
    return f"The lungs of {choice}" if choice else "The uploaded lung weights"


def _patients(key: str, new: NewModel, *, whole: bool) -> NewModel:
    st.markdown("**Patients that trained or tuned it.** A study refuses their cases, since the AI knows them already.")
    names = REST_KNOWN if whole else KNOWN
    known = st.radio(
        "Which patients were they?",
        list(names),
        key=f"{key}_known_{whole}",
        format_func=lambda model: names[model],
        horizontal=True,
        label_visibility="collapsed",
    )
    if known != "listed":
        return replace(new, known=known)
    left, right = st.columns(2)
    pasted = left.text_area(
        "One PatientID a line, as in the DICOM files",
        key=f"{key}_patients",
        help="A CSV can name the columns patient_id, issuer (IssuerOfPatientID, where your files carry one) and use "
        "(trained or tuned).",
    )
    table = right.file_uploader("… or a CSV", type=["csv", "txt"], max_upload_size=5, key=f"{key}_patients_csv")
    publish = right.checkbox(
        "The ids are public: keep them in the card",
        key=f"{key}_publish",
        help="Without the tick only keys made with this installation's secret are kept. A download of the model then "
        "leaves the list out, and it must be given again elsewhere.",
    )
    text = pasted
    if table is not None:
        try:
            text = patients_text(table.getvalue())
        except ParallaxError as error:
            right.error(str(error))
    return replace(new, known=known, patients=text, publish_ids=publish)
