"""The pixels of a case, outward from where it opens: raw, or as they are stored, which src/viewer/stream.js reads."""

import gzip
from collections.abc import AsyncIterator, Callable

import numpy as np
from numcodecs import zstd
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

HEADERS = {
    # said aloud, or every answer over a kilobyte would be compressed on its way, which takes seconds
    "Content-Encoding": "identity",
    "Cache-Control": "no-store, private",
    "X-Content-Type-Options": "nosniff",  # or a browser holds back the first kilobyte to guess what it is
}


def outward(first: int, n: int) -> list[int]:
    """Return first, first+1, first-1, first+2, ...: every index of n once."""
    order = [first]
    for step in range(1, n):
        order += [index for index in (first + step, first - step) if 0 <= index < n]
    return order


def held(text: str, n: int) -> list[bool]:
    """Return which of n slices a browser has, from hexadecimal digits of four slices each; raises ValueError."""
    if len(text) > (n + 3) // 4:
        raise ValueError(text)
    bits = "".join(f"{int(digit, 16):04b}" for digit in text)
    return [place < len(bits) and bits[place] == "1" for place in range(n)]


async def frames(reads: list[Callable[[], bytes]], *, inflated: bool) -> AsyncIterator[bytes]:
    """Yield images as they are stored, each a zstd frame; `inflated` for browsers that do not undo zstd themselves.

    Like `slices` it owns nothing that would have to be ended.
    """

    def image(read: Callable[[], bytes]) -> bytes:
        return bytes(zstd.decompress(read())) if inflated else read()

    for read in reads:
        yield await run_in_threadpool(image, read)


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
