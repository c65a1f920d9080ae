"""The pixel stream of a case: its slices outward from where it opens. src/viewer/stream.js is the other side."""

import gzip
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from numpy.typing import NDArray

DECODERS = 1  # thread a stream; decoding releases the interpreter
AHEAD = 4  # slices decoded before they are asked for

HEADERS = {
    # said aloud, or every answer over a kilobyte would be compressed on its way, which takes seconds
    "Content-Encoding": "identity",
    "Cache-Control": "no-store, private",
}


def outward(first: int, n: int) -> list[int]:
    """Return first, first+1, first-1, first+2, ...: every index of n once."""
    order = [first]
    for step in range(1, n):
        order += [index for index in (first + step, first - step) if 0 <= index < n]
    return order


def slices(read: Callable[[int], NDArray[np.int16]], order: list[int]) -> Iterator[memoryview]:
    """Yield int16 little-endian slices (y, x) in HU, one chunk a slice, in `order`; a few are decoded ahead."""

    def chunk(index: int) -> memoryview:
        return np.ascontiguousarray(read(index), dtype="<i2").reshape(-1).view(np.uint8).data

    with ThreadPoolExecutor(DECODERS) as pool:
        rest = iter(order)
        waiting = deque(pool.submit(chunk, index) for index in islice(rest, AHEAD))
        while waiting:
            ready = waiting.popleft().result()
            waiting.extend(pool.submit(chunk, index) for index in islice(rest, 1))
            yield ready


def packed(array: NDArray[np.uint8]) -> bytes:
    """Return an array gzipped at the fastest level: masks are mostly zero and shrink a hundredfold in a moment."""
    return gzip.compress(np.ascontiguousarray(array).tobytes(), compresslevel=1, mtime=0)
