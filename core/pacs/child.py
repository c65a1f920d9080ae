"""The process that talks to one DICOMweb server for one request, with a limit of memory.

It reads a JSON request from the standard input and answers with JSON objects, one a line: progress, then the answer.
"""

import base64
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset

from core.errors import ParallaxError
from core.imaging.budget import limit_memory
from core.pacs.results import results_from

MEMORY = 3 * 2**30  # bytes
TIMEOUT = (10, 60)  # seconds to connect, and without a byte
ANY_SYNTAX = (("application/dicom", "*"),)  # as the server has it
STUDY_FIELDS = ("StudyDescription", "PatientName", "PatientID", "StudyDate", "AccessionNumber")
SERIES_FIELDS = ("SeriesDescription", "SeriesNumber", "Modality", "NumberOfSeriesRelatedInstances")
REFUSED = {
    401: "The PACS does not accept the user name, password or token; mend the connection.",
    403: "The PACS does not let this account do that; ask whoever runs it.",
    404: "The PACS has nothing at this address; check the address of its DICOMweb service.",
}


class _SignIn(requests.auth.AuthBase):
    """Signs requests in as an address says, never by a .netrc file; writes * and ^ plainly, as some servers need it."""

    def __init__(self, address: dict[str, str]) -> None:
        self._headers: dict[str, str] = {}
        if address["token"]:
            self._headers["Authorization"] = f"Bearer {address['token']}"
        elif address["username"]:
            both = f"{address['username']}:{address['password']}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        request.url = (request.url or "").replace("%2A", "*").replace("%5E", "^")
        return request


class Child:
    """Answers one request."""

    def __init__(self, answers: TextIO) -> None:
        self._answers = answers

    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the CT studies that match."""
        asked = request.get("asked", {})
        filters = {
            "PatientID": asked.get("patient_id", ""),
            "PatientName": asked.get("patient_name", ""),
            "AccessionNumber": asked.get("accession", ""),
            "StudyDate": asked.get("dates", ""),
            "StudyDescription": asked.get("description", ""),
            "ModalitiesInStudy": "CT" if asked else "",
        }
        found = _client(request).search_for_studies(
            limit=request["limit"],
            search_filters={name: text for name, text in filters.items() if text},
            fields=list(STUDY_FIELDS),
        )
        studies = [_study(Dataset.from_json(answer)) for answer in found[: request["limit"]]]
        return {
            "studies": sorted(
                (study for study in studies if study["uid"]), key=lambda study: study["date"], reverse=True
            )
        }

    def series(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the CT series of a study."""
        found = _client(request).search_for_series(request["study"], fields=list(SERIES_FIELDS))
        listed = [_series(Dataset.from_json(answer)) for answer in found]
        ct = [series for series in listed if series["modality"] in ("CT", "") and series["uid"]]
        return {"series": sorted(ct, key=lambda one: (len(one["number"]), one["number"]))}

    def fetch(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write the images of a series into a folder."""
        client, folder = _client(request), Path(request["folder"])
        total = len(client.search_for_instances(request["study"], request["series"]))
        count = 0
        for image in client.iter_series(request["study"], request["series"], media_types=ANY_SYNTAX):
            count += 1
            image.save_as(folder / f"{count:05d}.dcm", enforce_file_format=False)
            if count % 10 == 0 or count == total:
                self.say({"progress": [count, max(total, count)]})
        if count < total:
            raise ParallaxError(f"The PACS sent {count} of {total} images of this series; fetch it again.")
        return {"images": count}

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        """Make SR and SEG for a series of the server and store them there."""
        from core.pacs.objects import objects

        client, results = _client(request), results_from(request["results"])
        found = client.retrieve_series_metadata(request["study"], request["series"])
        source = [Dataset.from_json(image) for image in found]
        made = objects(results, source)
        for place, one in enumerate(made, start=1):
            answer = client.store_instances([one])
            if len(answer.get("ReferencedSOPSequence", [])) != 1:
                raise ParallaxError("The PACS did not take the SR or SEG; ask whoever runs it for what it accepts.")
            self.say({"progress": [place, len(made)]})
        return {"stored": [str(item.SOPInstanceUID) for item in made]}

    def write(self, request: dict[str, Any]) -> dict[str, Any]:
        """Write SR and SEG of a case, and its images where its volume is given, into a folder."""
        import numpy as np

        from core.pacs.objects import objects
        from core.pacs.source import deidentified_images

        results, folder = results_from(request["results"]), Path(request["folder"])
        hu = np.load(request["volume"], mmap_mode="r") if request["volume"] else None
        names = []
        for index, image in enumerate(deidentified_images(results, hu) if hu is not None else ()):
            names.append(f"CT-{index + 1:04d}.dcm")
            image.save_as(folder / names[-1], enforce_file_format=True)
        for place, one in enumerate(objects(results, list(deidentified_images(results))), start=1):
            names.append(f"{one.Modality}-{place:03d}.dcm")
            one.save_as(folder / names[-1], enforce_file_format=True)
        return {"files": names}

    def say(self, answer: dict[str, Any]) -> None:
        """Write an answer, one line."""
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


def answer_to(request: dict[str, Any], child: Child) -> dict[str, Any]:
    """Return the answer, or a sentence that says why there is none and names nobody."""
    verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "search": child.search, "series": child.series, "fetch": child.fetch, "send": child.send, "write": child.write,
    }  # fmt: skip
    try:
        return verbs[request["do"]](request)
    except ParallaxError as error:
        return {"refused": str(error)}
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        return {"refused": REFUSED.get(code, f"The PACS refused this (HTTP {code}); ask whoever runs it.")}
    except requests.TooManyRedirects:
        return {"refused": "The PACS sends this address on to another one; give that one."}
    except requests.exceptions.SSLError:
        return {"refused": "The certificate of the PACS is not trusted here; set REQUESTS_CA_BUNDLE to its authority."}
    except requests.RequestException:
        return {"refused": "The PACS cannot be reached at this address; check it, and that the server is running."}
    except MemoryError:
        return {"refused": "What the PACS sent takes more memory than fetching may; fetch fewer series at a time."}
    except Exception as error:  # whatever a library raises on what a stranger sent
        logging.getLogger(__name__).debug("request failed", exc_info=error)
        return {"refused": "What the PACS answered is no DICOMweb; check the address of its DICOMweb service."}


def _client(request: dict[str, Any]) -> DICOMwebClient:
    address = request["address"]
    session = requests.Session()
    session.max_redirects = 0  # credentials and images go to the address that was given, and nowhere else
    session.auth = _SignIn(address)
    client = DICOMwebClient(address["url"].rstrip("/"), session=session, timeout=TIMEOUT, permissive_uid=True)
    client.set_http_retry_params(retry=True, max_attempts=3, wait_exponential_multiplier=300)
    return client


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    return "" if value is None else str(value).replace("\0", "").strip()[:200]


def _study(found: Dataset) -> dict[str, str]:
    return {
        "uid": _text(found, "StudyInstanceUID"),
        "patient_id": _text(found, "PatientID"),
        "patient_name": _text(found, "PatientName"),
        "date": _text(found, "StudyDate"),
        "description": _text(found, "StudyDescription"),
        "accession": _text(found, "AccessionNumber"),
    }


def _series(found: Dataset) -> dict[str, Any]:
    return {
        "uid": _text(found, "SeriesInstanceUID"),
        "number": _text(found, "SeriesNumber"),
        "description": _text(found, "SeriesDescription"),
        "modality": _text(found, "Modality"),
        "images": int(found.get("NumberOfSeriesRelatedInstances") or 0),
    }


if __name__ == "__main__":
    limit_memory(MEMORY)
    warnings.simplefilter("ignore")
    answers_only = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    asked_for = json.loads(sys.stdin.readline())
    one_child = Child(answers_only)
    one_child.say(answer_to(asked_for, one_child))
