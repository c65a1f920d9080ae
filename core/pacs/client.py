"""A DICOMweb server as the pages see it: search, series, fetch, send. Nothing it answers is parsed in this process.

Each request runs in a child process with limits of memory and time (core.pacs.child), as uploads do. Credentials go to
it through its standard input.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.child import start
from core.errors import InvalidInput, ParallaxError
from core.pacs.results import CaseResults
from core.progress import Progress, ignore

SILENCE_S = 90.0  # without a word of progress a request is given up
NO_ANSWER = "The PACS did not answer in time; try again, or ask whoever runs it."


@dataclass(frozen=True, slots=True)
class Address:
    """Where a DICOMweb server is, and how one signs in: user name and password, or a bearer token, or neither."""

    url: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def check(self) -> None:
        """Raise InvalidInput where this is no address of a DICOMweb server."""
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            valid = False
        if not valid or len(self.url) > 500 or "@" in self.url or any(letter.isspace() for letter in self.url):
            raise InvalidInput("Give the address as https://host/dicom-web, without user name and password in it.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What studies are searched for. Names and numbers may have * in them; dates are YYYYMMDD or YYYYMMDD-YYYYMMDD."""

    patient_id: str = ""
    patient_name: str = ""
    accession: str = ""
    dates: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study of a PACS. It identifies a patient: shown to who searches, stored nowhere in clear."""

    uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    date: str = field(repr=False)
    description: str = field(repr=False)
    accession: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series of a study of a PACS."""

    study: FoundStudy = field(repr=False)
    uid: str = field(repr=False)
    number: str
    description: str = field(repr=False)
    modality: str
    images: int

    @property
    def source(self) -> str:
        """How the case register names it."""
        study = self.study
        said = [study.patient_name, study.patient_id, study.date, study.description, self.number, self.description]
        return "PACS: " + ", ".join(part for part in said if part)


def check(address: Address) -> None:
    """Ask the server for one study; raises ParallaxError with what is wrong."""
    _ask({"do": "search", "limit": 1}, address)


def search(address: Address, asked: Asked, *, limit: int = 100) -> list[FoundStudy]:
    """Return the CT studies that match, newest first, `limit` at most."""
    found = _ask({"do": "search", "limit": limit, "asked": asdict(asked)}, address)["studies"]
    return [FoundStudy(**study) for study in found]


def series_of(address: Address, study: FoundStudy) -> list[FoundSeries]:
    """Return the CT series of a study, by number."""
    found = _ask({"do": "series", "study": study.uid}, address)["series"]
    return [FoundSeries(study=study, **series) for series in found]


def fetch(
    address: Address,
    study_uid: str,
    series_uid: str,
    folder: Path,
    *,
    on_progress: Progress = ignore,
    ended: Callable[[], bool] = bool,
) -> int:
    """Write the images of a series as files into a folder; return how many. `ended` says whether to give up."""
    request = {"do": "fetch", "study": study_uid, "series": series_uid, "folder": str(folder)}
    return int(_ask(request, address, on_progress, ended)["images"])


def send(address: Address, study_uid: str, series_uid: str, results: CaseResults) -> list[str]:
    """Make SR and SEG of results for a series that the server has, store them there, and return their UIDs."""
    request = {"do": "send", "study": study_uid, "series": series_uid, "results": results.as_dict()}
    return list(_ask(request, address)["stored"])


def write(results: CaseResults, folder: Path, *, volume: Path | None = None) -> list[str]:
    """Write SR and SEG of a case into a folder, and with a volume's HU (numpy file) its images; return the names."""
    request = {"do": "write", "folder": str(folder), "results": results.as_dict(), "volume": str(volume or "")}
    return list(_ask(request, None)["files"])


def _ask(
    request: dict[str, Any],
    address: Address | None,
    on_progress: Progress = ignore,
    ended: Callable[[], bool] = bool,
) -> dict[str, Any]:
    """Run a request in a child process; raises ParallaxError with its reason."""
    if address is not None:
        address.check()
        request = request | {"address": asdict(address)}
    child = start("core.pacs.child")
    assert child.stdin is not None
    assert child.stdout is not None
    answer: dict[str, Any] = {}
    try:
        child.stdin.write(json.dumps(request) + "\n")
        child.stdin.close()
        while not ended():
            timer = threading.Timer(SILENCE_S, child.kill)
            timer.start()
            try:
                line = child.stdout.readline()
            finally:
                timer.cancel()
            answer = json.loads(line) if line.endswith("\n") else {"refused": NO_ANSWER}
            if "progress" not in answer:
                break
            on_progress(*answer["progress"])
        else:
            answer = {"refused": "It was stopped before everything was fetched."}
    except (OSError, ValueError):
        answer = {"refused": NO_ANSWER}
    finally:
        child.kill()
        child.stdout.close()
        child.wait()
    if "refused" in answer:
        raise ParallaxError(answer["refused"])
    return answer
