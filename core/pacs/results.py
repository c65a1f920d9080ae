"""What of a case is given back as DICOM: AI reads, readers' reads with their marks, and the lungs that an AI outlined.

Plain values that cross to the child process as JSON.
"""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A class of the study as a code: SNOMED CT where the label is a known one, else a code of this project."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class AiResult:
    """An AI read. `call` is empty for a failed one, and `failure` then says why. Probabilities are by label."""

    name: str
    version: str
    sha256: str
    rule: str
    call: Diagnosis | None
    failure: str
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class ReaderResult:
    """A locked read of a person, named by the pseudonym of the study. Marks are as core.study.answers has them."""

    reader: str
    arm: str
    session: int
    attempt: int
    call: Diagnosis | None
    marks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class CaseResults:
    """All that goes back for one case. `seed` makes the UIDs: the same results have the same ones.

    shape is (z, y, x), affine as core.imaging.volume.Volume has it. `lungs` is a file of the AI's outline of the lungs
    (numpy, uint8 (z, y, x): 1 right, 2 left), empty without one.
    """

    seed: str
    number: int
    study: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    z_mm: tuple[float, ...]
    affine: tuple[tuple[float, ...], ...]
    attributes: dict[str, Any]
    ais: tuple[AiResult, ...]
    readers: tuple[ReaderResult, ...]
    lungs: str = ""
    lungs_by: str = ""  # name and version of the AI that outlined them

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def results_from(data: dict[str, Any]) -> CaseResults:
    """Return what `as_dict` wrote."""
    ais = tuple(AiResult(**{**ai, "call": _diagnosis(ai["call"])}) for ai in data["ais"])
    readers = tuple(
        ReaderResult(**{**one, "call": _diagnosis(one["call"]), "marks": tuple(one["marks"])})
        for one in data["readers"]
    )
    places = {name: tuple(data[name]) for name in ("shape", "spacing_mm", "z_mm")}
    affine = tuple(tuple(row) for row in data["affine"])
    return CaseResults(**{**data, **places, "affine": affine, "ais": ais, "readers": readers})


def _diagnosis(data: dict[str, str] | None) -> Diagnosis | None:
    return Diagnosis(**data) if data else None
