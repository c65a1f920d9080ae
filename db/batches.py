"""Ids cut into lists short enough for the parameters of one statement."""

from collections.abc import Iterator, Sequence

BATCH = 1000  # ids in one statement


def batched(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the ids in lists of at most BATCH."""
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
