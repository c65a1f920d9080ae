"""Writers of one SQLite file take turns, first come, first served, within this process.

SQLite wakes whoever happens to ask next, so that under load the unlucky wait for seconds and give up. Writers of other
processes still meet in SQLite itself, one of them from each process.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from core.errors import Unavailable

PATIENCE_S = 20.0  # longer than SQLite's own patience with another process, so that one wait ends before the next
BUSY = "The database is busy for longer than usual; nothing was changed. Try again in a moment."


class Turns:
    """The queue of the writers of one database. A thread that has its turn may take it again."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.waiting: deque[threading.Event] = deque()
        self._busy = False
        self._mine = threading.local()

    @contextmanager
    def turn(self, patience: float = PATIENCE_S) -> Iterator[None]:
        """Wait for those who came before, then write; raises Unavailable after `patience` seconds."""
        if getattr(self._mine, "held", False):
            yield
            return
        self._wait(patience)
        self._mine.held = True
        try:
            yield
        finally:
            self._mine.held = False
            self._pass_on()

    def _wait(self, patience: float) -> None:
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            called = threading.Event()
            self.waiting.append(called)
        if called.wait(patience):
            return
        with self._guard:
            if called.is_set():  # called at the last moment: the turn is ours to pass on
                self._call_next()
            else:
                self.waiting.remove(called)
        raise Unavailable(BUSY)

    def _pass_on(self) -> None:
        with self._guard:
            self._call_next()

    def _call_next(self) -> None:
        if self.waiting:
            self.waiting.popleft().set()
        else:
            self._busy = False


@lru_cache(maxsize=16)
def turns_of(url: str) -> Turns:
    """Return the one queue of this process for a database."""
    return Turns()
