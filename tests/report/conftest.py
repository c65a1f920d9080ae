"""The studies that panels are compared on, made once for all files."""

from tests.report.commanded import case

__all__ = ["case"]
