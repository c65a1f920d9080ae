"""A brought model laid out as models are kept, once its card, its file and a first run are in order."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from core.ai.brought import bundle
from core.ai.brought.check import ONNX, TORCHSCRIPT, check_onnx, check_torchscript
from core.ai.brought.contract import contract_of
from core.ai.brought.dry_run import dry_run
from core.ai.card import OWN_LABEL, checked_card, parsed
from core.ai.model_files import Weights, check_part, described, named
from core.ai.model_zip import unpack, write_card
from core.ai.new_model import NewModel, with_patients
from core.errors import InvalidInput
from core.imaging.archive import FAILURES

SUFFIXES = {".onnx": ONNX, ".ts": TORCHSCRIPT}


def is_brought_file(file: Path) -> bool:
    """Tell whether a file belongs to a brought model: its network, its card, a MONAI bundle, or the zip of one."""
    if file.suffix.lower() in (*SUFFIXES, ".json"):
        return True
    if file.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            names = {PurePosixPath(name).name for name in archive.namelist()}
    except FAILURES:
        return False
    return bool(names & {ONNX, TORCHSCRIPT}) or bundle.is_bundle(file)


def lay_out(files: Sequence[Path], new: NewModel, place: Path, *, secret: bytes) -> Weights:
    """Check a model and its card, run it once, and lay it out in place/NAME/VERSION; return what lies there.

    `files` are the network (.onnx, .ts, or the zip of a MONAI bundle or of a model) and, unless a zip brings one, its
    card.json. Raises InvalidInput with one sentence that says what to mend.
    """
    raw = place / "raw"
    raw.mkdir(parents=True)
    cards = [file for file in files if file.suffix.lower() == ".json"]
    networks = [file for file in files if file.suffix.lower() != ".json"]
    if len(networks) != 1 or len(cards) > 1:
        raise InvalidInput("Give one model (.onnx, .ts, or the zip of a MONAI bundle) and one card.json.")
    network, stated = _network(networks[0], raw)
    given = parsed(cards[0].read_bytes()) if cards else {}
    if not cards and "network" not in stated:
        raise InvalidInput("The card is missing; give the model's card.json, which says how to feed and read it.")
    card = _joined(stated, given, new)
    for what in ("name", "version"):
        if not isinstance(card.get(what), str) or not card[what]:
            raise InvalidInput(f"The card.json must give the model's {what} as text.")
        check_part(what, card[what])
    if not isinstance(card.get("licence"), str) or not card["licence"].strip():
        raise InvalidInput("The card must state the licence; “not licensed, for use here only” is an answer too.")
    contract = contract_of(card)
    card = with_patients(checked_card(json.dumps(card).encode()), new, secret)
    if contract.region != "slice":
        finder = named(None)
        card["lungs_from"] = f"{finder.name}/{finder.version}"
    if network.name == ONNX:
        check_onnx(network, contract)
    else:
        check_torchscript(network)
    folder = place / card["name"] / card["version"]
    folder.mkdir(parents=True)
    network.rename(folder / network.name)
    write_card(folder, card)
    write_card(folder, {**card, "trial": dry_run(folder)})
    shutil.rmtree(raw)
    return described(folder)


def _network(file: Path, raw: Path) -> tuple[Path, dict[str, Any]]:
    """Bring the network into a folder under its kept name; return it and what came with it."""
    if file.suffix.lower() in SUFFIXES:
        target = raw / SUFFIXES[file.suffix.lower()]
        shutil.copyfile(file, target)
        return target, {}
    if file.suffix.lower() != ".zip":
        raise InvalidInput(f"{file.suffix or 'A file without an ending'} is no brought model; give .onnx, .ts or .zip.")
    if bundle.is_bundle(file):
        return bundle.unpack(file, raw)
    card = dict(unpack(file, raw))
    card.pop("trial", None)
    return next(raw / name for name in (ONNX, TORCHSCRIPT) if (raw / name).exists()), card


def _joined(stated: Mapping[str, Any], given: Mapping[str, Any], new: NewModel) -> dict[str, Any]:
    """Return one card: what a bundle states, over it what the card states, and what the form or command names."""
    card = {"label": OWN_LABEL, **stated, **given}
    for part in ("input", "output"):
        inner = [form.get(part, {}) for form in (stated, given)]
        if all(isinstance(part_of, Mapping) for part_of in inner) and any(inner):
            card[part] = {**inner[0], **inner[1]}
    named_here = {"name": new.name, "version": new.version, "licence": new.licence.strip(), "data": new.data.strip()}
    return {**card, **{key: value for key, value in named_here.items() if value}}
