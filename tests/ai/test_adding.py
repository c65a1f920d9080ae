"""Weights that are to become a model: recognised by their keys, refused in words, laid out as models are kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from core.ai import adding, model_zip, state_dicts
from core.ai.card import card_text, key_figures, sections, trial_rows
from core.ai.engines.torch_engine import of_module
from core.ai.graphs import LungGraph
from core.ai.model_files import Weights
from core.ai.networks import lung_network
from core.ai.new_model import NewModel
from core.ai.weights import Model, load_weights
from core.errors import ParallaxError
from core.training.trial import trial
from tests.ai.build import OURS, SMALL, State, air_is_lung, network, slices


def test_a_state_dict_is_kept_in_half_precision_with_one_channel_and_the_lungs_of_a_model(
    lay: Callable[..., Weights], base: Path
) -> None:
    state = slices()
    stem = state["conv1.weight"]
    made = lay({**state, "conv1.weight": stem.repeat(1, 3, 1, 1) / 3})
    kept = load_file(made.slices)
    assert {str(one.dtype) for one in kept.values()} == {"torch.float16", "torch.int64"}
    assert torch.allclose(kept["conv1.weight"].float(), stem, atol=1e-3)
    assert made.lungs is not None
    assert made.lungs.read_bytes() == (base / "lungs.safetensors").read_bytes()
    assert made.card["lungs_from"] == "base/1"
    assert (made.slices.parent / "card.md").read_text() == card_text(made.card)
    assert [path.name for path in made.slices.parents[2].iterdir()] == ["ours"]


def test_files_are_told_apart_by_their_keys_in_any_order(lay: Callable[..., Weights]) -> None:
    torch.manual_seed(1)
    lungs = dict(lung_network().state_dict())
    made = lay(lungs, {"state_dict": {f"module.{key}": value for key, value in slices().items()}, "epoch": 3})
    assert made.lungs is not None
    key = "conv_0.conv_0.conv.weight"
    assert torch.allclose(load_file(made.lungs)[key].float(), lungs[key], atol=1e-3)


def test_weights_too_large_for_half_precision_stay_whole(lay: Callable[..., Weights]) -> None:
    made = lay({**slices(), "bn1.running_var": torch.full((64,), 1e6)})
    assert float(load_file(made.slices)["bn1.running_var"][0]) == 1e6


def without(state: State, part: str) -> State:
    return {key: value for key, value in state.items() if part not in key}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: without(s, "layer4.2"), r"15 keys are missing: layer4\.2\.conv1\.weight, .* and 9 more"),
        (lambda s: {**s, "head.weight": torch.zeros(1)}, "1 keys are unexpected: head.weight"),
        (lambda s: {**s, "bn1.weight": torch.zeros(32)}, "bn1.weight 32 instead of 64"),
        (
            lambda s: {**s, "fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)},
            r"1000 outputs \(ImageNet's.*model\.fc = torch\.nn\.Linear\(2048, 3\)",
        ),
        (lambda s: {**s, "fc.weight": torch.zeros(2, 2048), "fc.bias": torch.zeros(2)}, "ends in 2 outputs; three"),
        (lambda s: {**s, "bn1.bias": torch.full((64,), torch.nan)}, "no finite numbers, in bn1.bias"),
        (lambda s: {**s, "fc.bias": torch.full((3,), torch.inf)}, "no finite numbers, in fc.bias"),
        (lambda s: {**s, "fc.bias": torch.zeros(3, dtype=torch.int64)}, "no finite numbers, in fc.bias"),
        (lambda s: {**s, "conv1.weight": torch.zeros(64, 5, 7, 7)}, "conv1.weight 64x5x7x7 instead of 64x1x7x7"),
        (lambda s: {**s, "conv1.weight": torch.zeros(64)}, "conv1.weight 64 instead of"),
        (lambda s: {**s, "fc.bias": torch.zeros(1).expand(10**14)}, "fc.bias 100000000000000 instead of 3"),
    ],
)
def test_what_does_not_fit_is_said_in_words(change: Callable[[State], State], sentence: str) -> None:
    with pytest.raises(ParallaxError, match=sentence):
        state_dicts.fitting(change(slices()), network(), "The file")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"encoder.weight": torch.zeros(1)}, "neither of the two networks.*encoder.weight"),
        ({}, "no plain state dict"),
        ({"conv1.weight": 3}, "no plain state dict"),
        ({"conv1.weight": torch.zeros(3).to_sparse()}, "no plain state dict"),
        ({"conv1.weight": torch.zeros(3, device="meta")}, "no plain state dict"),
        (dict(lung_network().state_dict()), "slice weights are missing"),
        ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, "keys are missing: bn1.weight"),
    ],
)
def test_a_file_of_something_else_is_refused(lay: Callable[..., Weights], state: State, sentence: str) -> None:
    with pytest.raises(ParallaxError, match=sentence):
        lay(state)


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"name": "../../etc"}, "name of a model begins"),
        ({"name": "a/b"}, "name of a model begins"),
        ({"version": ".."}, "version of a model begins"),
        ({"version": "1\x00"}, "version of a model begins"),
        ({"name": ""}, "name of a model begins"),
        ({"licence": " "}, "State the licence"),
        ({"classes": ("normal", "cap")}, "The outputs are normal, cap, covid"),
        ({"temperature": 0.0}, "temperature is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"slice_size": 8}, "slice_size is 8"),
        ({"window_width": 0.0}, "lung_window"),
        ({"known": "listed"}, "List the patients"),
        ({"known": "listed", "patients": "P1\nanonymous"}, "Row 2 of the patients names nobody"),
        ({"known": "listed", "patients": "patient_id;birth\nP1;1950"}, "column birth is not known"),
        ({"known": "listed", "patients": "patient_id,use\nP1,seen"}, "Row 2 .* trained or tuned"),
    ],
)
def test_what_is_stated_is_checked_before_a_file_is_read(
    lay: Callable[..., Weights], tmp_path: Path, stated: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ParallaxError, match=sentence):
        lay(tmp_path / "not there.pt", new=replace(OURS, **stated))


@pytest.mark.parametrize(
    ("lungs", "sentence"),
    [
        ("nobody/1", "No AI model named nobody/1"),
        ("../base/1", "No AI model named"),
        ("R231", "pip install lungmask"),
    ],
)
def test_lungs_that_are_not_here_are_refused(
    base: Path, lungs: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ParallaxError, match=sentence):
        adding.chosen_lungs(lungs, {})


def test_a_card_says_the_inputs_and_the_model_is_read_at_them(lay: Callable[..., Weights]) -> None:
    stated = NewModel(
        "ours", "1", "CC0", "98 cases", "Adults only", "accuracy .80 (n 98)", ("covid", "normal", "cap"), 1.5, 64,
        window_width=1000, window_level=-500, known="none",
    )  # fmt: skip
    made = lay(slices(), new=stated)
    model = load_weights(made, device="cpu", fast=False)
    assert (model.parameters.slice_size, model.parameters.lung_window.width, model.temperature) == (64, 1000, 1.5)
    assert key_figures(made.card) == "accuracy .80 (n 98)"
    lines = dict(sections(made.card))
    assert "Adults only" in lines["Limits"]
    assert any("lung window 1000 HU wide at -500 HU" in line for line in lines["What it is"])


def test_lungs_by_the_package_are_named_in_the_card_and_travel_without_a_file(
    lay: Callable[..., Weights], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "lungmask")
    made = lay(slices(), new=replace(OURS, lungs="R231"))
    assert (made.lungs, made.card["lungs"]) == (None, "R231")
    model_zip.pack(made, tmp_path / "ours.zip")
    again = lay(tmp_path / "ours.zip", new=NewModel())
    assert (again.lungs, again.sha256) == (None, made.sha256)
    assert load_weights(again, device="cpu", fast=False).lungs is None


class NoLung(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([torch.ones_like(x), torch.zeros_like(x), torch.zeros_like(x)], dim=1) * 20


def quick(weight: float) -> Model:
    """A model that sees nothing but how bright a slice is."""

    def mean_gray(gray: np.ndarray) -> tuple[np.ndarray, ...]:
        bright = gray.mean(axis=(1, 2), keepdims=True)[..., 0].astype(np.float32) / 255
        return bright * weight * np.array([[2, 1, 1]], np.float32), np.ones((len(gray), 8, 8), np.float32)

    return Model("quick", "1", "0" * 64, {}, air_is_lung(), mean_gray, "cpu", parameters=SMALL)


def test_a_trial_reads_one_chest_of_each_class_and_shows_how_well_the_lungs_were_found() -> None:
    found = trial(quick(1.0))
    assert [row["Procedural chest"] for row in trial_rows(found)] == ["normal", "cap", "covid"]
    for row in trial_rows(found):
        assert row["Called"] in ("normal", "cap", "covid")
        assert sum(float(str(row[f"p({name})"])) for name in ("normal", "cap", "covid")) == pytest.approx(1, abs=0.01)
        assert float(str(row["Lungs, Dice"])) > 0.7


def test_a_trial_refuses_what_cannot_read_and_doubts_what_says_the_same_of_every_slice() -> None:
    with pytest.raises(ParallaxError, match="found no lungs"):
        trial(replace(quick(1.0), lungs=of_module(LungGraph(NoLung()), "cpu")))
    with pytest.raises(ParallaxError, match="probabilities are no numbers"):
        trial(quick(float("nan")))
    assert "same probabilities" in trial(quick(0.0))["notes"][0]


def test_a_safetensors_file_that_is_as_models_are_kept_is_copied_byte_for_byte(
    lay: Callable[..., Weights], tmp_path: Path
) -> None:
    file = tmp_path / "given.safetensors"
    save_file(state_dicts.halved(slices()), file, metadata={"by": "somebody"})
    assert lay(file).slices.read_bytes() == file.read_bytes()
