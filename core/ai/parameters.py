"""Every constant of the AI pipeline, named, with its source. Imports no torch: pages show these."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeGuard

from core.errors import InvalidInput

CLASSES = ("normal", "cap", "covid")  # order of every probability triple


@dataclass(frozen=True, slots=True)
class Window:
    """A display window: width and level in HU."""

    width: float
    level: float

    @property
    def low(self) -> float:
        """HU shown as black."""
        return self.level - self.width / 2

    @property
    def high(self) -> float:
        """HU shown as white."""
        return self.level + self.width / 2


LUNG_WINDOW = Window(width=1500, level=-600)  # HU; common practice, the paper gives none
WIDE_WINDOW = Window(width=1624, level=-212)  # HU, -1024 to 600: what the lung network sees


@dataclass(frozen=True, slots=True)
class Truncation:
    """Which slices are dropped at the ends (Luo et al. 2022: the first 10 % and the last 14 %).

    The text does not say which end is first; `first` makes it explicit. Counts are floor(share * n).
    """

    drop_head: float = 0.10
    drop_tail: float = 0.14
    first: Literal["apex", "base"] = "apex"


@dataclass(frozen=True, slots=True)
class RuleParams:
    """The patient rules' thresholds.

    `paper`: more than `minority` of the slices (Luo et al. 2022: 20 %); the text does not say of which sequence, `of`
    makes it explicit. `run-length`: a run of slices whose smoothed abnormal probability exceeds `run_threshold`, at
    least `run_slices` long and `run_share` of the kept slices.
    """

    minority: float = 0.20
    of: Literal["kept", "all"] = "kept"
    run_threshold: float = 0.5
    run_share: float = 0.08
    run_slices: int = 3


@dataclass(frozen=True, slots=True)
class PipelineParams:
    """All that shapes slice scores and calls. Sizes in pixels; margin and closing (a radius) in mm.

    The sizes are those a model was trained at; its card may name others (`parameters_of`).
    """

    truncation: Truncation = field(default_factory=Truncation)
    rule: RuleParams = field(default_factory=RuleParams)
    lung_window: Window = LUNG_WINDOW
    wide_window: Window = WIDE_WINDOW
    lung_size: int = 192
    lung_threshold: float = 0.25  # probability from which a pixel is lung; .5 leaves out the rim (procedural truth)
    slice_size: int = 96  # where the card names none; the shipped one was trained at 128
    mirrored: bool = False  # slices are scored mirrored as well, logits averaged: twice the time for 2 of 392 slices
    box_margin_mm: float = 8.0
    lung_closing_mm: float = 12.0  # bays of a lung's outline up to twice this wide are taken for consolidation

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for storage and for people."""
        return asdict(self)

    def hash(self) -> str:
        """Return a stable SHA-256 of the values, hex."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()


SIZES = {"lung_size": 16, "slice_size": 1}  # what a card may name: pixels, and what they are a multiple of
LEAST, MOST = 32, 1024  # pixels a network's input may have a side
MOST_TEMPERATURE = 100


def parameters_of(card: Mapping[str, Any]) -> PipelineParams:
    """Return the parameters of the model whose card this is: the defaults, at the inputs it was trained at.

    A card may name `slice_size` and `lung_size` (pixels), `lung_window` (width and level in HU) and whether slices are
    scored `mirrored` too. Raises InvalidInput where it names what no network takes.
    """
    stated = card.get("parameters", {})
    stated = stated if isinstance(stated, Mapping) else {}
    sizes = {name: stated[name] for name in SIZES if name in stated}
    for name, size in sizes.items():
        if not isinstance(size, int) or not LEAST <= size <= MOST or size % SIZES[name]:
            multiple = f" and a multiple of {SIZES[name]}" if SIZES[name] > 1 else ""
            raise InvalidInput(
                f"The card's {name} is {size}; it must be a whole number of {LEAST} to {MOST}{multiple}."
            )
    mirrored = stated.get("mirrored", False)
    if not isinstance(mirrored, bool):
        raise InvalidInput(f"The card's mirrored is {mirrored}; it must be true or false.")
    return replace(PipelineParams(), lung_window=_window(stated.get("lung_window")), mirrored=mirrored, **sizes)


def temperature_of(card: Mapping[str, Any]) -> float:
    """Return what a model's slice logits are divided by, 1 where its card names nothing; raises InvalidInput."""
    stated = card.get("temperature", 1.0)
    if not _is_number(stated) or not 0 < stated <= MOST_TEMPERATURE:
        raise InvalidInput(
            f"The card's temperature is {stated}; it must be a number above 0, {MOST_TEMPERATURE} at most."
        )
    return float(stated)


def _window(stated: object) -> Window:
    if stated is None:
        return LUNG_WINDOW
    width, level = (stated.get(key) for key in ("width", "level")) if isinstance(stated, Mapping) else (None, None)
    if not _is_number(width) or not _is_number(level) or not 1 <= width <= 5000 or not -1500 <= level <= 1500:
        raise InvalidInput("The card's lung_window must give a width of 1 to 5000 HU and a level of -1500 to 1500 HU.")
    return Window(width, level)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
