"""A model's card: checked when it comes from elsewhere, and put into words for people. Imports no torch."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from core.ai.brought.contract import contract_of, is_brought
from core.ai.model_files import R231, check_part
from core.ai.parameters import CLASSES, parameters_of, temperature_of
from core.errors import InvalidInput

MOST_BYTES = 10**6  # of a card.json; the shipped one has 6 KB
OWN_LABEL = "Own weights. Research only; not a medical device; not for diagnosis."
KEYS, PATIENTS = "keys", "patients"  # of a manifest: keys made with this installation's secret, and how many patients
UNKNOWN = "unknown"  # a manifest's `known` where nobody can say which patients trained the model
STATED = {UNKNOWN: "patients not known", "none": "no patients"}
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~!]|:(?=\w))")


def checked_card(data: bytes) -> dict[str, Any]:
    """Return the card in the bytes of a card.json; raises InvalidInput naming what is wrong with it."""
    card = parsed(data)
    for what in ("name", "version"):
        if not isinstance(card.get(what), str):
            raise InvalidInput(f"The card.json must give the model's {what} as text.")
        check_part(what, card[what])
    if is_brought(card):
        contract_of(card)
        _check_manifest(card.get("manifest", {}))
        return card
    classes = card.get("classes", list(CLASSES))
    if not isinstance(classes, list) or sorted(map(str, classes)) != sorted(CLASSES):
        raise InvalidInput(f"The card's classes must be {', '.join(CLASSES)}, in the order of the network's outputs.")
    if card.get("lungs") not in (None, R231):
        raise InvalidInput(f"The card's lungs can only be {R231}, or left out where the lungs are a file.")
    temperature_of(card)
    parameters_of(card)
    _check_manifest(card.get("manifest", {}))
    return card


def parsed(data: bytes) -> dict[str, Any]:
    """Return the one JSON object in the bytes of a card.json, its words not yet checked; raises InvalidInput."""
    if len(data) > MOST_BYTES:
        raise InvalidInput(f"The card.json is larger than {MOST_BYTES // 10**6} MB; shorten it.")
    try:
        card = json.loads(data.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidInput("The card.json is damaged; export the model again.") from None
    if not isinstance(card, dict):
        raise InvalidInput("The card.json must hold one JSON object; export the model again.")
    return card


def key_figures(card: Mapping[str, Any]) -> str:
    """Return the card's main figures with what they rest on, or that it states none."""
    stated = card.get("figures")
    if isinstance(stated, str) and stated.strip():
        return stated.strip()
    found = []
    for name, group in stated.items() if isinstance(stated, Mapping) else ():
        if not isinstance(group, Mapping):
            continue
        first = next((key for key in ("accuracy", "dice", "auc") if key in group), None)
        if first is not None:
            count = f" (n {group['n']:g})" if isinstance(group.get("n"), int | float) else " (n not stated)"
            found.append(f"{_words(name)}: {first} {_value(group[first])}{count}")
    return "; ".join(found) or "none stated"


def trained_on(card: Mapping[str, Any]) -> str:
    """Return what trained the model in a few words: its data and how many patients are named."""
    manifest = card.get("manifest", {})
    named = int(manifest.get(PATIENTS, 0)) or len({*manifest.get("trained", []), *manifest.get("tuned", [])})
    if manifest.get("known") in STATED:
        patients = STATED[manifest["known"]]
    else:
        patients = f"{named} {'patient' if named == 1 else 'patients'} named"
    data = card.get("data")
    cases = data.get("training_cases") if isinstance(data, Mapping) else None
    if isinstance(cases, Mapping):
        made = ", ".join(f"{count} {kind}" for kind, count in cases.items() if count)
        return f"{made} cases; {patients}"
    return f"{_line(data)}; {patients}" if data else patients


def sizes(card: Mapping[str, Any]) -> str:
    """Return the pixels a side that both networks see."""
    if is_brought(card):
        contract = contract_of(card)
        kind = "patches" if contract.overlap is not None else "slices" if contract.dimensions == 2 else "volume"
        return f"{kind} {'x'.join(map(str, contract.size))}"
    parameters = parameters_of(card)
    return (
        f"slices {parameters.slice_size} px, lungs {'R231' if card.get('lungs') == R231 else parameters.lung_size} px"
    )


def sections(card: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the card under headings, each with its lines as plain text."""
    manifest = card.get("manifest", {})
    known = STATED.get(manifest.get("known", ""))
    what = [
        str(card.get("label", OWN_LABEL)),
        f"Licence: {_line(card.get('licence')) or 'not stated'}",
        *(_brought_lines(card) if is_brought(card) else _own_lines(card)),
    ]
    data = [_line(card.get(key)) for key in ("data", "attribution") if card.get(key)]
    for use in ("trained", "tuned"):
        names = manifest.get(use, [])
        if names:
            data.append(f"Patients that {use} it: {', '.join(map(str, names))}")
    if known or not (manifest.get("trained") or manifest.get("tuned")):
        kept = int(manifest.get(PATIENTS, 0))
        listed = f"{kept}, kept as keys only" if kept else known or "none named"
        data.append(f"Patients that trained it: {listed}")
    figures = card.get("figures")
    lines = [figures] if isinstance(figures, str) else _lines(figures)
    training = [f"Seed {card['seed']}"] if card.get("seed") is not None else []
    training += [_line(card[key]) for key in ("status", "machine", "time") if card.get(key)]
    training += [str(command) for command in card.get("commands", [])]
    limits = card.get("limits", [])
    found = [
        ("What it is", what),
        ("Data", data),
        ("Figures", [*lines, *_lines(card.get("evaluation"))]),
        ("Limits", [limits] if isinstance(limits, str) else [str(limit) for limit in limits]),
        ("Training", training),
        (
            "First run when it was added" if is_brought(card) else "Trial on procedural chests when it was added",
            _lines(card.get("trial")),
        ),
    ]
    return [(heading, [line for line in lines if line]) for heading, lines in found if any(lines)]


def _own_lines(card: Mapping[str, Any]) -> list[str]:
    parameters = parameters_of(card)
    window = parameters.lung_window
    lungs = "R231 of the package lungmask" if card.get("lungs") == R231 else card.get("lungs_from", "its own U-Net")
    return [
        f"Outputs: {', '.join(card.get('classes', CLASSES))}; temperature of the slice scores {temperature_of(card):g}",
        f"Inputs: {sizes(card)}; lung window {window.width:g} HU wide at {window.level:g} HU"
        + ("; slices are scored mirrored too" if parameters.mirrored else ""),
        f"Lungs: {lungs}",
    ]


def _brought_lines(card: Mapping[str, Any]) -> list[str]:
    contract = contract_of(card)
    windows = " and ".join(f"{window.width:g} HU wide at {window.level:g} HU" for window in contract.windows)
    spacing = contract.spacing_mm and " x ".join(f"{mm:g}" for mm in contract.spacing_mm)
    top = f" ({contract.top_k})" if contract.rule == "top-k" else ""
    return [
        f"A {contract.dimensions}D network brought by somebody else; it runs as it came",
        f"Outputs: {', '.join(contract.classes)}, {'several at once' if contract.multi else 'one of them'}; "
        f"patient rule {contract.rule}{top}",
        f"Inputs: {sizes(card)}, {contract.region}, axes {contract.orientation}; windows {windows}"
        + (f"; {spacing} mm" if spacing else ""),
        *([f"Lungs: {card['lungs_from']}"] if card.get("lungs_from") else []),
    ]


def trial_rows(trial: Mapping[str, Any]) -> list[dict[str, object]]:
    """Return a trial read as a table, one row a chest."""
    return [
        {
            "Procedural chest": label,
            "Called": figures["call"],
            **{f"p({name})": figures[name] for name in CLASSES},
            "Lungs, Dice": figures["lung_dice"],
            "Seconds": figures["seconds"],
        }
        for label, figures in trial.items()
        if label in CLASSES
    ]


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows it as it stands: a card may come from anywhere."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))


def card_text(card: Mapping[str, Any]) -> str:
    """Return an own model's card as Markdown, for the folder and for the zip."""
    lines = [f"# {card['name']} {card['version']}", ""]
    for heading, points in sections(card):
        lines += [f"## {heading}", "", *(f"- {escaped(point)}" for point in points), ""]
    return "\n".join(lines)


def _check_manifest(manifest: object) -> None:
    wrong = InvalidInput("The card's manifest must list patients as texts under trained and tuned.")
    if not isinstance(manifest, dict):
        raise wrong
    for use in ("trained", "tuned", KEYS):
        names = manifest.get(use, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise wrong
    count = manifest.get(PATIENTS, 0)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise wrong


def _lines(stated: object) -> list[str]:
    stated = stated if isinstance(stated, Mapping) else {}
    return [f"{_words(key)}: {_line(value)}" for key, value in stated.items() if value != []]


def _line(value: object) -> str:
    """Return any value of a card as one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)} {_line(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_line(item) for item in value)
    return _value(value) if value is not None else ""


def _words(key: object) -> str:
    return str(key).replace("_", " ")


def _value(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) and math.isfinite(value) else str(value)


def _no_number(text: str) -> float:
    raise ValueError(text)
