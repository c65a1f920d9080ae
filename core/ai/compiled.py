"""Our networks exported for an engine, once a model and machine: found again in the data folder. Imports no torch.

core.ai.compiling makes a folder `engines/KEY` in the data folder: both networks as ONNX files, and choice.json with the
engine chosen for each, the milliseconds a slice of every candidate, and how far it was from torch.
"""

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.ai.engines import TORCH, Run, load
from core.ai.model_files import Weights
from core.settings import settings

FORMAT = 1  # of the exported graphs; another number makes every model be exported again
CHOICE = "choice.json"
FILES = {"slices": "slices.onnx", "lungs": "lungs.onnx"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model's networks by the engines chosen for them; engine and precision are the slice network's."""

    slices: Run
    lungs: Run | None
    engine: str
    precision: str


def folder_of(weights: Weights) -> Path:
    """Return where a model's exports lie; another processor, package or limit of instructions gives another folder."""
    facts = [FORMAT, weights.sha256, weights.card.get("parameters"), weights.card.get("classes"), _processor()]
    facts += [_version(package) for package in ("openvino", "onnxruntime", "torch")]
    facts.append(os.environ.get("ONEDNN_MAX_CPU_ISA", ""))
    return settings().data_dir / "engines" / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def choice(weights: Weights) -> dict[str, Any] | None:
    """Return what was chosen for a model on this machine, by network; None where nothing was yet."""
    try:
        found: dict[str, Any] = json.loads((folder_of(weights) / CHOICE).read_text())
    except (OSError, ValueError):
        return None
    return found


def chosen(weights: Weights) -> Chosen | None:
    """Return a model's networks by the engines chosen for them; None where it is torch, or nothing was chosen yet."""
    found, folder = choice(weights), folder_of(weights)
    if found is None or any(timing["engine"] == TORCH for timing in found.values()):
        return None
    try:
        runs = {
            network: load(timing["engine"], folder / FILES[network], precision=timing["precision"])
            for network, timing in found.items()
        }
    except (OSError, RuntimeError, ImportError):  # a file was removed, or a package: torch reads as well
        return None
    return Chosen(runs["slices"], runs.get("lungs"), found["slices"]["engine"], found["slices"]["precision"])


def described(weights: Weights) -> str:
    """Return in words which engine reads with a model on this CPU, and what was measured."""
    found = choice(weights)
    if found is None:
        return "not chosen yet: measured when the model first reads"
    parts = []
    for network, timing in found.items():
        took = ", ".join(f"{name} {ms:.1f}" for name, ms in timing["milliseconds"].items())
        parts.append(f"{network} by {timing['engine']} in {timing['precision']} (CPU ms a slice: {took})")
    return "; ".join(parts)


@lru_cache(maxsize=1)
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "CPU part"))), "")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
