"""A DICOM series on its way into memory: decoded in the background, apex first, while the caller works on it."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.imaging.decoding import PATIENCE_S, processes
from core.imaging.errors import ImagingError
from core.imaging.geometry import Stack
from core.imaging.pixels import COMPRESSED, CUT_SHORT, PixelReader
from core.imaging.plausible import check_hu, sampled
from core.imaging.quiet import guarded, quiet
from core.imaging.series import Rejection, place_of
from core.imaging.volume import Volume, content_hash
from core.progress import Progress, ignore


class Arriving:
    """A series whose geometry is known and checked and whose slices are being decoded; a context that ends with them.

    hu (z, y, x) int16 fills from the apex down: a slice means nothing before `wait_for` has returned for it. Leaving
    the context stops what is not decoded yet; nothing of it is kept.
    """

    def __init__(self, stack: Stack) -> None:
        self.hu: NDArray[np.int16] = np.empty(stack.shape, np.int16)
        self.spacing_mm = stack.spacing_mm
        self.z_mm = stack.z_mm
        self.attributes = stack.frames[0].attributes
        self._stack = stack
        self._readers: SimpleQueue[PixelReader] = SimpleQueue()
        self._slices: list[Future[str]] = []
        self._here = 0  # slices known to be decoded
        self._slow = False  # whether an image took too long; the others are not tried then
        self._looked = False  # whether the values are known to be HU
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        self._ending.enter_context(quiet())
        readers = [PixelReader() for _ in range(_readers(self._stack))]
        for reader in readers:
            self._readers.put(reader)
            self._ending.callback(reader.close)
        pool = ThreadPoolExecutor(len(readers), thread_name_prefix="decode")
        self._ending.callback(partial(pool.shutdown, cancel_futures=True))
        first = sampled(len(self.hu))
        order = (*first, *(index for index in range(len(self.hu)) if index not in set(first)))
        started = {index: pool.submit(self._decode, index) for index in order}
        self._slices = [started[index] for index in range(len(self.hu))]
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def wait_for(self, index: int) -> None:
        """Return once the slices from the apex to `index` are in hu.

        Raises ImagingError, naming the file by its place, where one of them is damaged or its values are not HU.
        """
        if not self._looked:
            self._look()
        while self._here <= index:
            if problem := self._slices[self._here].result():
                raise ImagingError(problem)
            self._here += 1

    def whole(self, on_progress: Progress = ignore) -> Volume:
        """Return the volume once all slices are there; progress counts them, in the caller's thread.

        Raises ImagingError as `wait_for`.
        """
        for index in range(len(self.hu)):
            self.wait_for(index)
            on_progress(index + 1, len(self.hu))
        return Volume(
            hu=self.hu,
            spacing_mm=self.spacing_mm,
            z_mm=self.z_mm,
            affine=self._stack.affine,
            attributes=self._stack.frames[0].attributes,
            content_hash=content_hash(self.hu, self.spacing_mm),
        )

    def _look(self) -> None:
        """Check by a few slices, which are decoded first, that the values are HU; damage is for who waits for it."""
        whole = [index for index in sampled(len(self.hu)) if not self._slices[index].result()]
        try:
            if whole:
                check_hu([self.hu[index] for index in whole])
        except ImagingError as error:
            place = place_of(frame.source for frame in self._stack.frames)
            failure = ImagingError(str(Rejection(place, str(error))))
        else:
            self._looked = True
            return
        raise failure

    def _decode(self, index: int) -> str:
        """Decode one image into its slice; return why it cannot be, or nothing."""
        reader, frame = self._readers.get(), self._stack.frames[index]
        begun = time.monotonic()
        try:
            if self._slow:
                raise ImagingError(CUT_SHORT)
            self.hu[index] = self._stack.reorientation.apply(guarded(partial(reader.hu, frame), CUT_SHORT))
        except ImagingError as error:
            self._slow = self._slow or time.monotonic() - begun > PATIENCE_S / 2
            return str(Rejection(frame.source.place, str(error)))
        finally:
            self._readers.put(reader)
        return ""


def _readers(stack: Stack) -> int:
    """Return how many images are decoded at once: several only where each is a compressed file of its own."""
    frames = stack.frames
    one_file_each = len({frame.source.number for frame in frames}) == len(frames)
    return processes() if one_file_each and frames[0].pixels.transfer_syntax in COMPRESSED else 1
