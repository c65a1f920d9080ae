"""Weights on disk: found, loaded, and refused in words."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.ai import model_files
from core.ai.model_files import WeightsError, available_models
from core.ai.networks import slice_network
from core.ai.slices import score_slices
from core.ai.weights import load_model
from core.errors import NotFound, ParallaxError
from core.imaging.synthetic import small_chest
from tests.ai.build import chest_lungs, write_model


@pytest.fixture(autouse=True)
def only_own(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which no model is shipped."""
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")
    return data_dir / "models"


def test_versions_stand_side_by_side_newest_first(only_own: Path) -> None:
    write_model(only_own / "ours" / "1.9")
    write_model(only_own / "ours" / "1.10", seed=1, card={"licence": "CC0"})
    found = available_models()
    assert [(m.name, m.version) for m in found] == [("ours", "1.10"), ("ours", "1.9")]
    assert found[0].card == {"licence": "CC0"}
    assert len({m.sha256 for m in found}) == 2
    assert load_model("ours/1.9").sha256 == found[1].sha256
    assert load_model("ours").version == "1.10"


def test_an_unknown_model_is_refused_with_those_there_are(only_own: Path) -> None:
    write_model(only_own / "ours" / "1")
    with pytest.raises(NotFound, match=r"No AI model named theirs .* ours/1"):
        load_model("theirs")


def test_no_model_at_all_is_said(only_own: Path) -> None:
    with pytest.raises(NotFound, match="there is none"):
        load_model()


def test_torchvisions_three_channel_stem_and_another_class_order_are_taken(only_own: Path) -> None:
    torch.manual_seed(0)
    plain = slice_network().eval()
    state = dict(plain.state_dict())
    three = {
        **state,
        "conv1.weight": state["conv1.weight"].repeat(1, 3, 1, 1) / 3,
        "fc.weight": state["fc.weight"][[2, 0, 1]],
        "fc.bias": state["fc.bias"][[2, 0, 1]],
    }
    folder = write_model(only_own / "own" / "1", card={"classes": ["covid", "normal", "cap"]})
    (folder / "slices.safetensors").unlink()
    torch.save(three, folder / "slices.pt")
    loaded = load_model("own", device="cpu", fast=False)
    gray = np.random.default_rng(0).integers(0, 256, (2, 96, 96), np.uint8)
    with torch.inference_mode():
        wanted = plain(torch.from_numpy(gray)[:, None].float() / 255).numpy()
    assert loaded.slices(gray)[0] == pytest.approx(wanted, abs=1e-3)


def test_own_slice_weights_use_the_shipped_lungs(only_own: Path) -> None:
    write_model(model_files.SHIPPED / "shipped" / "1")
    write_model(only_own / "own" / "1", lungs=False, seed=1)
    own = available_models()[1]
    assert own.lungs == model_files.SHIPPED / "shipped" / "1" / "lungs.safetensors"


def test_slice_weights_without_any_lungs_are_refused(only_own: Path) -> None:
    write_model(only_own / "own" / "1", lungs=False)
    with pytest.raises(WeightsError, match="lacks its lung weights"):
        available_models()


def test_lungs_of_a_package_that_is_missing_are_asked_for_in_words(
    only_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.ai.pipeline import read_volume

    write_model(only_own / "own" / "1", lungs=False, card={"lungs": "R231"})
    monkeypatch.setitem(__import__("sys").modules, "lungmask", None)
    with pytest.raises(ParallaxError, match="pip install lungmask"):
        read_volume(small_chest(slices=10, size=64), load_model("own"))


def test_damaged_and_foreign_files_are_refused_by_name(only_own: Path) -> None:
    damaged = write_model(only_own / "damaged" / "1")
    (damaged / "slices.safetensors").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"slices\.safetensors of model damaged/1 is damaged"):
        load_model("damaged")
    foreign = write_model(only_own / "foreign" / "1")
    state = load_file(foreign / "slices.safetensors")
    save_file({key: value for key, value in state.items() if "layer4" not in key}, foreign / "slices.safetensors")
    with pytest.raises(WeightsError, match="another network"):
        load_model("foreign")


def test_a_pickle_of_anything_but_tensors_is_not_opened(only_own: Path) -> None:
    folder = write_model(only_own / "own" / "1")
    (folder / "slices.safetensors").unlink()
    torch.save({"conv1.weight": Path("/tmp")}, folder / "slices.pt")
    with pytest.raises(WeightsError, match="no plain state dict"):
        load_model("own")


def test_a_damaged_card_is_refused(only_own: Path) -> None:
    folder = write_model(only_own / "own" / "1")
    (folder / "card.json").write_text("{")
    with pytest.raises(WeightsError, match=r"card\.json"):
        available_models()


@pytest.mark.parametrize("device", ["tpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(only_own: Path, device: str) -> None:
    write_model(only_own / "own" / "1")
    with pytest.raises(WeightsError, match="device"):
        load_model("own", device=device)


def test_shipped_weights_are_small_and_carry_a_card() -> None:
    root = Path(model_files.__file__).parent / "weights"
    files = sorted(root.rglob("*.safetensors"))
    if not files:
        pytest.skip("no weights are shipped yet")
    assert sum(file.stat().st_size for file in files) <= 60e6
    for file in files:
        assert {str(t.dtype) for t in load_file(file).values()} <= {"torch.float16", "torch.int64"}
        card = json.loads((file.parent / "card.json").read_text())
        assert card


def test_a_model_is_read_at_the_size_its_card_names(only_own: Path) -> None:
    write_model(only_own / "own" / "1", card={"parameters": {"slice_size": 64, "lung_size": 96}})
    loaded = load_model("own", device="cpu", fast=False)
    assert (loaded.parameters.slice_size, loaded.parameters.lung_size) == (64, 96)
    seen: list[int] = []

    def noted(gray: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(gray.shape[-1])
        return loaded.slices(gray)

    volume = small_chest(slices=10, size=96, seed=3)
    truth = chest_lungs(volume).astype("uint8")
    score_slices(volume, truth, replace(loaded, slices=noted), [4, 5], parameters=loaded.parameters)
    assert set(seen) == {64}


@pytest.mark.parametrize("stated", [{"slice_size": "large"}, {"slice_size": 8}, {"lung_size": 100}])
def test_a_size_no_network_takes_is_refused(only_own: Path, stated: dict[str, object]) -> None:
    write_model(only_own / "own" / "1", card={"parameters": stated})
    with pytest.raises(ParallaxError, match="must be a whole number"):
        load_model("own")


def test_a_card_whose_mirrored_is_no_yes_or_no_is_refused(only_own: Path) -> None:
    write_model(only_own / "own" / "1", card={"parameters": {"mirrored": "no"}})
    with pytest.raises(ParallaxError, match="must be true or false"):
        load_model("own")
