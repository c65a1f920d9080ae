"""From checkpoints to a shipped model: float16 weights, a card that says what they are, and the card as text."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from core.ai.model_zip import write_card
from core.ai.parameters import CLASSES
from core.errors import InvalidInput
from core.training.cache import StoredCase
from core.training.calibrate import fit_temperature, lung_figures, slice_figures, slice_logits
from core.training.fit import curves, load_task, sized
from core.training.sources import attribution

LABEL = "Research demonstration, trained on procedural CT. Not a medical device; not for diagnosis."
LIMITS = (
    "Trained on procedural CT and on clear slices of the real patients named, with drawn lesions; no real pneumonia "
    "was trained on.",
    "Calibrated on held-out procedural slices only; probabilities on patients are not calibrated.",
    "Knows normal, CAP and COVID-19 only; tumours, oedema, fibrosis and embolism are called one of these.",
    "The lung network has seen real upper lungs of few slices; judge masks by eye before relying on them.",
)


def export_model(
    lungs: Path,
    slices: Path,
    cases: Sequence[StoredCase],
    out: Path,
    *,
    name: str,
    version: str,
    commands: Sequence[str],
    notes: dict[str, Any],
    mirrored: bool = True,
) -> dict[str, Any]:
    """Write lungs.safetensors, slices.safetensors, card.json and card.md to out/name/version; return the card.

    `lungs` and `slices` are checkpoints; `cases` the stored cases, of which the held-out ones calibrate; `mirrored`:
    whether the model's slices will be scored mirrored too.
    """
    if not any(c.held_out for c in cases):
        raise InvalidInput("The made cases hold none kept from training; make at least ten cases of each kind.")
    folder = out / name / version
    folder.mkdir(parents=True, exist_ok=True)
    lung_task, slice_task = load_task("lungs", lungs), load_task("slices", slices)
    parameters = replace(sized(lung_task, slice_task), mirrored=mirrored)
    for task, file in ((lung_task, "lungs"), (slice_task, "slices")):
        save_file(half_weights(task.average), folder / f"{file}.safetensors", metadata={"label": LABEL})
    logits, codes = slice_logits(slice_task.average, cases, parameters, count=600, seed=11)
    temperature = fit_temperature(logits, codes)
    kinds = {k: sum(c.kind == k and not c.held_out for c in cases) for k in ("procedural", "background", "folder")}
    card: dict[str, Any] = {
        "name": name,
        "version": version,
        "label": LABEL,
        "classes": list(CLASSES),
        "temperature": round(temperature, 4),
        "licence": "MIT (weights); backgrounds CC BY 3.0 and 4.0, see attribution",
        "attribution": attribution(training_patients(cases)) or None,
        "data": {"training_cases": kinds, "held_out_cases": sum(c.held_out for c in cases)},
        "manifest": {
            "trained": sorted(training_patients(cases)),
            "tuned": [],
            "calibrated": "held-out procedural cases",
            "never_used": "COVID-CT-MD",
        },
        "seed": slice_task.plan.seed,
        "commands": list(commands),
        "plans": {"lungs": asdict(lung_task.plan), "slices": asdict(slice_task.plan)},
        "curves": {k: (curves(p.parent) or [{}])[-1] for k, p in (("lungs", lungs), ("slices", slices))},
        "figures": {
            "lungs_held_out": lung_figures(lung_task.average, cases, parameters, count=160, seed=11),
            "slices_held_out": slice_figures(logits, codes, temperature),
        },
        "parameters": parameters.as_dict(),
        "limits": list(LIMITS),
        **notes,
    }
    write_card(folder, card)
    return card


def training_patients(cases: Sequence[StoredCase]) -> set[str]:
    """Return the real patients whose slices are among the cases, by their published ids."""
    return {c.patient for c in cases if c.patient}


def half_weights(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a network's weights, contiguous, floats in half precision; step counters stay as they are."""
    state = net.state_dict()
    return {k: (v.half() if v.is_floating_point() else v).contiguous().clone() for k, v in state.items()}
