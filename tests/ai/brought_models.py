"""Small ONNX networks and their cards, built for tests."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHT = np.array([[4.0, -3.0, 1.0]], np.float32)


def card(**changes: Any) -> dict[str, Any]:
    """A 2D card of three classes, with changes; `input` and `output` are merged, None takes a word away."""
    made: dict[str, Any] = {
        "name": "lab-net",
        "version": "1",
        "licence": "CC0",
        "network": "2d",
        "classes": ["clear", "nodule", "effusion"],
        "input": {"windows": [{"width": 1500, "level": -600}], "size": [16, 16]},
        "manifest": {"known": "none"},
    }
    for key, value in changes.items():
        if key in ("input", "output") and isinstance(value, dict):
            value = {**made.get(key, {}), **value}
            value = {name: one for name, one in value.items() if one is not None}
        made[key] = value
    return {key: value for key, value in made.items() if value is not None}


def network(
    shape: tuple[Any, ...] = ("n", 1, 16, 16),
    *,
    weight: np.ndarray = WEIGHT,
    heat: bool = False,
    mask: bool = False,
    opset: int = 17,
    kind: int = TensorProto.FLOAT,
) -> onnx.ModelProto:
    """A network whose scores are the mean of each channel times `weight` (channels, classes)."""
    axes = list(range(2, len(shape)))
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["mean", "weight"], ["scores"]),
    ]
    outputs = [helper.make_tensor_value_info("scores", kind, [shape[0], weight.shape[1]])]
    if heat:
        nodes.append(helper.make_node("Relu", ["image"], ["heat"]))
        outputs.append(helper.make_tensor_value_info("heat", kind, list(shape)))
    if mask:
        nodes.append(helper.make_node("Sigmoid", ["image"], ["mask"]))
        outputs.append(helper.make_tensor_value_info("mask", kind, list(shape)))
    stored = numpy_helper.from_array(weight.astype(helper.tensor_dtype_to_np_dtype(kind)), "weight")
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("image", kind, list(shape))], outputs, [stored]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def write(folder: Path, model: onnx.ModelProto | bytes, stated: dict[str, Any] | bytes) -> list[Path]:
    """Write a network and its card; return the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "net.onnx", folder / "card.json"]
    files[0].write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    files[1].write_bytes(stated if isinstance(stated, bytes) else json.dumps(stated).encode())
    return files
