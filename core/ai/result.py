"""What an AI read of one volume comes to. Imports no torch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = tuple[float, ...]  # probabilities in the order of the model's classes


@dataclass(frozen=True, slots=True)
class SliceScore:
    """One slice: index from the apex, DICOM z in mm, probabilities by the model's classes, or None if not kept."""

    index: int
    z_mm: float
    kept: bool
    probabilities: Row | None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """An AI read.

    `lungs` (z, y, x) uint8 on the volume's grid: 0 none, 1 right, 2 left. `heat` (kept, 128, 128) uint8 has one map for
    each of `heat_slices`, which covers its whole slice (core.ai.explain.heat_on_slice). Timings in seconds; `total` is
    from the volume in memory to the call, maps included.
    """

    call: str
    probabilities: dict[str, float]
    counts: dict[str, int]
    deciding_slices: tuple[int, ...]
    abnormal_share: float
    slices: tuple[SliceScore, ...]
    lungs: NDArray[np.uint8]
    heat: NDArray[np.uint8] | None
    heat_slices: tuple[int, ...]
    lung_volume_ml: float
    timings: dict[str, float]
    device: str
    model: dict[str, str]
    parameters: dict[str, Any]
    rule: str
    warnings: tuple[str, ...]  # what makes the call doubtful, sentences
    doubts: tuple[str, ...]  # those of them that any rule's call would have
