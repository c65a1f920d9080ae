"""The error of this part. Its sentences name files by their place and never quote a tag, a value or a file name."""

from core.errors import InvalidInput


class ImagingError(InvalidInput):
    """A file, series or upload that cannot become a volume; the message says why and what to do."""
