"""The pixel stream of a case: its slices outward from where it opens. src/viewer/stream.js is the other side."""

import gzip
from collections.abc import AsyncIterator, Callable

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

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


async def slices(read: Callable[[int], NDArray[np.int16]], order: list[int]) -> AsyncIterator[memoryview]:
    """Yield int16 little-endian slices (y, x) in HU, one chunk a slice, in `order`.

    Each slice is read in a thread of the server's pool when it is its turn. The generator owns no thread and waits for
    nothing when it is closed: an abandoned stream may be collected on any thread, also on the one that reads volumes.
    """

    def chunk(index: int) -> memoryview:
        return np.ascontiguousarray(read(index), dtype="<i2").reshape(-1).view(np.uint8).data

    for index in order:
        yield await run_in_threadpool(chunk, index)


def packed(array: NDArray[np.uint8]) -> bytes:
    """Return an array gzipped at the fastest level: masks are mostly zero and shrink a hundredfold in a moment."""
    return gzip.compress(np.ascontiguousarray(array).tobytes(), compresslevel=1, mtime=0)
