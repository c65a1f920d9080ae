"""Which engine reads on a CPU: exported, compared with torch, timed; found again without torch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.ai import compiled, compiling, model_files
from core.ai.compiling import compile_model
from core.ai.engines import FLOAT32, ONNXRUNTIME, OPENVINO, TORCH
from core.ai.model_files import Weights, named
from core.ai.weights import load_weights
from tests.ai.build import write_model


@pytest.fixture
def weights(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")
    write_model(tmp_path / "shipped" / "base" / "1", card={"parameters": {"slice_size": 64, "lung_size": 64}})
    return named("base")


def samples() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (3, 64, 64), np.uint8) for name in ("slices", "lungs")}


def test_the_quickest_engine_that_agrees_is_kept_and_reads_as_torch_does(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {OPENVINO: 1.0, ONNXRUNTIME: 2.0, TORCH: 1.5}
    monkeypatch.setattr(compiling, "_milliseconds", lambda runs, _: {which: took[which[0]] for which in runs})
    assert "not chosen yet" in compiled.described(weights)
    compile_model(weights, samples())
    assert f"slices by {OPENVINO} in {FLOAT32}" in compiled.described(weights)
    quick, slow = load_weights(weights, device="cpu"), load_weights(weights, device="cpu", fast=False)
    assert (quick.engine, slow.engine) == (OPENVINO, TORCH)
    gray = np.random.default_rng(1).integers(0, 256, (5, 64, 64), np.uint8)  # another number of slices
    for mine, theirs in zip(quick.slices(gray), slow.slices(gray), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3, abs=1e-3)
    assert quick.lungs is not None
    assert slow.lungs is not None
    assert quick.lungs(gray)[0] == pytest.approx(slow.lungs(gray)[0], abs=1e-3)


def test_an_engine_that_does_not_agree_is_never_kept(weights: Weights, monkeypatch: pytest.MonkeyPatch) -> None:
    real = compiling.load

    def wrong(engine: str, file: Path, *, precision: str = FLOAT32) -> object:
        run = real(engine, file, precision=precision)
        return lambda gray: tuple(-one for one in run(gray))

    monkeypatch.setattr(compiling, "load", wrong)
    compile_model(weights, samples())
    found = compiled.choice(weights)
    assert found is not None
    assert {one["engine"] for one in found.values()} == {TORCH}
    assert load_weights(weights, device="cpu").engine == TORCH


def test_a_chosen_model_loads_without_torch_and_with_torch_once_its_files_are_gone(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {OPENVINO: 2.0, ONNXRUNTIME: 1.0, TORCH: 1.5}
    monkeypatch.setattr(compiling, "_milliseconds", lambda runs, _: {which: took[which[0]] for which in runs})
    compile_model(weights, samples())
    code = (
        "import sys, pathlib; from core.ai import model_files; from core.ai.weights import load_model; "
        f"model_files.SHIPPED = pathlib.Path({str(model_files.SHIPPED)!r}); "
        "print(load_model('base', device='cpu').engine, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [ONNXRUNTIME, "False"]
    for file in compiled.folder_of(weights).glob("*.onnx"):
        file.unlink()
    assert load_weights(weights, device="cpu").engine == TORCH


def test_other_weights_parameters_and_processors_are_chosen_anew(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {compiled.folder_of(weights)}
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    folders.add(compiled.folder_of(weights))
    monkeypatch.setattr(compiled, "_processor", lambda: "another")
    folders.add(compiled.folder_of(weights))
    assert len(folders) == 3
    place = compiled.folder_of(weights)
    place.mkdir(parents=True)
    (place / compiled.CHOICE).write_text(json.dumps({})[:1])  # damaged: asked again
    assert compiled.choice(weights) is None
