"""The process that parses what somebody uploads: started by core.imaging.intake, within limits, ended with its upload.

One JSON object a line comes in on stdin: {"do": "scan", ...} first, then {"do": "picture", "key": ...} and
{"do": "read", "key": ...} for each series that is wanted. One JSON object a line goes out: {"progress": [done, total]}
while it works, then the answer.
"""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from core.imaging.budget import limit_memory
from core.imaging.decoding import highest_mb, peak_mb
from core.imaging.errors import ImagingError
from core.imaging.geometry import Stack
from core.imaging.read import SeriesCandidate, load, scan
from core.imaging.removed import record_of
from core.imaging.source import Source, sources_from_descriptor, sources_from_path, sources_from_paths
from core.imaging.spread import series_keys
from core.imaging.thumbnail import picture_of
from core.imaging.volume import Volume

MEMORY = 5 * 2**30  # bytes; the largest volume that is read takes 2 GB
BASE = 2**30  # bytes besides what is proportional to the upload
A_BYTE = 40  # bytes of memory for each byte of the upload: packed 8 times, and held in five forms at once


class _Child:
    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self._found: dict[str, SeriesCandidate] = {}

    def scan(self, request: dict[str, Any]) -> dict[str, Any]:
        _limit(request)
        sources = _sources(request)
        found = scan(sources, on_progress=self._progress, strict=bool(request.get("strict")))
        self._found = {series.key: series for series in found.series}
        return {
            "series": [_listed(series) for series in found.series],
            "rejected": [
                {
                    "place": rejection.place,
                    "reason": rejection.reason,
                    "files": rejection.files,
                    "origin": rejection.origin,
                }
                for rejection in found.rejected
            ],
        }

    def read(self, request: dict[str, Any]) -> dict[str, Any]:
        candidate = self._found[request["key"]]
        volume = load(candidate, on_progress=self._progress)
        storage_key = None
        if request.get("store"):
            from core.imaging.storage import VolumeStore  # takes half a second, and is not needed for looking

            storage_key = VolumeStore(request["store"]).put(volume)
        secret = request.get("secret")
        return {
            **_shown(volume),
            "record": _record(candidate),
            "storage_key": storage_key,
            "patient_key": candidate.patient_key(bytes.fromhex(secret)) if secret else None,
        }

    def series_keys(self, request: dict[str, Any]) -> dict[str, Any]:
        _limit(request)
        return {"keys": series_keys([Path(path) for path in request["paths"]])}

    def picture(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"picture": base64.b64encode(picture_of(self._found[request["key"]].content)).decode()}

    def _progress(self, done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            self.say({"progress": [done, total]})

    def say(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


def _limit(request: dict[str, Any]) -> None:
    """Let this process allocate what an upload of this size may take."""
    limit_memory(min(MEMORY, BASE + A_BYTE * int(request["size"])))


def _sources(request: dict[str, Any]) -> list[Source]:
    if "path" in request:
        return sources_from_path(request["path"])
    if "paths" in request:
        return sources_from_paths([Path(path) for path in request["paths"]])
    return sources_from_descriptor(request["descriptor"], [(name, size) for name, size in request["files"]])


def _listed(candidate: SeriesCandidate) -> dict[str, Any]:
    numbers = (
        {frame.source.number for frame in candidate.content.frames} if isinstance(candidate.content, Stack) else set()
    )
    return {
        "key": candidate.key,
        "slices": candidate.slices,
        "thickness_mm": candidate.thickness_mm,
        "kernel": candidate.kernel,
        "orientation": candidate.orientation,
        "spacing_mm": candidate.spacing_mm,
        "coverage_mm": candidate.coverage_mm,
        "place": candidate.place,
        "files": len(numbers) or 1,
        "preselected": candidate.preselected,
        "origin": candidate.origin,
        "warnings": candidate.warnings,
    }


def _record(candidate: SeriesCandidate) -> dict[str, Any]:
    content = candidate.content
    if not isinstance(content, Stack):
        return {"kept": [], "replaced": [], "removed": ["the header, but for size and position"], "private": 0}
    with content.frames[0].source.open() as stream:
        return asdict(record_of(stream))


def _shown(volume: Volume) -> dict[str, Any]:
    little = volume.hu.astype("<i2", copy=False)
    return {
        "hu": {
            "min": int(volume.hu.min()),
            "max": int(volume.hu.max()),
            "mean": round(float(volume.hu.mean()), 3),
            "sha256": hashlib.sha256(little.tobytes() if not little.flags.c_contiguous else little.data).hexdigest(),
        },
        "content_hash": volume.content_hash,
        "shape": volume.hu.shape,
        "spacing_mm": volume.spacing_mm,
        "z_mm": volume.z_mm,
        "affine": volume.affine,
        "attributes": asdict(volume.attributes),
    }


def serve(requests: Iterable[str], answers: TextIO) -> None:
    """Answer each request; whatever else a library raises is damage, and says nothing of the file."""
    child = _Child(answers)
    verbs = {"scan": child.scan, "read": child.read, "picture": child.picture, "series_keys": child.series_keys}
    for line in requests:
        request = json.loads(line)
        try:
            answer = verbs[request["do"]](request)
        except ImagingError as error:
            answer = {"refused": str(error)}
        except MemoryError:
            answer = {"too_large": True}
        answer["peak_mb"] = max(highest_mb(os.getpid()), peak_mb())
        child.say(answer)


if __name__ == "__main__":
    limit_memory(BASE)  # until a request says how much there is to read
    answers_only = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    serve(sys.stdin, answers_only)
