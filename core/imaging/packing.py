"""A volume in one file, slice by slice as it is sent (wire.py), with an index in front and a coarse view at the end."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ParallaxError
from core.imaging import wire

MAGIC = b"PXHU1"
HEAD = struct.Struct("<5sI")  # magic, bytes of the index
COARSE_BY, COARSE_STEP = 4, 2  # the coarse view: means of 4 x 4 pixels, every second slice; 3 % of the whole
LUNG_HU = (-950, -500)  # aerated lung, without the air around the patient
LUNG_SHARE = 0.25  # of the slice with most lung, from which a slice counts as one with lungs
DAMAGED = "This volume is damaged in the storage; upload the series again."

Read = Callable[[int, int], bytes]  # bytes from start to end of the file


@dataclass(frozen=True, slots=True)
class Index:
    """What lies where. `offsets` are from the start of the file, one a slice and the end; shape is (z, y, x)."""

    shape: tuple[int, int, int]
    offsets: tuple[int, ...]
    coarse: tuple[int, int]
    coarse_shape: tuple[int, int, int]
    lungs_middle: int

    def frame(self, read: Read, z: int) -> bytes:
        """Return one slice as it is sent."""
        return read(self.offsets[z], self.offsets[z + 1])

    def slice(self, read: Read, z: int) -> NDArray[np.int16]:
        """Return one slice, int16 HU (y, x); raises ParallaxError where it is damaged."""
        return _unpacked(self.frame(read, z), self.shape[1:])

    def hu(self, read: Read) -> NDArray[np.int16]:
        """Return the whole volume, int16 HU (z, y, x)."""
        data, first = read(self.offsets[0], self.offsets[-1]), self.offsets[0]
        out = np.empty(self.shape, np.int16)
        for z in range(self.shape[0]):
            out[z] = _unpacked(data[self.offsets[z] - first : self.offsets[z + 1] - first], self.shape[1:])
        return out


def packed(hu: NDArray[np.int16]) -> bytes:
    """Return a volume, int16 HU (z, y, x), as the bytes of its file."""
    small = coarse(hu)
    frames = [*(wire.packed(pixels) for pixels in hu), wire.packed(small.reshape(-1, small.shape[2]))]
    sizes = [len(frame) for frame in frames]
    about = {"shape": hu.shape, "sizes": sizes, "coarse": small.shape, "lungs_middle": lungs_middle(hu)}
    index = json.dumps(about).encode()
    return b"".join([HEAD.pack(MAGIC, len(index)), index, *frames])


def read_index(read: Read) -> Index:
    """Return the index of a file; raises ParallaxError where it is damaged."""
    head = read(0, HEAD.size)
    try:
        magic, length = HEAD.unpack(head)
        found = json.loads(read(HEAD.size, HEAD.size + length))
        z, y, x = found["shape"]
        coarse_z, coarse_y, coarse_x = found["coarse"]
        offsets = HEAD.size + length + np.concatenate(([0], np.cumsum(found["sizes"])))
    except (struct.error, ValueError, KeyError, TypeError):
        raise ParallaxError(DAMAGED) from None
    if magic != MAGIC or len(offsets) != z + 2:
        raise ParallaxError(DAMAGED)
    return Index(
        shape=(z, y, x),
        offsets=tuple(int(offset) for offset in offsets[:-1]),
        coarse=(int(offsets[-2]), int(offsets[-1])),
        coarse_shape=(coarse_z, coarse_y, coarse_x),
        lungs_middle=int(found["lungs_middle"]),
    )


def coarse(hu: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the coarse view of a volume, int16 (z, y, x)."""
    return wire.coarse(hu[::COARSE_STEP], COARSE_BY)


def lungs_middle(hu: NDArray[np.int16]) -> int:
    """Return the slice in the middle of the lungs, from aerated voxels in every slice; else of the volume."""
    low, high = LUNG_HU
    small = hu[:, ::4, ::4]
    counts = ((small > low) & (small < high)).sum(axis=(1, 2))
    counts = counts - counts.min()  # foam of the table is in every slice
    if counts.max() == 0:
        return len(hu) // 2
    with_lungs = np.flatnonzero(counts >= LUNG_SHARE * counts.max())
    first, last = int(with_lungs[0]), int(with_lungs[-1])
    return (first + last) // 2


def _unpacked(frame: bytes, shape: tuple[int, int]) -> NDArray[np.int16]:
    try:
        return wire.unpacked(frame, shape)
    except (RuntimeError, ValueError):
        raise ParallaxError(DAMAGED) from None
