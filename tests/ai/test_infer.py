"""infer and bench ai, as people and scripts call them."""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import build_app, main
from core.ai.bench import run_peer
from core.ai.parameters import CLASSES
from core.cli import ai as commands
from core.errors import InvalidInput
from core.imaging.synthetic import small_chest
from core.imaging.write import write_series
from tests.ai.build import small_model

KEYS = {"call", "probabilities", "counts", "slices", "lung_volume_ml", "timings", "device", "model", "parameters"}
CHEST = small_chest(slices=12, size=64, lesion="cap", seed=2)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    write_series(CHEST, folder, uid_seed="infer", patient_id="x")
    return folder


@pytest.fixture
def shipped(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.engines.ready_model", lambda *_, **__: small_model())


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(build_app(), list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.usefixtures("shipped")
def test_infer_prints_one_object_with_all_that_scripts_rely_on(case: Path, tmp_path: Path) -> None:
    masks = tmp_path / "lungs.npz"
    found = json.loads(invoke("infer", str(case), "--json", "--masks", str(masks)))
    assert set(found) >= KEYS
    assert set(found["timings"]) >= {"read", "lungs", "slices", "total"}
    assert set(found["model"]) == {"name", "version", "sha256"}
    assert [s["index"] for s in found["slices"]] == list(range(12))
    assert [s["kept"] for s in found["slices"]] == [False] + [True] * 10 + [False]
    assert all((s["probabilities"] is None) is not s["kept"] for s in found["slices"])
    assert all(list(s["probabilities"]) == list(CLASSES) for s in found["slices"] if s["kept"])
    assert any("slices" in sentence for sentence in found["warnings"])
    assert found["slices"][0]["z_mm"] > found["slices"][-1]["z_mm"]
    stages = found["timings"]
    assert stages["total"] >= stages["read"] + stages["lungs"] + stages["slices"]
    lungs = np.load(masks)["lungs"]
    assert lungs.shape == CHEST.hu.shape
    assert set(np.unique(lungs)) <= {0, 1, 2}


@pytest.mark.usefixtures("shipped")
def test_infer_tells_people_the_call_and_what_it_is(case: Path) -> None:
    assert "research demonstration" in invoke("infer", str(case), "--rule", "run-length")


@pytest.mark.usefixtures("shipped")
def test_infer_tells_what_it_left_out_and_keeps_it_from_the_object(tmp_path: Path) -> None:
    write_series(CHEST, tmp_path / "case", uid_seed="infer", patient_id="x")
    (tmp_path / "case" / "note.txt").write_text("no CT")
    result = CliRunner().invoke(build_app(), ["infer", str(tmp_path / "case"), "--json"], catch_exceptions=False)
    (sentence,) = json.loads(result.stdout)["left_out"]
    assert sentence in result.stderr
    assert "This is not a DICOM or NIfTI file" in sentence


@pytest.mark.usefixtures("shipped")
def test_bench_ai_prints_stages_and_memory(case: Path) -> None:
    found = json.loads(invoke("bench", "ai", str(case), "--json"))
    assert found["slices"] == 12
    assert found["kept"] == 10
    assert found["peak_memory_mb"] > 0
    assert found["totals"] == [found["timings"]["total"]]


@pytest.mark.usefixtures("shipped")
def test_bench_ai_reads_several_times_and_shows_the_median(case: Path) -> None:
    found = json.loads(invoke("bench", "ai", str(case), "--runs", "3", "--json"))
    assert len(found["totals"]) == 3
    assert found["timings"]["total"] == sorted(found["totals"])[1]
    told = invoke("bench", "ai", str(case), "--runs", "2")
    assert "totals of the runs in order: " in told


@pytest.mark.usefixtures("shipped")
def test_a_slice_that_is_found_damaged_while_reading_leaves_a_sentence_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_series(CHEST, tmp_path / "case", uid_seed="infer", patient_id="x")
    files[8].write_bytes(files[8].read_bytes()[:-3000])
    masks = tmp_path / "lungs.npz"
    monkeypatch.setattr(sys, "argv", ["parallax", "infer", str(tmp_path / "case"), "--masks", str(masks)])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr()
    assert stop.value.code == 2
    assert told.out == ""
    assert "File 9 of 12: The pixels of this image are cut short or damaged" in told.err
    assert not masks.exists()


def broken_zip(folder: Path) -> Path:
    path = folder / "case.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    return path


def short(folder: Path) -> Path:
    write_series(small_chest(slices=5, size=64), folder / "short", uid_seed="short", patient_id="x")
    return folder / "short"


def text_zip(folder: Path) -> Path:
    path = folder / "text.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no CT")
    return path


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("make", [broken_zip, short, text_zip, empty, lambda folder: folder / "missing"])
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(
    make: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    monkeypatch.setattr(sys, "argv", ["parallax", "infer", str(path), "--json"])
    with pytest.raises(SystemExit) as stop:
        main()
    told = capsys.readouterr()
    assert stop.value.code == 2
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert told.err.strip().endswith(".")
    assert "Traceback" not in told.err


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"rule": "best"}, "no patient rule named best"),
        ({"precision": "int4"}, "fast or fp32"),
        ({"masks": Path("/nowhere/at/all.npz")}, "make it first"),
    ],
)
def test_wrong_choices_are_refused_before_anything_is_read(
    case: Path, arguments: dict[str, object], sentence: str
) -> None:
    chosen: dict[str, object] = {"rule": "paper", "model": "", "device": "", **arguments}
    with pytest.raises(InvalidInput, match=sentence):
        commands.read(case, **chosen)  # type: ignore[arg-type]


def test_the_peer_is_asked_for_in_words_where_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Path
) -> None:
    monkeypatch.setenv("PARALLAX_SHARED", str(tmp_path))
    with pytest.raises(InvalidInput, match="peer script is not on this machine"):
        run_peer(case, "")
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "peer_ai.py").write_text("import lungmask_that_is_missing\n")
    with pytest.raises(InvalidInput, match="pip install lungmask"):
        run_peer(case, "")
    (tmp_path / "bench" / "peer_ai.py").write_text('print(\'{"slices": 12, "total": 3.0}\')\n')
    assert run_peer(case, "")["total"] == 3.0
