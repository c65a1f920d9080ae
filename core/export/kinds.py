"""The kinds of files a study is exported as."""

from typing import Literal

Kind = Literal["csv", "json", "imrmc", "rjafroc"]
KINDS: tuple[Kind, ...] = ("csv", "json", "imrmc", "rjafroc")
DETAILED: tuple[Kind, ...] = ("csv", "json")  # need the rest of every row
