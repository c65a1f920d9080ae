"""One slice of a stored volume as a picture, with the AI's lungs or heat map laid over it."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import NotFound
from core.imaging.storage import VolumeStore

WINDOWS = {"lung": (1500, -600), "soft tissue": (400, 40), "bone": (2500, 480)}  # width, level in HU; common practice
Overlay = Literal["none", "lungs", "heat"]
OPACITY = 0.35


def slice_png(
    store: VolumeStore,
    key: str,
    z: int,
    *,
    window: str,
    overlay: Overlay = "none",
    weights: str = "",
    heat_slices: tuple[int, ...] = (),
) -> bytes:
    """Return slice `z` (0 = apex) as PNG in one of WINDOWS, patient's right on the left.

    `weights` is the SHA-256 of the AI whose overlay is laid on. Raises NotFound for what is not stored.
    """
    width, level = WINDOWS[window]
    hu = store.slice(key, z).astype(np.float32)
    gray = np.clip((hu - (level - width / 2)) / width, 0, 1)
    picture = np.repeat((255 * gray).astype(np.uint8)[:, :, None], 3, axis=2)  # blue, green, red
    if overlay == "lungs":
        picture = _tint(picture, store.array_slice(key, f"lungs-{weights[:12]}", z) > 0, (210, 143, 63))
    elif overlay == "heat" and z in heat_slices:
        heat = store.array_slice(key, f"heat-{weights[:12]}", heat_slices.index(z)).astype(np.uint8)
        heat = np.asarray(cv2.resize(heat, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR))
        colours = cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO)
        part = (OPACITY * heat / 255.0)[:, :, None]
        picture = (picture * (1 - part) + colours * part).astype(np.uint8)
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise NotFound("This slice could not be drawn; open the case again.")
    return data.tobytes()


def _tint(picture: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    tinted = picture.copy()
    tinted[mask] = ((1 - OPACITY) * picture[mask] + OPACITY * np.array(colour)).astype(np.uint8)
    return tinted
