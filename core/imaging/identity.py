"""What may be kept of a file's header, and the patient's key. Everything not named here is never even read."""

import hashlib
import hmac
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from core.imaging.vendors import known_kernel, known_maker, known_model
from core.imaging.volume import OLDEST, Attributes

IDENTIFYING = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "OtherPatientIDs",
    "AccessionNumber",
    "DeviceSerialNumber",
)  # read only to make the patient's key and to keep their words out of the free texts below
KEPT = (
    "PatientSex",
    "PatientAge",
    "Manufacturer",
    "ManufacturerModelName",
    "ConvolutionKernel",
    "KVP",
    "SliceThickness",
    "PatientPosition",
)
POSITIONS = {"HFS", "HFP", "HFDL", "HFDR", "FFS", "FFP", "FFDL", "FFDR"}
NOBODY = {"", "0", "anon", "anonymous", "anonymized", "anonymised", "unknown", "none", "na", "n/a", "id", "patient"}
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
LONGEST = 2**16  # bytes of a value that is read; the values of interest have tens
FILLED = {"999", "998"}  # fillers of an age that nobody knows
OLDEST_EVER = 125  # years; a higher age is a filler too


class Identity:
    """Which patient a series is of, as bytes that never leave memory: not by repr, not by pickle."""

    __slots__ = ("_bytes",)

    def __init__(self, kind: str, *parts: str | bytes) -> None:
        encoded = [part if isinstance(part, bytes) else part.encode(errors="replace") for part in (kind, *parts)]
        self._bytes = b"\0".join(encoded)

    def key(self, secret: bytes) -> str:
        """Return the patient's key: HMAC-SHA256 under the installation's secret, hex."""
        return hmac.new(secret, self._bytes, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "Identity(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an identity stays in memory")


def identity_of(dataset: Dataset, study: str) -> Identity:
    """Return the patient's identity: the PatientID and its issuer, or the study where the ID says nothing."""
    patient = text_of(dataset, "PatientID")
    if patient.casefold() in NOBODY:
        return Identity("study", study)
    return Identity("patient", text_of(dataset, "IssuerOfPatientID"), patient)


def attributes_of(dataset: Dataset, *, kernel: str, kvp: float | None, thickness_mm: float | None) -> Attributes:
    """Return what may be kept. Texts that hold a word of the patient's name or numbers are left out."""
    words = _identifying_words(dataset)
    position = text_of(dataset, "PatientPosition").upper()
    lying = ""
    if position[2:] == "P":
        lying = ", prone"
    elif position[2:] in ("DL", "DR"):
        lying = ", on the side"
    sex = text_of(dataset, "PatientSex").upper()
    known = position if position in POSITIONS else None
    return Attributes(
        sex=sex if sex in ("M", "F", "O") else None,
        age=_age(text_of(dataset, "PatientAge")),
        manufacturer=_harmless(known_maker(text_of(dataset, "Manufacturer")), words),
        model=_harmless(known_model(text_of(dataset, "ManufacturerModelName")), words),
        kernel=_harmless(known_kernel(kernel), words),
        kvp=kvp if kvp is not None and 0 < kvp <= 500 else None,
        thickness_mm=thickness_mm if thickness_mm is not None and 0 < thickness_mm <= 100 else None,
        patient_position=known,
        orientation=f"axial{lying if known else ''}",
    )


def text_of(dataset: Dataset, keyword: str) -> str:
    """Return an element as text, several values joined by "/", or "" where it is absent or unreadable."""
    value = value_of(dataset, keyword)
    if value is None:
        return ""
    if isinstance(value, (MultiValue, list, tuple)):
        return "/".join(str(part).strip() for part in value)
    return str(value).strip().strip("\0")


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """Return an element as a finite number, or None where it is absent or unreadable."""
    values = numbers_of(dataset, keyword)
    return values[0] if values else None


def numbers_of(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return an element's values as finite numbers, or () where it is absent or any value is unreadable.

    Exports by programs of some countries write decimal commas, "0,75"; they are read.
    """
    value = value_of(dataset, keyword)
    if value is None:
        return ()
    several: Iterable[Any] = value if isinstance(value, (MultiValue, list, tuple)) else (value,)
    try:
        numbers = tuple(_number(part) for part in several)
    except (TypeError, ValueError, OverflowError):
        return ()
    return numbers if all(math.isfinite(number) for number in numbers) else ()


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return an element's value, or None where it is absent, absurdly long, or its bytes cannot be converted."""
    try:
        raw = dataset.get_item(keyword)
        if isinstance(raw, RawDataElement) and raw.VR != "SQ" and len(raw.value or b"") > LONGEST:
            return None
        return dataset.get(keyword)
    except Exception:  # noqa: BLE001 - conversion of damaged bytes raises anything; unreadable is absent
        return None


def _number(value: Any) -> float:
    text = value.strip() if isinstance(value, str) else ""
    return float(text.replace(",", ".")) if DECIMAL_COMMA.fullmatch(text) else float(value)


def _age(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,3})([YMWD])", text.upper())
    if not match or match[1] in FILLED:
        return None
    number, unit = int(match[1]), match[2]
    years = number // {"Y": 1, "M": 12, "W": 52, "D": 365}[unit]
    return min(years, OLDEST) if years <= OLDEST_EVER else None


def _identifying_words(dataset: Dataset) -> set[str]:
    words: set[str] = set()
    for keyword in IDENTIFYING:
        words |= set(re.split(r"[\s^=,/]+", text_of(dataset, keyword).casefold()))
    return {word for word in words if len(word) >= 4}


def _harmless(text: str | None, words: set[str]) -> str | None:
    if text is None:
        return None
    folded = text.casefold()
    return None if any(word in folded for word in words) else text
