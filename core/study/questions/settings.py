"""What a coordinator fills in to set a question up. The setup page draws each by its type."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a question. `words` tells that it is wording, which may change until the first read."""

    field: str
    label: str
    words: bool = False

    def emptied(self, value: Any) -> Any:
        """Return the value without its wording."""
        raise TypeError(f"{type(self).__name__} holds no wording")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsSetting(Setting):
    """Options to choose from, one a line. Their labels are wording, their codes and number are not."""

    words: bool = True

    def emptied(self, value: Any) -> Any:
        """Return the options without their labels."""
        return tuple(replace(option, label="") for option in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSetting(Setting):
    """Two short texts, such as the ends of a scale; `label` and `second` name them."""

    second: str
    words: bool = True

    def emptied(self, value: Any) -> Any:
        """Return two empty texts, or None where none were set."""
        return None if value is None else ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSetting(Setting):
    """A number, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSetting(Setting):
    """A whole number from `low` to `high`; `start` is suggested."""

    low: int
    high: int
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSetting(Setting):
    """A line of text, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOfSetting(Setting):
    """One of some values, named; the first is suggested."""

    options: Mapping[str, str]
