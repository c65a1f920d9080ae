"""An Orthanc of its own on loopback, with DICOMweb and a password, for tests; they skip where it is not installed."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
import requests

from core.pacs.client import Address

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
SIGN_IN = ("parallax", "orthanc password")


@dataclass(frozen=True, slots=True)
class Orthanc:
    """A running server."""

    url: str

    @property
    def address(self) -> Address:
        return Address(f"{self.url}/dicom-web", *SIGN_IN)

    def put(self, data: bytes) -> None:
        requests.post(f"{self.url}/instances", data=data, auth=SIGN_IN, timeout=30).raise_for_status()

    def instances(self, modality: str) -> list[pydicom.Dataset]:
        """Every stored object of a modality."""
        found = []
        for series in self._get("series?expand").json():
            if series["MainDicomTags"]["Modality"] == modality:
                found += [self._get(f"instances/{one}/file").content for one in series["Instances"]]
        return [pydicom.dcmread(BytesIO(data)) for data in found]

    def _get(self, path: str) -> requests.Response:
        answer = requests.get(f"{self.url}/{path}", auth=SIGN_IN, timeout=30)
        answer.raise_for_status()
        return answer


@contextmanager
def running(folder: Path) -> Iterator[Orthanc]:
    """Run Orthanc as long as the context lasts."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        if os.environ.get("PARALLAX_REQUIRE_ORTHANC"):
            pytest.fail("Orthanc with its DICOMweb plugin is not installed")
        pytest.skip("Orthanc with its DICOMweb plugin is not installed (Debian: orthanc, orthanc-dicomweb)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "db").mkdir()
    settings = {
        "StorageDirectory": str(folder / "db"), "IndexDirectory": str(folder / "db"), "HttpPort": port,
        "DicomServerEnabled": False, "RemoteAccessAllowed": False, "AuthenticationEnabled": True,
        "RegisteredUsers": dict([SIGN_IN]), "Plugins": [str(PLUGIN)], "SaveJobs": False, "StorageCompression": False,
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=log, stderr=subprocess.PIPE, text=True
        )
    try:
        assert server.stderr is not None
        for line in server.stderr:  # its log; nothing is waited for by the clock
            if "Orthanc has started" in line:
                break
        else:
            pytest.fail("Orthanc did not start")
        yield Orthanc(f"http://127.0.0.1:{port}")
    finally:
        server.kill()
        server.communicate()
