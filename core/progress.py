"""Progress is a callback: (done, total), in whatever the caller counts."""

from collections.abc import Callable

Progress = Callable[[int, int], None]


def ignore(done: int, total: int) -> None:
    """The default callback: nobody is watching."""
