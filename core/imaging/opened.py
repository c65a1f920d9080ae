"""Opened arrays and indexes of volumes, kept so that a slice costs no reading of metadata."""

import threading
from collections import OrderedDict
from typing import Any

OPENED = 64  # kept open; each holds only metadata


class Opened:
    """The least recently used is closed first.

    A stamp tells whether it is still the one that was opened: another process may have replaced it.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, name: str, stamp: int = 0) -> Any:
        """Return what is held of this name and stamp; None where nothing is."""
        with self._lock:
            found = self._held.get((key, name))
            if found is None or found[0] != stamp:
                return None
            self._held.move_to_end((key, name))
            return found[1]

    def keep(self, key: str, name: str, opened: Any, stamp: int = 0) -> None:
        """Hold something opened."""
        with self._lock:
            self._held[(key, name)] = (stamp, opened)
            while len(self._held) > OPENED:
                self._held.popitem(last=False)

    def forget(self, key: str, name: str | None = None) -> None:
        """Let go of one, or of everything of a volume."""
        with self._lock:
            for known in [known for known in self._held if known[0] == key and name in (None, known[1])]:
                del self._held[known]
