"""Whether a reconstruction kernel is soft or sharp, from its name by vendor habit."""

import re
from enum import IntEnum


class Sharpness(IntEnum):
    """Lower is better for lungs read in lung and soft-tissue window, and for the AI."""

    SOFT = 0
    UNKNOWN = 1
    SHARP = 2


SHARP_WORDS = ("lung", "bone", "edge", "ultra", "sharp", "hrct", "detail hd", "boneplus", "chst hd")
SOFT_WORDS = ("standard", "soft", "stnd", "detail", "chst", "chest", "smooth", "body")
PHILIPS = {"a": Sharpness.SOFT, "b": Sharpness.SOFT, "c": Sharpness.SOFT} | dict.fromkeys(
    ["d", "e", "l", "f", "ya", "yb", "yc", "yd", "yl"], Sharpness.SHARP
)
SIEMENS_SHARP_FROM = 50  # B10 to B46 and Br36 to Br49 smooth, B50 to B80 and Bl57 up sharpen
TOSHIBA = re.compile(r"fc(\d{2})")
SIEMENS = re.compile(r"[a-z]{1,2}(\d{2})[a-z]?")


def sharpness(kernel: str | None) -> Sharpness:
    """Return how sharp a kernel is: Siemens by number, Toshiba/Canon by FC range, GE and Philips by name."""
    name = (kernel or "").strip().casefold().split("/")[0]
    if not name:
        return Sharpness.UNKNOWN
    if toshiba := TOSHIBA.match(name):  # FC01-29 body, FC30 up bone, lung and inner ear
        return Sharpness.SOFT if int(toshiba[1]) < 30 else Sharpness.SHARP
    if siemens := SIEMENS.fullmatch(name):
        return Sharpness.SOFT if int(siemens[1]) < SIEMENS_SHARP_FROM else Sharpness.SHARP
    if name in PHILIPS:
        return PHILIPS[name]
    if any(word in name for word in SHARP_WORDS):
        return Sharpness.SHARP
    if any(word in name for word in SOFT_WORDS):
        return Sharpness.SOFT
    return Sharpness.UNKNOWN
