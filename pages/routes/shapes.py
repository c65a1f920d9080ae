"""What the viewer's routes say of volumes and of the AI's output, by the contract with the browser."""

from typing import Any, TypeVar

from core.errors import ParallaxError
from core.imaging.storage import VolumeStore
from core.settings import settings
from core.viewer.contract.case import AiOutput, Orientation, VolumeInfo
from db.reading.types import CaseAccess

Output = TypeVar("Output", bound=AiOutput)

AI_LABEL = "Research demonstration trained on procedural CT; not for diagnosis"
AXIAL = Orientation(left="R", right="L", top="A", bottom="P")  # radiological convention of the stored volume


def volume_info(case: CaseAccess, url: str) -> VolumeInfo:
    """Return what the viewer must know of a volume before its slices arrive from `url`."""
    store = VolumeStore(settings().storage)
    try:
        coarse, lungs_middle = store.coarse_shape(case.storage_key), store.lungs_middle(case.storage_key)
    except ParallaxError:  # the stream of its slices says what is wrong with it
        coarse, lungs_middle = None, case.shape[0] // 2
    return VolumeInfo(
        url=url,
        shape=case.shape,
        spacing_mm=case.spacing_mm,
        z_mm=list(case.z_mm),
        orientation=AXIAL,
        coarse_shape=coarse,
        lungs_middle=lungs_middle,
    )


def ai_output(
    model: type[Output],
    output: dict[str, Any],
    slices: tuple[tuple[float, ...] | None, ...],
    heat_slices: tuple[int, ...],
    **more: Any,
) -> Output:
    """Return the AI's output with its slice scores; `more` says where its overlays are, None for what is not shown."""
    return model.model_validate(
        {**output, "slices": slices, "heat_slices": heat_slices, "label": AI_LABEL, **more}, strict=False
    )
