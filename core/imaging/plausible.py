"""Does this look like CT of a body in HU? One check for every source: DICOM, NIfTI, multi-frame.

It looks at the voxels above padding (-1024 HU, which is also what everything lower was set to) in a few slices:

- some are as low as air or lungs (below -650 HU);
- some are soft tissue (-250 to 250 HU);
- few are as dense as bone or denser (above 500 HU), which an inverted or shifted picture is full of.

Stored values, 0-255 gray, normalised values, masks, material maps, inverted pictures and constants fail one of them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.imaging.errors import ImagingError

PADDING = -1024  # HU; see core.imaging.pixels
AIRY = -650  # HU; lungs at full consolidation still hold some air, and the airways do
AIRY_SHARE = 0.01  # 0.33 and more in CT of the chest, by 13 series
TISSUE = (-250, 250)  # HU
TISSUE_SHARE = 0.05  # 0.25 and more
DENSE = 500  # HU
DENSE_SHARE = 0.2  # 0.02 and less
SEEN_SHARE = 0.01  # of all voxels that are no padding
SLICES = 7  # looked at
WITHIN = (0.1, 0.85)  # of the volume, from the apex; beyond lie neck and belly
BIN = 16  # HU; about the noise of CT
HIGHEST_PIXELS = 2**17  # of a slice; larger slices are thinned
REMEDY = "export the original CT series with its rescale values"


def sampled(slices: int) -> tuple[int, ...]:
    """Return which slices of a volume are looked at, evenly spread, in rising order."""
    return tuple(sorted({int(share * slices) for share in np.linspace(*WITHIN, SLICES)}))


def check_hu(slices: Sequence[NDArray[np.int16]]) -> None:
    """Raise ImagingError where these slices (y, x) do not look like CT of a body in HU, saying what was seen."""
    thinned = [plane[:: _stride(plane), :: _stride(plane)].ravel() for plane in slices]
    every = np.concatenate(thinned)
    lowest, highest = int(every.min()), int(every.max())
    if lowest == highest:
        raise ImagingError(f"Every voxel of this volume is {lowest}, so it shows nothing; {REMEDY}.")
    seen = every[every > PADDING]
    if seen.size < SEEN_SHARE * every.size:
        raise ImagingError(f"Nearly every voxel of this volume is padding, so it shows no body; {REMEDY}.")
    middle = np.median(seen)
    if float(np.mean(seen < AIRY)) < AIRY_SHARE:
        air = _level(seen[seen <= middle])
        raise ImagingError(f"These values are not HU: air at {air}, expected about -1000; {REMEDY}.")
    if float(np.mean(seen > DENSE)) > DENSE_SHARE:
        share = 100 * float(np.mean(seen > DENSE))
        raise ImagingError(
            f"These values are not HU: {share:.0f} % are denser than bone, as in an inverted picture; {REMEDY}."
        )
    if float(np.mean((seen >= TISSUE[0]) & (seen <= TISSUE[1]))) < TISSUE_SHARE:
        tissue = _level(seen[seen >= middle])
        raise ImagingError(f"These values are not HU: soft tissue at {tissue}, expected about 40; {REMEDY}.")


def _stride(image: NDArray[np.int16]) -> int:
    return max(1, int(np.sqrt(image.size / HIGHEST_PIXELS)))


def _level(values: NDArray[np.int16]) -> int:
    """Return the level that most values lie near."""
    counts = np.bincount((values.astype(np.int32) - int(values.min())) // BIN)
    start = int(values.min()) + BIN * int(np.argmax(counts))
    return int(np.median(values[np.abs(values.astype(np.int32) - start - BIN // 2) <= 2 * BIN]))
