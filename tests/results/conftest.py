"""The studies that panels are compared on, made once for all files."""

from tests.results.commanded import case

__all__ = ["case"]
