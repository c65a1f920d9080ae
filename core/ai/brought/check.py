"""What the file of a brought model may hold, checked before anything in it runs. Loads no torch."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.ai.brought.contract import Contract
from core.ai.brought.inputs import network_size
from core.errors import InvalidInput

ONNX, TORCHSCRIPT = "model.onnx", "model.ts"
MOST_BYTES = 500 * 10**6
LEAST_OPSET = 9
STANDARD = ("", "ai.onnx")  # operator domains that every engine knows
# what TorchScript can do beyond computing: reach files, other processes, or operators that are not torch's own
REACHES = re.compile(r"torch\.(from_file|save|load|_save|distributed)|ops\.(?!prim\.|aten\.|quantized\.)\w+\.")


def check_onnx(file: Path, contract: Contract) -> None:
    """Raise InvalidInput with one sentence where an ONNX file cannot be what its card says, or reaches outside."""
    import onnx

    _check_size(file)
    try:
        model = onnx.load(str(file), load_external_data=False)
        graph = model.graph
        if not graph.node:
            raise InvalidInput("The ONNX file holds no network; export the model again.")
    except InvalidInput:
        raise
    except Exception:  # noqa: BLE001 - protobuf raises errors of many kinds on bytes that are not ONNX
        raise InvalidInput("The file is no ONNX model or is damaged; export the model again.") from None
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in _tensors(graph)):
        raise InvalidInput(
            "The ONNX file keeps its weights in another file; save it as one file (onnx.save with "
            "save_as_external_data=False)."
        )
    if model.functions:
        raise InvalidInput("The ONNX file defines functions of its own; export it with standard operators only.")
    for node in _nodes(graph):
        if node.domain not in STANDARD:
            raise InvalidInput(
                f"The ONNX file uses the operator {node.domain}.{node.op_type}, which is not of the ONNX standard; "
                "export it with standard operators only."
            )
    opset = next((tensor.version for tensor in model.opset_import if tensor.domain in STANDARD), 0)
    newest = onnx.defs.onnx_opset_version()
    if not LEAST_OPSET <= opset <= newest:
        raise InvalidInput(f"The ONNX file has opset {opset}; this machine reads {LEAST_OPSET} to {newest}.")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        first = str(error).strip().splitlines()[0][:200]
        raise InvalidInput(f"The ONNX file breaks the standard: {first}") from None
    stored = {tensor.name for tensor in graph.initializer}
    _check_inputs([tensor for tensor in graph.input if tensor.name not in stored], contract)
    _check_outputs(list(graph.output), contract)


def check_torchscript(file: Path) -> None:
    """Raise InvalidInput where a TorchScript file is damaged, or its code reaches outside."""
    _check_size(file)
    wrong = InvalidInput("The file is no TorchScript model or is damaged; save it again with torch.jit.save.")
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise InvalidInput(f"The TorchScript file unpacks to more than {MOST_BYTES // 10**6} MB.")
            code = [archive.read(name).decode() for name in names if name.endswith(".py")]
    # zipfile raises the last two for an encrypted file and a compression it does not know
    except (zipfile.BadZipFile, OSError, UnicodeDecodeError, RuntimeError, NotImplementedError):
        raise wrong from None
    if not code or not any(name.endswith("data.pkl") for name in names):
        raise wrong
    found = next((match for text in code if (match := REACHES.search(text))), None)
    if found:
        raise InvalidInput(f"The TorchScript code uses {found.group().rstrip('.')}, which reaches beyond computing.")


def _check_size(file: Path) -> None:
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise InvalidInput(f"The model is larger than {MOST_BYTES // 10**6} MB; no model here is.")
    if not size:
        raise InvalidInput("The model's file is empty; export the model again.")


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _nodes(inner)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors)
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _tensors(inner)


def _sides(value: Any) -> list[int | None]:
    """Return an input's or output's shape; None for a side that is free."""
    return [side.dim_value if side.HasField("dim_value") else None for side in value.type.tensor_type.shape.dim]


def _check_inputs(inputs: list[Any], contract: Contract) -> None:
    import onnx

    if len(inputs) != 1:
        raise InvalidInput(f"The network has {len(inputs)} inputs; one is needed, the image.")
    kind = inputs[0].type.tensor_type.elem_type
    if kind not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE):
        name = onnx.TensorProto.DataType.Name(kind).lower()
        raise InvalidInput(f"The network takes {name}; it must take floating-point numbers.")
    sides = _sides(inputs[0])
    wanted = [contract.channels, *network_size(contract)]
    if len(sides) != len(wanted) + 1:
        raise InvalidInput(
            f"The network's input has {len(sides)} dimensions; a {contract.dimensions}d network's has "
            f"{len(wanted) + 1}, batch and channels first."
        )
    if sides[1] not in (None, contract.channels):
        raise InvalidInput(
            f"The network takes {sides[1]} channels and the card describes {contract.channels}; windows times repeat "
            "must give the channels."
        )
    for side, size in zip(sides[2:], wanted[1:], strict=True):
        if side not in (None, size):
            shape = "x".join("any" if side is None else str(side) for side in sides[2:])
            raise InvalidInput(
                f"The network takes images of {shape} and the card says {'x'.join(map(str, wanted[1:]))}, in the order "
                "of its orientation."
            )


def _check_outputs(outputs: list[Any], contract: Contract) -> None:
    names = [output.name for output in outputs]
    for what, name in (("scores", contract.scores), ("heat", contract.heat), ("mask", contract.mask)):
        if name and name not in names:
            raise InvalidInput(f"The card's output.{what} is {name}; the network's outputs are {', '.join(names)}.")
    scores = outputs[names.index(contract.scores) if contract.scores else 0]
    sides = _sides(scores)
    if sides and (len(sides) != 2 or sides[1] not in (None, len(contract.classes))):
        shape = "x".join("any" if side is None else str(side) for side in sides)
        raise InvalidInput(
            f"The network's scores are {shape} and the card names {len(contract.classes)} classes; they must be one "
            "row an image with one number a class."
        )
