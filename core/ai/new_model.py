"""What a person states about a model they add, and the patients that trained it. Imports no torch."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from core.ai.card import KEYS, OWN_LABEL, PATIENTS
from core.ai.model_files import check_part
from core.ai.parameters import CLASSES, LUNG_WINDOW, PipelineParams, parameters_of, temperature_of
from core.errors import InvalidInput
from core.imaging.identity import NOBODY, Identity

Known = Literal["listed", "none", "unknown"]  # what is said of the patients that trained and tuned it
LONGEST_ID = 64  # characters of a DICOM PatientID
MOST_PATIENTS = 100_000
MOST_TEXT = 5_000  # characters of a free text of the card
COLUMNS = ("patient_id", "issuer", "use")


@dataclass(frozen=True, slots=True)
class TrainingPatient:
    """A patient that trained or tuned a model, as their DICOM files name them."""

    patient_id: str
    issuer: str = ""
    tuned: bool = False


@dataclass(frozen=True, slots=True)
class NewModel:
    """What the form or the command states. `lungs` is "" for the uploaded file, R231, or the NAME/VERSION to take.

    `publish_ids` keeps the patients' ids in the card, as for a public data set; without it only keys made with this
    installation's secret are kept.
    """

    name: str = ""
    version: str = ""
    licence: str = ""
    data: str = ""
    limits: str = ""
    figures: str = ""
    classes: tuple[str, ...] = CLASSES
    temperature: float = 1.0
    slice_size: int = PipelineParams().slice_size
    lung_size: int = PipelineParams().lung_size
    window_width: float = LUNG_WINDOW.width
    window_level: float = LUNG_WINDOW.level
    lungs: str = ""
    known: Known = "listed"
    patients: str = ""
    publish_ids: bool = False


def new_model(stated: Mapping[str, Any]) -> NewModel:
    """Return what was stated from plain values, as JSON brings them; raises InvalidInput."""
    try:
        made = NewModel(**{**stated, "classes": tuple(stated.get("classes", CLASSES))})
    except TypeError:
        raise InvalidInput("What is stated about the model is not understood; reload the page.") from None
    if made.known not in get_args(Known):
        raise InvalidInput("Say whether patients are listed, none, or unknown.")
    return made


def card_of(new: NewModel) -> dict[str, Any]:
    """Return the card of weights that came without one; raises InvalidInput for what is missing or impossible."""
    check_part("name", new.name)
    check_part("version", new.version)
    if not new.licence.strip():
        raise InvalidInput("State the licence of the weights; “not licensed, for use here only” is an answer too.")
    for text in (new.licence, new.data, new.limits, new.figures):
        if len(text) > MOST_TEXT:
            raise InvalidInput(f"A text of the card has more than {MOST_TEXT} characters; shorten it.")
    if sorted(new.classes) != sorted(CLASSES):
        raise InvalidInput(f"The outputs are {', '.join(CLASSES)}, each once, in the order of the network's outputs.")
    card: dict[str, Any] = {
        "name": new.name,
        "version": new.version,
        "label": OWN_LABEL,
        "classes": list(new.classes),
        "temperature": new.temperature,
        "licence": new.licence.strip(),
        "data": new.data.strip(),
        "figures": new.figures.strip(),
        "limits": [line.strip() for line in new.limits.splitlines() if line.strip()],
        "parameters": {
            "slice_size": new.slice_size,
            "lung_size": new.lung_size,
            "lung_window": {"width": new.window_width, "level": new.window_level},
        },
    }
    temperature_of(card)
    parameters_of(card)
    return card


def with_patients(card: Mapping[str, Any], new: NewModel, secret: bytes) -> dict[str, Any]:
    """Return the card with its manifest: the patients by id where those are public, else by this installation's keys.

    A card that came with a list keeps it. Raises InvalidInput where patients are announced and none are listed, or
    where they stayed on the machine that the model comes from.
    """
    manifest = dict(card.get("manifest", {}))
    manifest.pop(KEYS, None)  # made with another installation's secret: they would match nobody here
    listed = training_patients(new.patients)
    named = {*manifest.get("trained", []), *manifest.get("tuned", []), *(patient.patient_id for patient in listed)}
    missing = int(manifest.get(PATIENTS, 0)) - len(named)
    if missing > 0 and new.known != "unknown":
        raise InvalidInput(
            f"The ids of {missing} more patients that trained this model stayed on the machine it comes from. List "
            "them here too, so that a study can refuse their cases, or say that they are not known."
        )
    if new.known == "listed" and not named and not manifest:
        raise InvalidInput(
            "List the patients that trained or tuned the model, or say that there are none here, or that they are not "
            "known: a study refuses cases that trained its AI."
        )
    if missing > 0 or not manifest:
        manifest["known"] = new.known
    for use, tuned in (("trained", False), ("tuned", True)):
        ids = [patient.patient_id for patient in listed if patient.tuned is tuned and new.publish_ids]
        manifest[use] = list(dict.fromkeys([*manifest.get(use, []), *ids]))
    if listed:
        manifest[KEYS] = sorted(
            {Identity("patient", patient.issuer, patient.patient_id).key(secret) for patient in listed}
        )
    manifest[PATIENTS] = max(int(manifest.get(PATIENTS, 0)), len(named))
    return {**card, "manifest": manifest}


def patients_text(data: bytes) -> str:
    """Return a list of patients from the bytes of a file; raises InvalidInput where it is no text."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("The list of patients is no UTF-8 text; save it as CSV (UTF-8).") from None


def training_patients(text: str) -> tuple[TrainingPatient, ...]:
    """Return the patients of a pasted list, one id a line, or of a CSV with the columns patient_id, issuer, use.

    `use` is trained (or empty) or tuned. Raises InvalidInput naming the row that cannot be used.
    """
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if len(lines) > MOST_PATIENTS:
        raise InvalidInput(f"The list has more than {MOST_PATIENTS} patients; is it the right file?")
    if not lines:
        return ()
    delimiter = next((mark for mark in (";", "\t", ",") if mark in lines[0]), ",")
    header = [name.strip().lower() for name in lines[0].split(delimiter)]
    if COLUMNS[0] not in header:
        return tuple(_patient(number, line, "", "") for number, line in enumerate(lines, start=1))
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        raise InvalidInput(f"The column {unknown[0]} is not known; the columns are {', '.join(COLUMNS)}.")
    rows = csv.DictReader(io.StringIO("\n".join(lines[1:])), header, delimiter=delimiter)
    return tuple(
        _patient(number, row.get("patient_id") or "", row.get("issuer") or "", row.get("use") or "")
        for number, row in enumerate(rows, start=2)
    )


def _patient(row: int, patient_id: str, issuer: str, use: str) -> TrainingPatient:
    patient_id, issuer, use = patient_id.strip(), issuer.strip(), use.strip().lower()
    if not patient_id or len(patient_id) > LONGEST_ID or patient_id.casefold() in NOBODY:
        raise InvalidInput(f"Row {row} of the patients names nobody: give the PatientID of the DICOM files.")
    if use not in ("", "trained", "tuned"):
        raise InvalidInput(f"Row {row} of the patients: the column use is trained or tuned.")
    return TrainingPatient(patient_id, issuer, use == "tuned")
