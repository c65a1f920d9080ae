"""The measuring command prints one JSON object."""

import json

from typer.testing import CliRunner

from core.__main__ import build_app
from tests import dicom_builder as build


def test_bench_ingest_prints_one_object(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(build.chest_zip(slices=8, size=32))
    result = CliRunner().invoke(build_app(), ["bench", "ingest", str(archive), "--json"])
    figures = json.loads(result.stdout)
    assert (figures["slices"], figures["rows"], figures["source"]) == (8, 32, "given")
    assert 0 < figures["scan_s"] + figures["load_s"] + figures["store_s"] <= figures["total_s"] + 0.01
    assert str(tmp_path) not in result.stdout
