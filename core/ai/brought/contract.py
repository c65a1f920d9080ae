"""What the card of a brought model states about its inputs and outputs, checked. Imports no torch."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from core.ai.parameters import Window, parameters_of
from core.ai.rule import RULES
from core.errors import InvalidInput

Region = Literal["slice", "lungs", "lungs only"]
MULTI, SINGLE = "multi-label", "single-label"
SCAN_RULES, SLICE_RULES = ("mean", "max", "top-k"), ("paper", "run-length", "sure-run")
REGIONS = ("slice", "lungs", "lungs only")
ACTIVATIONS = ("none", "softmax", "sigmoid")
OURS = "IPL"  # the directions in which the axes of our volumes (z, y, x) grow
OPPOSITE = dict(zip("RLAPIS", "LRPASI", strict=True))
MOST_CLASSES, MOST_SIDE, MOST_VOXELS = 100, 1024, 300**3
KNOWN = {
    "input": ("windows", "values", "mean", "std", "size", "region", "resize", "orientation", "repeat", "spacing_mm",
              "patches", "truncation"),
    "output": ("kind", "activation", "scores", "heat", "mask"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contract:
    """How a brought model is fed and read; sides and spacings in the order (z, y, x), or (y, x) of a 2D network.

    `size` is the network's input; None in `spacing_mm` means that the whole region is brought to that size. With
    `overlap` the input is a patch, and patches overlap by that share of their side.
    """

    dimensions: int
    classes: tuple[str, ...]
    windows: tuple[Window, ...]
    low: float
    high: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: tuple[int, ...]
    region: Region
    resize: str
    orientation: str
    repeat: int
    spacing_mm: tuple[float, ...] | None
    overlap: float | None
    drop: tuple[float, float]
    multi: bool
    activation: str
    scores: str
    heat: str
    mask: str
    rule: str
    top_k: int
    normal: str
    threshold: float

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        return len(self.windows) * self.repeat

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for storage and for people."""
        return asdict(self)


def is_brought(card: Mapping[str, Any]) -> bool:
    """Tell whether a card is that of a brought model."""
    return "network" in card


def contract_of(card: Mapping[str, Any]) -> Contract:
    """Return what a card states about inputs and outputs; raises InvalidInput with one sentence for what is wrong."""
    if card.get("network") not in ("2d", "3d"):
        raise InvalidInput("The card's network must be “2d” or “3d”.")
    count = 2 if card["network"] == "2d" else 3
    given, out = (_part(card, name) for name in ("input", "output"))
    classes = _classes(card.get("classes"))
    multi = _choice(out, "output", "kind", (SINGLE, MULTI), SINGLE) == MULTI
    windows = _windows(given.get("windows"))
    repeat = _number(given.get("repeat", 1), "input.repeat", 1, 3, whole=True)
    low, high = _numbers(given.get("values", [0, 1]), "input.values", 2, -1e5, 1e5)
    if low >= high:
        raise InvalidInput("The card's input.values must be two numbers, the smaller first.")
    channels = len(windows) * int(repeat)
    patches = given.get("patches")
    if patches is not None and (count == 2 or not isinstance(patches, Mapping)):
        raise InvalidInput("The card's input.patches gives size and overlap, and only a 3d network has patches.")
    sizes = patches.get("size") if patches is not None else given.get("size")
    name = "input.patches.size" if patches is not None else "input.size"
    size = tuple(int(number) for number in _numbers(sizes, name, count, 1, MOST_SIDE, whole=True))
    if math.prod(size) * channels > MOST_VOXELS:
        raise InvalidInput(f"The card's {name} is larger than {MOST_VOXELS} values; no input here is.")
    spacing = given.get("spacing_mm")
    if (count == 2 or patches is None) and spacing is None:
        spacings = None
    elif count == 2:
        raise InvalidInput("The card's input.spacing_mm belongs to a 3d network; a 2d one sees slices at its size.")
    elif spacing is None:
        raise InvalidInput("Patches need input.spacing_mm, three numbers in mm (z, y, x).")
    else:
        spacings = tuple(_numbers(spacing, "input.spacing_mm", 3, 0.1, 50))
    drop = _numbers(given.get("truncation", [0, 0]), "input.truncation", 2, 0, 0.9)
    if sum(drop) >= 0.95:
        raise InvalidInput("The card's input.truncation leaves no slices; give the shares to drop at apex and base.")
    rules = SCAN_RULES if multi or count == 3 else (*SCAN_RULES, *SLICE_RULES)
    rule = _choice(card, "", "rule", rules, "mean")
    normal = _text(card, "normal", "none" if multi else "")
    if not multi and normal and normal not in classes:
        raise InvalidInput(f"The card's normal is {normal}, which is not among its classes.")
    if rule in SLICE_RULES and not normal:
        raise InvalidInput(f"The rule {rule} needs to know which class is normal; name it in the card's normal.")
    default = "sigmoid" if multi else "softmax"
    activation = _choice(out, "output", "activation", ACTIVATIONS, default)
    if (activation, multi) in (("softmax", True), ("sigmoid", False)) and len(classes) > 1:
        raise InvalidInput(f"The activation {activation} does not fit a {out.get('kind', SINGLE)} output.")
    return Contract(
        count,
        classes,
        windows,
        low,
        high,
        tuple(_numbers(given.get("mean", [0.0] * channels), "input.mean", channels, -1e5, 1e5)),
        tuple(_numbers(given.get("std", [1.0] * channels), "input.std", channels, 1e-6, 1e5)),
        size,
        cast("Region", _choice(given, "input", "region", REGIONS, "slice")),
        _choice(given, "input", "resize", ("area", "linear"), "area"),
        _orientation(given.get("orientation"), count),
        int(repeat),
        spacings,
        None if patches is None else _number(patches.get("overlap", 0.25), "input.patches.overlap", 0, 0.9),
        (drop[0], drop[1]),
        multi,
        activation,
        _text(out, "scores", ""),
        _text(out, "heat", ""),
        _text(out, "mask", ""),
        rule,
        int(_number(card.get("top_k", 5), "top_k", 1, 1000, whole=True)),
        normal,
        _number(card.get("threshold", 0.5), "threshold", 0, 1),
    )


def _part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = card.get(name, {})
    if not isinstance(part, Mapping):
        raise InvalidInput(f"The card's {name} must be an object with names and values.")
    unknown = [key for key in part if key not in KNOWN[name]]
    if unknown:
        raise InvalidInput(
            f"The card's {name} has {unknown[0]}, which is not known; there are {', '.join(KNOWN[name])}."
        )
    return part


def _classes(stated: object) -> tuple[str, ...]:
    if not isinstance(stated, list) or not stated or not all(isinstance(item, str) and item.strip() for item in stated):
        raise InvalidInput("The card's classes must be a list of names, in the order of the network's outputs.")
    if len(set(stated)) < len(stated):
        raise InvalidInput("The card names a class twice; each output has a name of its own.")
    if len(stated) > MOST_CLASSES or max(map(len, stated)) > 60:
        raise InvalidInput(f"The card names more than {MOST_CLASSES} classes, or one with more than 60 characters.")
    return tuple(stated)


def _windows(stated: object) -> tuple[Window, ...]:
    if not isinstance(stated, list) or not 1 <= len(stated) <= 8:
        raise InvalidInput("The card's input.windows must list one to eight windows, each with width and level in HU.")
    made = []
    for item in stated:
        item = item if isinstance(item, Mapping) else {}
        width = _number(item.get("width"), "input.windows' width", 1, 10_000)
        made.append(Window(width, _number(item.get("level"), "input.windows' level", -2000, 5000)))
    return tuple(made)


def _orientation(stated: object, count: int) -> str:
    plain = OURS[-count:]
    if stated is None:
        return plain
    axes = [{axis, OPPOSITE[axis]} for axis in plain]
    letters = [letter for letter in stated] if isinstance(stated, str) else []
    found = [next((n for n, axis in enumerate(axes) if letter in axis), -1) for letter in letters]
    if sorted(found) != list(range(count)):
        raise InvalidInput(
            f"The card's input.orientation must be {count} letters, one an axis: where its index grows to, such as "
            f"{plain}{' or RAS' if count == 3 else ''}."
        )
    return str(stated)


def _choice(part: Mapping[str, Any], where: str, name: str, choices: Sequence[str], default: str) -> str:
    stated = part.get(name, default)
    if stated not in choices:
        label = f"{where}.{name}" if where else name
        raise InvalidInput(f"The card's {label} is {stated}; it can be {', '.join(choices)}.")
    return str(stated)


def _text(part: Mapping[str, Any], name: str, default: str) -> str:
    stated = part.get(name, default)
    if not isinstance(stated, str) or len(stated) > 200:
        raise InvalidInput(f"The card's {name} must be a text.")
    return stated


def _numbers(
    stated: object, name: str, count: int, least: float, most: float, *, whole: bool = False
) -> tuple[float, ...]:
    if not isinstance(stated, list | tuple) or len(stated) != count:
        raise InvalidInput(f"The card's {name} must be a list of {count} numbers.")
    return tuple(_number(item, name, least, most, whole=whole) for item in stated)


def _number(stated: object, name: str, least: float, most: float, *, whole: bool = False) -> float:
    fits = isinstance(stated, int if whole else int | float) and not isinstance(stated, bool)
    if not fits or not least <= cast("float", stated) <= most:
        raise InvalidInput(
            f"The card's {name} must be {'a whole number' if whole else 'a number'} from {least:g} to {most:g}."
        )
    return cast("float", stated)


def rules_of(card: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the patient rules under which a model's calls are kept: every one of ours, or the one its card names."""
    return (str(card.get("rule", "mean")),) if is_brought(card) else tuple(RULES)


def parameters_hash(card: Mapping[str, Any]) -> str:
    """Return what stands for all that shapes a model's scores and calls beside its weights, hex."""
    if not is_brought(card):
        return parameters_of(card).hash()
    return hashlib.sha256(json.dumps(contract_of(card).as_dict(), sort_keys=True).encode()).hexdigest()
