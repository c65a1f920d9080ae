"""A MONAI bundle: its network and what its metadata.json says. Its configuration is neither read nor run."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from core.ai.brought.check import MOST_BYTES, ONNX, TORCHSCRIPT
from core.errors import InvalidInput
from core.imaging.archive import FAILURES

METADATA = "configs/metadata.json"
MODELS = {"models/model.onnx": ONNX, "models/model.ts": TORCHSCRIPT}  # the first there is, is taken
MOST_METADATA = 10**6
CHUNK = 2**20


def is_bundle(file: Path) -> bool:
    """Tell whether a zip is a MONAI bundle."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(METADATA) for name in archive.namelist())
    except FAILURES:
        return False


def unpack(source: Path, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write a bundle's network into a folder; return it and what its metadata says, in a card's words."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = {info.filename: info for info in archive.infolist()}
            place = next(name for name in names if name.endswith(METADATA)).removesuffix(METADATA)
            with archive.open(place + METADATA) as stream:
                card = _card(stream.read(MOST_METADATA + 1))
            inner = next((model for model in MODELS if place + model in names), None)
            if inner is None:
                raise InvalidInput("The bundle holds no models/model.onnx and no models/model.ts; export one of them.")
            target, written = folder / MODELS[inner], 0
            with archive.open(place + inner) as stream, target.open("wb") as file:
                while chunk := stream.read(CHUNK):
                    written += len(chunk)
                    if written > MOST_BYTES:
                        raise InvalidInput(
                            f"{PurePosixPath(inner).name} unpacks to more than {MOST_BYTES // 10**6} MB."
                        )
                    file.write(chunk)
    except FAILURES:
        raise InvalidInput("This zip is damaged or protected; make the bundle again.") from None
    return target, card


def _card(data: bytes) -> dict[str, Any]:
    wrong = InvalidInput("The bundle's metadata.json is damaged or too large; make the bundle again.")
    try:
        stated = json.loads(data.decode()) if len(data) <= MOST_METADATA else None
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(stated, Mapping):
        raise wrong
    form = _mapping(stated.get("network_data_format"))
    image, scores = (_mapping(next(iter(_mapping(form.get(name)).values()), None)) for name in ("inputs", "outputs"))
    shape = image.get("spatial_shape")
    shape = shape if isinstance(shape, list) and all(isinstance(side, int) for side in shape) else None
    channels = _mapping(scores.get("channel_def"))
    made: dict[str, Any] = {
        "name": str(stated.get("name") or "").replace(" ", "-"),
        "version": str(stated.get("version") or ""),
        "licence": str(stated.get("license") or stated.get("copyright") or ""),
        "data": str(stated.get("data_source") or ""),
        "classes": [str(channels[key]) for key in sorted(channels, key=_number)],
        "input": {},
    }
    if shape and len(shape) in (2, 3):
        made |= {"network": f"{len(shape)}d", "input": {"size": shape}}
    return {key: value for key, value in made.items() if value}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(key: object) -> int:
    return int(str(key)) if str(key).isdigit() else 0
