"""Broken models and cards: each is refused in one clear sentence before anything runs."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from core.ai import model_files
from core.ai.brought import adding
from core.ai.brought.adding import lay_out
from core.ai.new_model import NewModel
from core.errors import InvalidInput
from tests.ai.brought_models import card, network, write


@pytest.fixture(autouse=True)
def here(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is shipped, and nothing runs."""
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "shipped")

    def never(folder: Path) -> dict[str, Any]:
        raise AssertionError("it was run")

    monkeypatch.setattr(adding, "dry_run", never)


def external() -> onnx.ModelProto:
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return model


def custom() -> onnx.ModelProto:
    model = network()
    model.graph.node.append(helper.make_node("Shell", ["scores"], ["out"], domain="my.company"))
    model.opset_import.append(helper.make_opsetid("my.company", 1))
    return model


def custom_inside_if() -> onnx.ModelProto:
    model = network()
    inner = helper.make_graph(
        [helper.make_node("Shell", [], ["y"], domain="evil")], "inner", [],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    model.graph.node.append(helper.make_node("If", ["scores"], ["out"], then_branch=inner, else_branch=inner))
    return model


def two_inputs() -> onnx.ModelProto:
    model = network()
    model.graph.input.append(helper.make_tensor_value_info("age", TensorProto.FLOAT, ["n", 1]))
    return model


def with_function() -> onnx.ModelProto:
    model = network()
    node = helper.make_node("Identity", ["x"], ["y"])
    model.functions.append(helper.make_function("own", "f", ["x"], ["y"], [node], [helper.make_opsetid("", 17)]))
    return model


def dangling() -> onnx.ModelProto:
    model = network()
    model.graph.node[0].input[0] = "nowhere"
    return model


def no_nodes() -> onnx.ModelProto:
    model = network()
    del model.graph.node[:]
    return model


def external_in_constant() -> onnx.ModelProto:
    model = network()
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "c")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/shadow")
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    return model


Model = Callable[[], onnx.ModelProto | bytes]
MODELS: dict[str, tuple[Model, dict[str, Any], str]] = {
    "not ONNX": (lambda: b"hello world", card(), "no ONNX model or is damaged"),
    "empty": (lambda: b"", card(), "is empty"),
    "cut short": (lambda: network().SerializeToString()[:60], card(), "damaged|holds no network|breaks the standard"),
    "no network": (no_nodes, card(), "holds no network"),
    "external data": (external, card(), "keeps its weights in another file"),
    "external data in a constant": (external_in_constant, card(), "keeps its weights in another file"),
    "custom operator": (custom, card(), r"my\.company\.Shell"),
    "custom operator in a branch": (custom_inside_if, card(), r"evil\.Shell"),
    "own functions": (with_function, card(), "functions of its own"),
    "opset too old": (lambda: network(opset=7), card(), "opset 7"),
    "opset too new": (lambda: network(opset=99), card(), "opset 99"),
    "breaks the standard": (dangling, card(), "breaks the standard"),
    "two inputs": (two_inputs, card(), "2 inputs"),
    "takes bytes": (lambda: network(kind=TensorProto.UINT8), card(), "takes uint8"),
    "3D network, 2D card": (lambda: network(("n", 1, 8, 16, 16)), card(), "has 5 dimensions"),
    "three channels": (lambda: network(("n", 3, 16, 16), weight=np.ones((3, 3))), card(), "takes 3 channels"),
    "other size": (lambda: network(("n", 1, 32, 32)), card(), "takes images of 32x32 and the card says 16x16"),
    "other number of classes": (lambda: network(weight=np.ones((1, 5))), card(), "names 3 classes"),
    "no such heat": (network, card(output={"heat": "cam"}), "output.heat is cam"),
    "no such scores": (network, card(output={"scores": "logits"}), "output.scores is logits"),
}


@pytest.mark.parametrize("fault", MODELS)
def test_a_broken_model_gets_one_sentence(fault: str, tmp_path: Path) -> None:
    make, stated, sentence = MODELS[fault]
    refused(tmp_path, make(), stated, sentence)


CARDS: dict[str, tuple[dict[str, Any] | bytes, str]] = {
    "no JSON": (b"{", "card.json is damaged"),
    "a list": (b"[]", "must hold one JSON object"),
    "a number that is none": (b'{"name": NaN}', "card.json is damaged"),
    "no name": (card(name=None), "must give the model's name"),
    "a way out of the folder": (card(name="../x"), "begins with a letter"),
    "no version": (card(version=None), "must give the model's version"),
    "no licence": (card(licence=None), "licence"),
    "no network": (card(network=None), "network must be"),
    "no classes": (card(classes=None), "classes must be a list"),
    "a class twice": (card(classes=["a", "a", "b"]), "a class twice"),
    "no windows": (card(input={"windows": None}), "one to eight windows"),
    "a window without width": (card(input={"windows": [{"level": 0}]}), "windows' width"),
    "no size": (card(input={"size": None}), r"input\.size must be a list of 2"),
    "size of a fraction": (card(input={"size": [16, 16.5]}), "whole number"),
    "size far too large": (card(input={"size": [10**9, 16]}), "input.size must be a whole number"),
    "an unknown word": (card(input={"colour": "red"}), "colour, which is not known"),
    "spacing of a 2d network": (card(input={"spacing_mm": [1, 1, 1]}), "belongs to a 3d network"),
    "patches of a 2d network": (card(input={"patches": {}}), "only a 3d network has patches"),
    "patches without spacing": (
        card(network="3d", input={"size": None, "patches": {"size": [8, 8, 8]}}), "Patches need input.spacing_mm",
    ),
    "an unknown rule": (card(rule="best"), "rule is best"),
    "a rule that needs normal": (card(rule="paper"), "name it in the card's normal"),
    "normal that is no class": (card(normal="healthy"), "not among its classes"),
    "softmax of several findings": (
        card(output={"kind": "multi-label", "activation": "softmax"}), "softmax does not fit",
    ),
    "an orientation of nowhere": (card(input={"orientation": "XY"}), "orientation must be 2 letters"),
    "an axis twice": (card(input={"orientation": "LR"}), "orientation must be 2 letters"),
    "mean of another length": (card(input={"mean": [0.5, 0.5, 0.5]}), "input.mean must be a list of 1"),
    "std of zero": (card(input={"std": [0]}), "input.std"),
    "nothing left": (card(input={"truncation": [0.6, 0.6]}), "leaves no slices"),
    "patients unknown": (card(manifest={"trained": "P1"}), "manifest must list patients"),
}  # fmt: skip


@pytest.mark.parametrize("fault", CARDS)
def test_a_broken_card_gets_one_sentence(fault: str, tmp_path: Path) -> None:
    stated, sentence = CARDS[fault]
    refused(tmp_path, network(), stated, sentence)


def refused(tmp_path: Path, model: onnx.ModelProto | bytes, stated: dict[str, Any] | bytes, sentence: str) -> None:
    files = write(tmp_path / "given", model, stated)
    with pytest.raises(InvalidInput, match=sentence) as found:
        lay_out(files, NewModel(known="none"), tmp_path / "place", secret=b"s")
    said = str(found.value)
    assert "\n" not in said
    assert len(said) < 400
    assert not re.search(r"Traceback|Error\b", said)
    assert not [file for file in (tmp_path / "place").glob("*/*/*") if "raw" not in file.parts]


def test_a_model_without_a_card_and_two_models_are_refused(tmp_path: Path) -> None:
    net, stated = write(tmp_path / "given", network(), card())
    for files, sentence in (
        ([net], "The card is missing"),
        ([net, net, stated], "Give one model"),
        ([stated], "Give one"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            lay_out(files, NewModel(known="none"), tmp_path / sentence.replace(" ", ""), secret=b"s")
