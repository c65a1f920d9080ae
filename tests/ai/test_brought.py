"""Brought models: the rows they give are those of their own run outside, on 2D, 3D and patches."""

import json
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from core.ai import model_files
from core.ai.brought import dry_run as dry
from core.ai.brought.adding import lay_out
from core.ai.brought.contract import contract_of
from core.ai.brought.dry_run import dry_run
from core.ai.brought.inputs import oriented, ours, patch_corners
from core.ai.brought.reading import Brought, load_brought, read_brought
from core.ai.brought.rules import called
from core.ai.engines import ONNXRUNTIME, OPENVINO
from core.ai.model_zip import pack
from core.ai.new_model import NewModel
from core.ai.result import CaseResult
from core.errors import InvalidInput
from core.imaging.synthetic import small_chest
from tests.ai.brought_models import card, network, write

VOLUME = small_chest(slices=12, size=64, lesion="covid", seed=1)
NOBODY = NewModel(known="none")


@pytest.fixture(autouse=True)
def here(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")


def added(
    tmp_path: Path, model: onnx.ModelProto, stated: dict[str, Any], monkeypatch: pytest.MonkeyPatch, engine: str
) -> Brought:
    """Lay a model out with its first run in this process, and load it by an engine."""
    monkeypatch.setattr("core.ai.brought.adding.dry_run", dry.main)
    weights = lay_out(write(tmp_path / "given", model, stated), NOBODY, tmp_path / engine, secret=b"s")
    trial = {**weights.card["trial"], "engine": engine}
    return load_brought(replace(weights, card={**weights.card, "trial": trial}), device="cpu")


def outside(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    """The softmax of a network's scores by ONNX Runtime alone."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    scores = np.concatenate([session.run(["scores"], {"image": image[None]})[0] for image in images]).astype(np.float64)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def windowed(hu: np.ndarray) -> np.ndarray:
    return np.clip((hu.astype(np.float32) + 1350) / 1500, 0, 1)


def rows(result: CaseResult) -> np.ndarray:
    return np.array([one.probabilities for one in result.slices if one.probabilities is not None])


@pytest.mark.parametrize("engine", [OPENVINO, ONNXRUNTIME])
def test_a_2d_network_gives_the_rows_of_its_own_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    model = network(("n", 1, 64, 64), heat=True, mask=True)
    stated = card(input={"size": [64, 64]}, output={"heat": "heat", "mask": "mask"}, rule="mean", normal="clear")
    made = added(tmp_path, model, stated, monkeypatch, engine)
    result = read_brought(VOLUME, made)
    wanted = outside(model, windowed(VOLUME.hu)[:, None])
    assert np.abs(rows(result) - wanted).max() < 1e-5
    assert list(result.probabilities) == ["clear", "nodule", "effusion"]
    assert list(result.probabilities.values()) == pytest.approx(wanted.mean(axis=0).tolist(), abs=1e-5)
    assert result.call == stated["classes"][int(wanted.mean(axis=0).argmax())]
    assert result.heat is not None
    assert result.heat.shape == (12, 128, 128)
    mask = 1 / (1 + np.exp(-windowed(VOLUME.hu))) >= 0.5
    assert np.array_equal(result.lungs > 0, mask)


def test_two_windows_resized_turned_and_of_a_fixed_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = np.array([[2.0, -1.0, 0.5], [-1.0, 3.0, 0.0]], np.float32)
    model = network((4, 2, 32, 16), weight=weight)
    two = [{"width": 1500, "level": -600}, {"width": 400, "level": 40}]
    stated = card(input={"windows": two, "size": [16, 32], "orientation": "LA", "mean": [0.5, 0.1], "std": [2, 1]})
    made = added(tmp_path, model, stated, monkeypatch, ONNXRUNTIME)
    seen: list[np.ndarray] = []
    run = made.run
    result = read_brought(VOLUME, replace(made, run=lambda image: (seen.append(image), run(image))[1]))
    assert all(one.shape == (4, 2, 32, 16) for one in seen)
    torch_made = torch.nn.functional.interpolate(
        torch.from_numpy(windowed(VOLUME.hu))[:, None], size=(16, 32), mode="area"
    )[:, 0].numpy()  # 64 is a multiple of both: area means are the same everywhere
    wanted = (torch_made.transpose(0, 2, 1)[:, :, ::-1] - 0.5) / 2
    assert np.concatenate(seen)[:12, 0] == pytest.approx(wanted, abs=1e-5)
    assert len(rows(result)) == 12


def test_a_3d_network_sees_the_volume_at_its_spacing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network((1, 1, 12, 64, 64))
    spacing = [float(one) for one in VOLUME.spacing_mm]
    stated = card(network="3d", input={"size": [12, 64, 64], "spacing_mm": spacing})
    made = added(tmp_path, model, stated, monkeypatch, ONNXRUNTIME)
    result = read_brought(VOLUME, made)
    wanted = outside(model, windowed(VOLUME.hu)[None, None])[0]
    assert list(result.probabilities.values()) == pytest.approx(wanted.tolist(), abs=1e-5)
    assert not len(rows(result))


def test_patches_cover_the_volume_and_the_most_abnormal_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network((1, 1, 8, 32, 32), heat=True)
    spacing = [float(one) for one in VOLUME.spacing_mm]
    stated = card(
        network="3d", rule="max", normal="clear", output={"heat": "heat"},
        input={"size": None, "spacing_mm": spacing, "patches": {"size": [8, 32, 32], "overlap": 0.5}},
    )  # fmt: skip
    made = added(tmp_path, model, stated, monkeypatch, ONNXRUNTIME)
    result = read_brought(VOLUME, made)
    whole = windowed(VOLUME.hu)
    corners = [(z, y, x) for z in (0, 4) for y in (0, 16, 32) for x in (0, 16, 32)]
    assert sorted(patch_corners((12, 64, 64), (8, 32, 32), 0.5)) == corners
    images = np.stack([whole[z : z + 8, y : y + 32, x : x + 32] for z, y, x in corners])[:, None]
    wanted = outside(model, images)
    most = wanted[wanted[:, 0].argmin()]
    assert list(result.probabilities.values()) == pytest.approx(most.tolist(), abs=1e-5)
    assert result.heat is not None
    assert result.heat_slices == tuple(range(12))


@pytest.mark.parametrize("orientation", ["IPL", "RAS", "LPS", "SAR"])
def test_what_is_turned_to_a_networks_axes_comes_back(orientation: str) -> None:
    stated = card(network="3d", input={"size": [2, 3, 4], "orientation": orientation})
    contract = contract_of(stated)
    array = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    turned = oriented(array, contract)
    assert np.array_equal(ours(turned, contract), array)
    if (
        orientation == "RAS"
    ):  # (x to the right, y to the front, z to the head) of (z to the feet, y to the back, x left)
        assert np.array_equal(turned[0], array[0].transpose(2, 1, 0)[::-1, ::-1, ::-1])


SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.1, 0.3], [0.3, 0.1, 0.6]])


@pytest.mark.parametrize(
    ("rule", "label", "first"),
    [("mean", "clear", 0.5), ("max", "nodule", 0.2), ("top-k", "nodule", 0.25), ("paper", "effusion", 0.5)],
)
def test_the_named_rules_make_one_call_of_slices(rule: str, label: str, first: float) -> None:
    stated = contract_of(card(rule=rule, normal="clear", top_k=2))
    made = called(SCORES, stated, range(4), 4)
    assert made.label == label
    assert made.probabilities["clear"] == pytest.approx(first)
    assert made.abnormal_share == pytest.approx(0.5)


def test_several_findings_are_called_each_for_itself() -> None:
    stated = contract_of(card(rule="max", output={"kind": "multi-label"}, threshold=0.65))
    made = called(SCORES, stated, range(4), 4)
    assert made.probabilities == {"clear": 0.9, "nodule": 0.7, "effusion": 0.6}
    assert made.counts == {"clear": 1, "nodule": 1, "effusion": 0}
    assert called(SCORES[2:], stated, range(2), 2).label == "none"


def test_the_first_run_is_in_a_process_of_its_own_with_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = lay_out(write(tmp_path / "given", network(), card()), NOBODY, tmp_path / "place", secret=b"s")
    assert made.card["trial"]["engine"] in (OPENVINO, ONNXRUNTIME)
    assert made.card["trial"]["names"] == ["scores"]
    limits = subprocess.run(
        [sys.executable, "-c", "import resource as r; from core.ai.brought import dry_run as d; d._limit(); "
         "print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_FSIZE)[0])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert limits.stdout.split() == [str(dry.MEMORY), str(dry.CPU_S), str(dry.WRITES)]
    monkeypatch.setattr(dry, "WALL_S", 0.01)
    with pytest.raises(InvalidInput, match="took longer"):
        dry_run(made.slices.parent)


def test_scores_that_are_no_probabilities_are_found_in_the_first_run(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    write(folder, network(), card(output={"activation": "none"}))
    (folder / "net.onnx").rename(folder / "model.onnx")
    with pytest.raises(InvalidInput, match="no probabilities"):
        dry.main(folder)


def test_the_zip_of_a_brought_model_is_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ai.brought.adding.dry_run", dry.main)
    made = lay_out(write(tmp_path / "given", network(), card()), NOBODY, tmp_path / "one", secret=b"s")
    pack(made, tmp_path / "out.zip")
    again = lay_out([tmp_path / "out.zip"], NewModel(), tmp_path / "two", secret=b"s")
    assert (again.sha256, again.name, again.version) == (made.sha256, "lab-net", "1")
    changed = {**made.card, "rule": "max"}
    (made.slices.parent / "card.json").write_text(json.dumps(changed))
    assert model_files.described(made.slices.parent).sha256 != made.sha256


class Mean(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        mean = image.mean(dim=(2, 3, 4))
        return torch.cat([mean, 1 - mean], dim=1)


class Reads(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image.mean(dim=(2, 3, 4)) + torch.from_file("/etc/passwd", False, 4, dtype=torch.uint8).sum()


def bundle(tmp_path: Path, module: torch.nn.Module) -> Path:
    """A MONAI bundle with a TorchScript model, metadata, and a configuration that must never be read."""
    with _quiet():
        torch.jit.save(torch.jit.script(module), str(tmp_path / "model.ts"))
    metadata = {
        "name": "Lung check", "version": "0.2", "copyright": "CC BY 4.0",
        "network_data_format": {
            "inputs": {"image": {"spatial_shape": [4, 8, 8], "num_channels": 1}},
            "outputs": {"pred": {"channel_def": {"1": "fibrosis", "0": "clear"}}},
        },
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("b/configs/metadata.json", json.dumps(metadata))
        archive.writestr("b/configs/inference.json", "{\"x\": \"$__import__('os').system('touch /tmp/ran')\"}")
        archive.write(tmp_path / "model.ts", "b/models/model.ts")
    return tmp_path / "bundle.zip"


def _quiet() -> Any:
    return warnings.catch_warnings(action="ignore")


def test_a_monai_bundle_joins_by_its_metadata_and_a_short_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ai.brought.adding.dry_run", dry.main)
    (tmp_path / "card.json").write_text(
        json.dumps({"input": {"windows": [{"width": 1500, "level": -600}]}, "output": {"activation": "none"}})
    )
    with _quiet():
        made = lay_out([bundle(tmp_path, Mean()), tmp_path / "card.json"], NOBODY, tmp_path / "place", secret=b"s")
        assert (made.name, made.version, made.card["classes"]) == ("Lung-check", "0.2", ["clear", "fibrosis"])
        result = read_brought(VOLUME, load_brought(made, device="cpu"))
    assert sum(result.probabilities.values()) == pytest.approx(1)


def test_torchscript_that_reads_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"input": {"windows": [{"width": 1500, "level": -600}]}}))
    with pytest.raises(InvalidInput, match="reaches beyond computing"):
        lay_out([bundle(tmp_path, Reads()), tmp_path / "card.json"], NOBODY, tmp_path / "place", secret=b"s")
