"""Feeding a network: batches prepared one ahead in a thread, moved to the device as bytes, sized by free memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

CPU_BATCH = 16  # slices; more are no quicker on a CPU
MOST = 256  # slices; a GPU is busy with these
SLICE_MB = 40.0  # memory one slice takes in either network at most, activations included


def batch_size(device: str) -> int:
    """Return how many slices go through a network at once, within a quarter of the device's free memory."""
    if device.startswith("cuda"):
        free = torch.cuda.mem_get_info(device)[0]
        most = MOST
    else:
        free, most = psutil.virtual_memory().available, CPU_BATCH
    return int(min(max(free / 4 / (SLICE_MB * 1e6), 1), most))


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


def to_input(gray: NDArray[np.uint8], device: str, dtype: torch.dtype) -> torch.Tensor:
    """Return gray slices (n, y, x) as network input (n, 1, y, x), 0 to 1, channels last, on the device."""
    x = torch.from_numpy(gray)[:, None]
    if device.startswith("cuda"):
        x = x.pin_memory().to(device, non_blocking=True)
    return x.float().div_(255).to(dtype).contiguous(memory_format=torch.channels_last)
