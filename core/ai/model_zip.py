"""A model as one zip file: its weights and its card, so that it goes from one machine to another. Imports no torch."""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from core.ai.card import KEYS, MOST_BYTES, card_text, checked_card
from core.ai.model_files import BROUGHT, Weights
from core.errors import InvalidInput
from core.imaging.archive import FAILURES

CARD, TEXT = "card.json", "card.md"
WEIGHTS = ("slices.safetensors", "lungs.safetensors")
MOST_WEIGHTS = 250 * 10**6  # bytes of one weights file, unpacked
FILES = (CARD, TEXT, *WEIGHTS, *BROUGHT)
CHUNK = 2**20
STAMP = (2020, 1, 1, 0, 0, 0)  # the same model always makes the same zip


def pack(weights: Weights, target: Path, *, keys: bool = False) -> None:
    """Write a model to a zip file, through a name beside it so that no half of one is ever there.

    Without `keys` the patients that trained it are left out where only this installation's keys of them are known.
    Raises InvalidInput for weights that lie there as a PyTorch file, and where the place cannot be written.
    """
    files = {WEIGHTS[0]: weights.slices, WEIGHTS[1]: weights.lungs}
    if weights.brought:
        files = {weights.slices.name: weights.slices}
    if not weights.portable:
        raise InvalidInput(
            f"{weights.name}/{weights.version} lies there as a PyTorch file. Add it once more under another version: "
            "it is then kept in the form that can be handed on."
        )
    card = {**weights.card, "name": weights.name, "version": weights.version}
    if not keys and KEYS in card.get("manifest", {}):
        card["manifest"] = {key: value for key, value in card["manifest"].items() if key != KEYS}
    folder = f"{weights.name}/{weights.version}"
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(f"{folder}/{CARD}", STAMP), json.dumps(card, indent=1) + "\n")
            archive.writestr(zipfile.ZipInfo(f"{folder}/{TEXT}", STAMP), card_text(card))
            for name, file in files.items():
                if file is not None:
                    with archive.open(zipfile.ZipInfo(f"{folder}/{name}", STAMP), "w") as member:
                        member.write(file.read_bytes())
        scratch.replace(target)
    except OSError as error:
        raise InvalidInput(f"The zip cannot be written there ({error.strerror}); name another place.") from None
    finally:
        scratch.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> Mapping[str, Any]:
    """Write the weights of a model's zip into a folder under their own names and return its card, checked.

    Names inside the zip choose nothing but which of the four files it is. Raises InvalidInput for a zip that is
    damaged, holds other files or one of them twice, or unpacks to more than a model takes.
    """
    card: dict[str, Any] | None = None
    try:
        with zipfile.ZipFile(source) as archive:
            for name, info in _entries(archive).items():
                if name == CARD:
                    card = checked_card(_bytes(archive, info))
                elif name in (*WEIGHTS, *BROUGHT):
                    _write(archive, info, folder / name)
    except FAILURES:
        raise InvalidInput("This zip is damaged or protected; export the model again.") from None
    if card is None:
        raise InvalidInput("This zip holds no card.json; take the zip that the page AI models or `models export` made.")
    return card


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write a model's card for machines and for people."""
    (folder / CARD).write_text(json.dumps(card, indent=1) + "\n")
    (folder / TEXT).write_text(card_text(card))


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by the plain name of their file; all lie in one folder, however deep."""
    found: dict[str, zipfile.ZipInfo] = {}
    folders = set()
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if info.is_dir() or path.parts[:1] == ("__MACOSX",) or path.name == ".DS_Store":  # what a Mac adds to a zip
            continue
        if ".." in path.parts or path.is_absolute() or "\\" in info.filename or path.name not in FILES:
            raise InvalidInput(
                f"The zip holds files that belong to no model; it must hold {CARD} and {WEIGHTS[0]}, and may hold "
                f"{WEIGHTS[1]} and {TEXT}."
            )
        if path.name in found:
            raise InvalidInput(f"The zip holds {path.name} twice; a model has one.")
        found[path.name] = info
        folders.add(path.parent)
    if len(folders) > 1:
        raise InvalidInput("The zip holds more than one folder; a model has one.")
    if not found.keys() & {WEIGHTS[0], *BROUGHT}:
        raise InvalidInput(f"The zip holds no {WEIGHTS[0]}.")
    return found


def _bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as stream:
        return stream.read(MOST_BYTES + 1)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one file; what it unpacks to is counted, since a zip can lie about it."""
    written = 0
    with archive.open(info) as stream, target.open("wb") as file:
        while chunk := stream.read(CHUNK):
            written += len(chunk)
            if written > MOST_WEIGHTS:
                raise InvalidInput(
                    f"{target.name} unpacks to more than {MOST_WEIGHTS // 10**6} MB; no model here does."
                )
            file.write(chunk)
