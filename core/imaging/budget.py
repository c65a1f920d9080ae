"""Limits of what parsing may take: processor time of one file and of an upload, memory of a process.

Time is the processor's, so that a busy machine refuses nothing that an idle one reads. The timer needs the main thread
of a process, as in the children of core.imaging.intake; elsewhere it does nothing.
"""

import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from core.imaging.errors import ImagingError

T = TypeVar("T")

FILE_S = 2.0  # of processor time; a header takes 0.01
BYTES_A_SECOND = 20e6
UPLOAD_S = 10.0
A_FILE_S = 0.05
TOO_SLOW = "This file takes far longer to read than an image does; export the series again."
TOO_LONG = "Other files of this upload took too long to read; upload this one without them."


class _Expired(BaseException):
    """Passes through `except Exception` of the reading libraries."""


class Budget:
    """The processor time that the files of one upload may take together."""

    def __init__(self, files: int, size: int) -> None:
        self._left = UPLOAD_S + A_FILE_S * files + size / BYTES_A_SECOND

    def spend(self, work: Callable[[], T], *, size: int) -> T:
        """Return work(); raises ImagingError where it takes more than a file may, or where nothing is left."""
        if self._left <= 0:
            raise ImagingError(TOO_LONG)
        start = _processor_s()
        try:
            with at_most(min(FILE_S + size / BYTES_A_SECOND, self._left)):
                return work()
        finally:
            self._left -= _processor_s() - start


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise ImagingError where the block takes more processor time than this."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    expired = False
    before = signal.signal(signal.SIGPROF, _expire)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)  # again and again: a library may catch what it should not
    try:
        yield
    except _Expired:
        expired = True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    if expired:
        raise ImagingError(TOO_SLOW)


def limit_memory(size: int) -> None:
    """Let this process and its children allocate no more than this many bytes each."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    least = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (least, hard))


def _expire(_signal: int, _frame: FrameType | None) -> None:
    raise _Expired


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
