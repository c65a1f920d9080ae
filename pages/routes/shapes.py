"""What the viewer's routes say of volumes and of the AI's output: the shapes that its component reads."""

from typing import Any

from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.settings import settings
from db.reading.types import CaseAccess

AI_LABEL = "Research demonstration trained on procedural CT; not for diagnosis"
AXIAL = {"left": "R", "right": "L", "top": "A", "bottom": "P"}  # radiological convention of the stored volume


def volume_json(case: CaseAccess, url: str) -> dict[str, Any]:
    """Return what the viewer must know of a volume before its slices arrive from `url`."""
    store = VolumeStore(settings().storage)
    try:
        coarse, lungs_middle = store.coarse_shape(case.storage_key), store.lungs_middle(case.storage_key)
    except ParallaxError:  # the stream of its slices says what is wrong with it
        coarse, lungs_middle = None, case.shape[0] // 2
    return {
        "url": url,
        "shape": case.shape,
        "spacing_mm": case.spacing_mm,
        "z_mm": case.z_mm,
        "orientation": AXIAL,
        "coarse_shape": coarse,
        "lungs_middle": lungs_middle,
    }


def ai_json(
    output: dict[str, Any],
    slices: tuple[tuple[float, ...] | None, ...],
    heat_slices: tuple[int, ...],
    *,
    masks_url: str | None,
    heat_url: str | None,
) -> dict[str, Any]:
    """Return the AI's output with its slice scores and where its overlays are; None for what is not shown."""
    return {
        **output,
        "slices": slices,
        "heat_slices": heat_slices,
        "label": AI_LABEL,
        "masks_url": masks_url,
        "heat_url": heat_url,
    }
