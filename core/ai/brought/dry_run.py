"""A first run of a brought model in a process of its own: little memory, little time, no files written, no secrets.

`python -m core.ai.brought.dry_run FOLDER` prints one JSON object: the engine to read with, milliseconds an input, or an
error in one sentence.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.ai.brought.check import ONNX, TORCHSCRIPT
from core.ai.brought.contract import Contract, contract_of
from core.ai.brought.inputs import network_size
from core.ai.engines import ONNXRUNTIME, OPENVINO, TORCH, Run, load
from core.errors import InvalidInput

MEMORY = 8 * 2**30  # bytes of address space; engines reserve far more than they use
CPU_S, WALL_S = 120, 900
WRITES = 2**16  # bytes a file may be written; engines write none
ALIKE = 1e-5  # how far OpenVINO's scores may be from ONNX Runtime's
ROOT = Path(__file__).resolve().parents[3]


def dry_run(folder: Path) -> dict[str, Any]:
    """Run a model's folder once in a process with limits; raises InvalidInput in one sentence where it fails."""
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own module on our own folder
            [sys.executable, "-m", __name__, str(folder)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InvalidInput(
            "The first run took longer than it may; is the input too large, or a loop without end?"
        ) from None
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise InvalidInput(
            f"The first run used more than {CPU_S} s or {MEMORY // 2**30} GB and was stopped; choose a smaller input."
        ) from None
    if "error" in found:
        raise InvalidInput(found["error"])
    return found


def main(folder: Path) -> dict[str, Any]:
    """Return what a first run comes to, in this process: engine, milliseconds, and the file's own facts."""
    contract = contract_of(json.loads((folder / "card.json").read_text()))
    shape = (1, contract.channels, *network_size(contract))
    image = np.random.default_rng(0).random(shape, np.float32)
    if (folder / TORCHSCRIPT).exists():
        found, ms = _run(load(TORCH, folder / TORCHSCRIPT), image, contract, [])
        names = [str(number) for number in range(len(found))]
        _check_names(contract, names)
        return {"engine": TORCH, "milliseconds": {TORCH: ms}, "names": names, "dtype": "float32", "batch": None}
    facts = _facts(folder / ONNX)
    image = np.repeat(image, facts["batch"] or 1, axis=0).astype(facts["dtype"])
    wanted, reference = _run(load(ONNXRUNTIME, folder / ONNX), image, contract, facts["names"])
    took = {ONNXRUNTIME: reference}
    try:
        found, ms = _run(load(OPENVINO, folder / ONNX), image, contract, facts["names"])
    except Exception:  # noqa: BLE001 - whatever OpenVINO cannot do, ONNX Runtime has done
        found = ()
    if found and all(_alike(array, other) for array, other in zip(found, wanted, strict=True)):
        took[OPENVINO] = ms
    return {"engine": min(took, key=lambda engine: took[engine]), "milliseconds": took, **facts}


def _facts(file: Path) -> dict[str, Any]:
    """Return the names of the outputs, the number type of the input, and its batch where that is fixed."""
    import onnx

    graph = onnx.load(str(file), load_external_data=False).graph
    stored = {output.name for output in graph.initializer}
    image = next(output for output in graph.input if output.name not in stored).type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(image.elem_type)
    batch = image.shape.dim[0].dim_value or None
    return {"names": [output.name for output in graph.output], "dtype": str(dtype), "batch": batch}


def _alike(array: NDArray[Any], other: NDArray[Any]) -> bool:
    apart = np.abs(array.astype(np.float64) - other).max()
    return array.shape == other.shape and bool(apart <= ALIKE * max(1.0, float(np.abs(other).max())))


def _check_names(contract: Contract, names: list[str]) -> None:
    for what, name in (("scores", contract.scores), ("heat", contract.heat), ("mask", contract.mask)):
        if name and name not in names:
            raise InvalidInput(f"The card's output.{what} is {name}; the network's outputs are {', '.join(names)}.")


def _run(run: Run, image: NDArray[Any], contract: Contract, names: list[str]) -> tuple[tuple[NDArray[Any], ...], float]:
    run(image)
    begun = time.process_time()
    found = run(image)
    ms = round(1000 * (time.process_time() - begun) / len(image), 1)
    place = int(contract.scores) if contract.scores.isdigit() and not names else 0
    scores = found[names.index(contract.scores) if contract.scores and names else min(place, len(found) - 1)]
    if scores.shape != (len(image), len(contract.classes)):
        raise InvalidInput(
            f"The network's scores are {'x'.join(map(str, scores.shape))} and the card names {len(contract.classes)} "
            "classes; they must be one row an image with one number a class."
        )
    if not all(np.isfinite(output).all() for output in found):
        raise InvalidInput("The first run gave numbers that are not finite; check the weights.")
    if contract.activation == "none" and (scores.min() < -1e-3 or scores.max() > 1 + 1e-3):
        raise InvalidInput(
            "The network's scores are no probabilities from 0 to 1; state the card's output.activation, softmax or "
            "sigmoid."
        )
    return found, ms


def _limit() -> None:
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITES, WRITES))


def _answer(folder: Path) -> dict[str, Any]:
    _limit()
    try:
        return main(folder)
    except InvalidInput as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"The first run needs more than {MEMORY // 2**30} GB; choose a smaller input."}
    except Exception as error:  # noqa: BLE001 - whatever an engine says of a stranger's model is the finding
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return {"error": f"The first run failed: {first[:300]}"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(Path(sys.argv[1]))) + "\n")
