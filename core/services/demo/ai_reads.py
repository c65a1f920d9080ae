"""The AI's reads of the demo patients: real reads, prepared once with the shipped weights and kept beside this file.

A prepared read is taken only for the very voxels and weights it was made of; otherwise the AI reads here and now, as
on a machine whose processor rounds one voxel differently. `python -m core demo --prepare` makes the files again.
"""

import json
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from core.ai.model_files import Weights
from core.ai.pipeline import read_volume
from core.ai.result import CaseResult, SliceScore
from core.ai.weights import Model
from core.imaging.volume import Volume
from core.services.demo.plan import DemoPatient
from core.services.engines import ready_model

FOLDER = Path(__file__).parent / "prepared"
ARRAYS = ("lungs", "heat")


def prepared(patient: DemoPatient, volume: Volume, weights: Weights) -> CaseResult | None:
    """Return the prepared read of these voxels by these weights, or None."""
    if not _path(patient).exists():
        return None
    facts = facts_of(patient)
    if (facts["volume"], facts["result"]["model"]["sha256"]) != (volume.content_hash, weights.sha256):
        return None
    if set(facts["result"]) != {field.name for field in fields(CaseResult)}:
        return None  # made by another version of the pipeline
    with np.load(_path(patient), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in ARRAYS if name in stored}
    result = facts["result"]
    for name in ("deciding_slices", "heat_slices", "warnings", "doubts"):
        result[name] = tuple(result[name])
    result["slices"] = tuple(
        SliceScore(
            row["index"], row["z_mm"], row["kept"], None if row["probabilities"] is None else (*row["probabilities"],)
        )
        for row in result["slices"]
    )
    return CaseResult(**{**result, "lungs": arrays["lungs"], "heat": arrays.get("heat")})


def facts_of(patient: DemoPatient) -> dict[str, Any]:
    """Return what a prepared read says besides its arrays: `volume`, its content hash, and `result`."""
    with np.load(_path(patient), allow_pickle=False) as stored:
        facts: dict[str, Any] = json.loads(str(stored["facts"]))
    return facts


def read_now(volume: Volume, weights: Weights) -> CaseResult:
    """Read a volume here; loads torch."""
    return read_volume(volume, _model(f"{weights.name}/{weights.version}"))


def keep(patient: DemoPatient, volume: Volume, result: CaseResult) -> None:
    """Write a read as the prepared one of a patient."""
    facts = asdict(result)
    arrays = {name: facts.pop(name) for name in ARRAYS}
    stored = {name: array for name, array in arrays.items() if array is not None}
    FOLDER.mkdir(exist_ok=True)
    facts = {"volume": volume.content_hash, "result": {**facts, **dict.fromkeys(ARRAYS)}}
    np.savez_compressed(_path(patient), facts=np.array(json.dumps(facts)), **stored)


def _path(patient: DemoPatient) -> Path:
    return FOLDER / f"{patient.place:02d}.npz"


@lru_cache(maxsize=1)
def _model(name: str) -> Model:
    return ready_model(name)
