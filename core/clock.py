"""The wall clock. Only pages, routes, jobs and commands read it; everything below is given the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)
