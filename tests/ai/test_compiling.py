"""Which engine reads on a CPU: exported, compared with torch, timed; found again without torch."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.ai import compiled, compiling, model_files
from core.ai.compiling import compile_model
from core.ai.engines import FLOAT32, ONNXRUNTIME, OPENVINO, TORCH, load
from core.ai.graphs import LungGraph
from core.ai.model_files import Weights, named
from core.ai.weights import load_weights
from core.settings import settings
from tests.ai.build import AirIsLung, write_model

Pairs = dict[tuple[str, str], object]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    """A model with random weights whose engine is chosen: OpenVINO for slices, ONNX Runtime for lungs."""
    place = tmp_path_factory.mktemp("compiled")
    took = {"slices": {OPENVINO: 1.0, ONNXRUNTIME: 2.0, TORCH: 1.5}, "lungs": {ONNXRUNTIME: 1.0, OPENVINO: 3.0}}
    turns = iter(("slices", "lungs"))

    def milliseconds(runs: Pairs, _: object) -> dict[tuple[str, str], float]:
        network = next(turns)
        return {which: took[network].get(which[0], 9.0) for which in runs}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARALLAX_DATA_DIR", str(place / "data"))
        settings.cache_clear()
        patch.setattr(model_files, "SHIPPED", place / "shipped")
        write_model(place / "shipped" / "base" / "1", card={"parameters": {"slice_size": 64, "lung_size": 64}})
        made = named("base")
        assert "not chosen yet" in compiled.described(made)
        rng = np.random.default_rng(0)
        samples = {name: rng.integers(0, 256, (3, 64, 64), np.uint8) for name in ("slices", "lungs")}
        with pytest.MonkeyPatch.context() as during:
            during.setattr(compiling, "_milliseconds", milliseconds)
            compile_model(made, samples)
        yield made
    settings.cache_clear()


def test_the_engine_that_was_chosen_reads_as_torch_does(weights: Weights) -> None:
    assert f"slices by {OPENVINO} in {FLOAT32}" in compiled.described(weights)
    assert f"lungs by {ONNXRUNTIME} in {FLOAT32}" in compiled.described(weights)
    quick, slow = load_weights(weights, device="cpu"), load_weights(weights, device="cpu", fast=False)
    assert (quick.engine, slow.engine) == (OPENVINO, TORCH)
    gray = np.random.default_rng(1).integers(0, 256, (5, 64, 64), np.uint8)  # another number of slices
    mine, theirs = quick.slices(gray), slow.slices(gray)
    assert mine[0] == pytest.approx(theirs[0], abs=1e-3)
    assert np.abs(mine[1] - theirs[1]).max() < 0.02 * theirs[1].max()
    assert quick.lungs is not None
    assert slow.lungs is not None
    assert quick.lungs(gray)[0] == pytest.approx(slow.lungs(gray)[0], abs=1e-3)


def test_a_chosen_model_loads_without_torch(weights: Weights) -> None:
    code = (
        "import sys, pathlib; from core.ai import model_files; from core.ai.weights import load_model; "
        f"model_files.SHIPPED = pathlib.Path({str(model_files.SHIPPED)!r}); "
        "print(load_model('base', device='cpu').engine, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [OPENVINO, "False"]


def test_other_weights_packages_and_processors_are_chosen_anew(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {compiled.folder_of(weights)}
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    folders.add(compiled.folder_of(weights))
    monkeypatch.setattr(compiled, "_processor", lambda: "another")
    folders.add(compiled.folder_of(weights))
    monkeypatch.setattr(compiled, "_version", lambda _: "next")
    folders.add(compiled.folder_of(weights))
    assert len(folders) == 4
    place = compiled.folder_of(weights)
    place.mkdir(parents=True)
    (place / compiled.CHOICE).write_text("{")  # damaged: chosen anew
    assert compiled.choice(weights) is None


@pytest.mark.parametrize("fault", ["other numbers", "no such engine"])
def test_an_engine_that_does_not_agree_or_fails_is_never_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def wrong(engine: str, file: Path, *, precision: str = FLOAT32) -> object:
        if fault == "no such engine":
            raise ImportError(engine)
        run = load(engine, file, precision=precision)
        return lambda gray: tuple(one[:, ::-1] for one in run(gray))

    monkeypatch.setattr(compiling, "load", wrong)
    samples = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    found = compiling._choice("lungs", LungGraph(AirIsLung()), samples, tmp_path)
    assert found["engine"] == TORCH
    assert not list(tmp_path.iterdir())


def test_torch_reads_once_the_exported_files_are_gone(weights: Weights) -> None:
    for file in compiled.folder_of(weights).glob("*.onnx"):
        file.unlink()
    assert load_weights(weights, device="cpu").engine == TORCH
