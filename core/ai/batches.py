"""Feeding a network: batches prepared one ahead in a thread, sized by free memory. Loads torch only for CUDA."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
from numpy.typing import NDArray

CPU_BATCH = 16  # slices; more are no quicker on a CPU
GPU_BATCH = 32  # slices; few enough that the next ones are prepared while a GPU works on these
PIXEL_BYTES = 1000.0  # memory a pixel of a slice takes in either network at most, activations included


def batch_size(device: str, side: int) -> int:
    """Return how many slices of side x side pixels go through a network at once, in a quarter of the free memory."""
    if device.startswith("cuda"):
        import torch

        free = torch.cuda.mem_get_info(device)[0]
        most = GPU_BATCH
    else:
        free, most = psutil.virtual_memory().available, CPU_BATCH
    return int(min(max(free / 4 / (PIXEL_BYTES * side * side), 1), most))


def batches(
    count: int, size: int, make: Callable[[int], NDArray[np.uint8]]
) -> Iterator[tuple[range, NDArray[np.uint8]]]:
    """Yield (which, stacked) for 0..count-1 in batches; the next batch is made while the caller works on this one."""
    parts = [range(start, min(start + size, count)) for start in range(0, count, size)]

    def stack(part: range) -> NDArray[np.uint8]:
        return np.stack([make(n) for n in part])

    with ThreadPoolExecutor(1) as ahead:
        coming = [ahead.submit(stack, part) for part in parts[:1]]
        for number, part in enumerate(parts):
            ready = coming.pop().result()
            if number + 1 < len(parts):
                coming.append(ahead.submit(stack, parts[number + 1]))
            yield part, ready


def settle(device: str) -> None:
    """Return once the device has done all it was given, so that the clock can be read; a CPU always has."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(device)
