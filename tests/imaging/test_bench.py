"""The measuring command prints one JSON object."""

import json
import subprocess
import sys
from pathlib import Path

from tests import dicom_builder as build

ROOT = Path(__file__).parents[2]


def test_bench_ingest_prints_one_object(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(build.chest_zip(slices=8, size=32))
    # a process of its own: the command spawns another, which would begin with whatever ran here before
    command = [sys.executable, "-m", "core", "bench", "ingest", str(archive), "--json"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(result.stdout)
    assert (figures["slices"], figures["rows"], figures["source"]) == (8, 32, "given")
    assert 0 < figures["scan_s"] + figures["load_s"] + figures["store_s"] <= figures["total_s"] + 0.01
    assert str(tmp_path) not in result.stdout
