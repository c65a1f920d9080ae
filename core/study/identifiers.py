"""Spots what looks like an identifier in the few texts people type about cases."""

import re

NAME = "a person's name"
_LOOKS = (
    (re.compile(r"\^"), "a DICOM name"),
    (re.compile(r"\S+@\S+"), "an e-mail address"),
    (re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b(19|20)\d{2}[./-]?\d{2}[./-]?\d{2}\b"), "a date"),
    (re.compile(r"\d{5,}"), "a number long enough to be a patient's"),
    (re.compile(r"\.(dcm|nii|gz|zip|ima)\b", re.IGNORECASE), "a file name"),
    (re.compile(r"\b(\d+\.){4,}\d+\b"), "a DICOM UID"),
    (re.compile(r"\b[A-Z][a-z]+,? [A-Z][a-z]+\b"), NAME),
)


def identifying(text: str, *, names: bool = True) -> str | None:
    """Return what a short text looks like if it might identify a patient, such as "a date", else None.

    Without `names` two words with capitals are let be: in sentences and labels they are seldom somebody.
    """
    found = (what for pattern, what in _LOOKS if pattern.search(text))
    return next((what for what in found if names or what != NAME), None)
