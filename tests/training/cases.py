"""Small made cases for the tests of training."""

from pathlib import Path

from core.training.cache import case_folder, store
from core.training.procedural import Case, procedural_case

SIZE = 64
SPACING_Z = 20.0


def small_case(seed: int, label: str, *, unseen: bool = False, family: str | None = None) -> Case:
    """A coarse case of about 15 slices, quick to make."""
    return procedural_case(
        seed, label, size=SIZE, field_mm=350.0, spacing_z=SPACING_Z, length_mm=300.0, unseen=unseen, family=family
    )


def stored(folder: Path, seeds: range) -> Path:
    """Store small cases of these seeds, classes in turn, one of them held out when the range spans ten seeds."""
    for seed in seeds:
        case = small_case(seed, ("normal", "cap", "covid")[seed % 3])
        store(case_folder(folder, "procedural", seed), case, "procedural", seed)
    return folder
