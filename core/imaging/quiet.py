"""Keeps the reading libraries silent: their warnings and logs quote tag values and file names, which may identify."""

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import nibabel  # sets up its logger at import, before it is silenced below
import pydicom  # likewise

from core.imaging.errors import ImagingError

T = TypeVar("T")

TOO_LARGE = "This file needs more memory to read than an image does; export the series again."

for _library in (pydicom, nibabel):
    logging.getLogger(_library.__name__).setLevel(logging.CRITICAL + 1)
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL + 1)

_lock = threading.Lock()
_entered = 0
_filters = warnings.catch_warnings()


@contextmanager
def quiet() -> Iterator[None]:
    """Drop warnings while files are read.

    warnings.catch_warnings is not for threads: two readers that overlap would restore each other's filters. The first
    reader to enter sets the filter and the last to leave restores it.
    """
    global _entered, _filters  # the filters of a process are global themselves
    with _lock:
        if _entered == 0:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.simplefilter("ignore")
        _entered += 1
    try:
        yield
    finally:
        with _lock:
            _entered -= 1
            if _entered == 0:
                _filters.__exit__(None, None, None)


def guarded(read: Callable[[], T], reason: str) -> T:
    """Return read(); whatever a reading library raises becomes ImagingError(reason).

    The error is raised outside the handler, so that not even its context holds the library's message.
    """
    try:
        return read()
    except ImagingError:
        raise
    except MemoryError:
        failure = ImagingError(TOO_LARGE)
    except Exception:  # noqa: BLE001 - damaged input raises anything, and its message may quote a name
        failure = ImagingError(reason)
    raise failure
