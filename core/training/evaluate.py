"""Read every patient of a labelled folder with the AI: one row a patient in a CSV, resumed where it stopped."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from core.ai.parameters import PipelineParams
from core.ai.pipeline import read_volume
from core.ai.slices import score_slices
from core.ai.weights import Model
from core.errors import InvalidInput, ParallaxError
from core.imaging.read import read_path
from core.progress import Progress, ignore
from core.training.layout import Patient

Triple = tuple[float, ...]
STAGES = ("read", "lungs", "slices", "total")
COLUMNS = (
    *("patient", "truth", "call", "failure", "prob_normal", "prob_cap", "prob_covid", "lung_volume_ml", "synthetic"),
    *(f"seconds_{stage}" for stage in STAGES),
    *("model_sha256", "parameters", "scores"),
)
SYNTHETIC = "Procedural"  # the manufacturer that core.training.cohort writes


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One evaluated patient. `scores` holds all slices' probabilities, also of those truncation drops.

    `call` is by the paper's rule over kept slices, None with a sentence in `failure` where the AI could not read.
    Seconds are those of reading as in practice, dropped slices not computed.
    """

    patient: str
    truth: str
    call: str | None
    failure: str
    probabilities: Triple
    lung_volume_ml: float
    synthetic: bool
    seconds: dict[str, float]
    model_sha256: str
    parameters: str
    scores: tuple[Triple, ...]


def evaluate_patients(
    patients: Sequence[Patient],
    model: Model,
    table: Path,
    *,
    parameters: PipelineParams,
    on_progress: Progress = ignore,
) -> list[PatientRow]:
    """Read the patients that have no row of this model and these parameters in the CSV yet, appending a row each.

    Raises InvalidInput where the CSV is another kind of table.
    """
    done = {row.patient: row for row in stored_rows(table) if _same(row, model, parameters)}
    rows = []
    for number, patient in enumerate(patients, start=1):
        row = done.get(patient.id)
        if row is None:
            row = _evaluated(patient, model, parameters)
            append_row(table, row)
        rows.append(row)
        on_progress(number, len(patients))
    return rows


def _same(row: PatientRow, model: Model, parameters: PipelineParams) -> bool:
    return row.model_sha256 == model.sha256 and row.parameters == parameters.hash()


def _evaluated(patient: Patient, model: Model, parameters: PipelineParams) -> PatientRow:
    begun = perf_counter()
    try:
        volume = read_path(patient.folder)
        opened = perf_counter() - begun
        result = read_volume(volume, model, parameters=parameters)
    except ParallaxError as error:
        none = dict.fromkeys(STAGES, 0.0)
        found = (model.sha256, parameters.hash())
        return PatientRow(patient.id, patient.label, None, str(error), (), 0.0, False, none, *found, ())
    scores: list[Triple] = [slice_.probabilities or () for slice_ in result.slices]
    dropped = [slice_.index for slice_ in result.slices if not slice_.kept]
    if dropped:  # untimed: only the ablation needs them
        rest, _ = score_slices(volume, result.lungs, model, dropped, parameters=parameters)
        for index, triple in zip(dropped, rest.tolist(), strict=True):
            scores[index] = tuple(triple)
    return PatientRow(
        patient=patient.id,
        truth=patient.label,
        call=result.call,
        failure="",
        probabilities=tuple(result.probabilities.values()),
        lung_volume_ml=result.lung_volume_ml,
        synthetic=volume.attributes.manufacturer == SYNTHETIC,
        seconds={
            "read": opened,
            "lungs": result.timings["lungs"],
            "slices": result.timings["slices"],
            "total": opened + result.timings["total"],
        },
        model_sha256=model.sha256,
        parameters=parameters.hash(),
        scores=tuple(scores),
    )


def append_row(table: Path, row: PatientRow) -> None:
    """Append one row to the CSV, with its header if the file is new."""
    new = not table.exists()
    cut_off = not new and not table.read_bytes().endswith(b"\n")
    with table.open("a", newline="", encoding="utf-8") as file:
        if cut_off:  # a row that a kill left unfinished must not swallow this one
            file.write("\n")
        writer = csv.writer(file)
        if new:
            writer.writerow(COLUMNS)
        probabilities = [f"{p:.6f}" for p in row.probabilities] or ["", "", ""]
        seconds = [f"{row.seconds[stage]:.3f}" for stage in STAGES]
        scores = "|".join(" ".join(f"{p:.5f}" for p in triple) for triple in row.scores)
        head = [row.patient, row.truth, row.call or "", row.failure, *probabilities, f"{row.lung_volume_ml:.1f}"]
        writer.writerow([*head, int(row.synthetic), *seconds, row.model_sha256, row.parameters, scores])


def stored_rows(table: Path) -> list[PatientRow]:
    """Return the rows of the CSV, none where it does not exist; a row cut off by a kill is left out."""
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InvalidInput("The CSV named for the rows holds something else; name a new file.")
        return [row for line in reader if (row := _parsed(line)) is not None]


def _parsed(line: dict[str, str | None]) -> PatientRow | None:
    values = {name: text for name, text in line.items() if text is not None}
    if len(values) < len(COLUMNS):
        return None
    scores = [_numbers(part.split()) for part in values["scores"].split("|") if part]
    if not values["failure"] and (not scores or len(scores[-1]) < 3):
        return None
    return PatientRow(
        patient=values["patient"],
        truth=values["truth"],
        call=values["call"] or None,
        failure=values["failure"],
        probabilities=_numbers(values[f"prob_{name}"] for name in ("normal", "cap", "covid") if values["call"]),
        lung_volume_ml=float(values["lung_volume_ml"]),
        synthetic=values["synthetic"] == "1",
        seconds={stage: float(values[f"seconds_{stage}"]) for stage in STAGES},
        model_sha256=values["model_sha256"],
        parameters=values["parameters"],
        scores=tuple(scores),
    )


def _numbers(parts: Iterable[str]) -> Triple:
    return tuple(float(part) for part in parts)


def infected_slices(patient: Patient, count: int) -> np.ndarray | None:
    """Return for each of `count` slices whether it is infected (bool), or None for a sick patient without labels."""
    codes = patient.slice_codes(count)
    return None if (codes == 255).any() else np.asarray(codes > 0)
