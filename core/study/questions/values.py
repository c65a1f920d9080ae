"""What a value that came as JSON may be."""

import math
from typing import Any, TypeGuard

MAX_NUMBER = 10**15


def whole(value: Any) -> TypeGuard[int | float]:
    """Tell whether a value is a whole number; 3.0 is one, true is none."""
    return (
        not isinstance(value, bool) and isinstance(value, int | float) and finite(value) and float(value).is_integer()
    )


def finite(value: Any) -> bool:
    """Tell whether a value is a number that arithmetic can handle: JSON may bring whole ones of any length."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < MAX_NUMBER if isinstance(value, int) else math.isfinite(value)


def plain(text: str) -> bool:
    """Tell whether every database can store a text: no control characters but line ends, no halves of characters."""
    return all(
        character in "\n\r\t" or (character >= " " and not "\ud800" <= character <= "\udfff") for character in text
    )
