"""The kinds of files a study is exported as."""

from typing import Literal, get_args

Kind = Literal["csv", "json", "imrmc", "rjafroc", "marks", "lesions"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DETAILED: tuple[Kind, ...] = ("csv", "json")  # need the rest of every row
MARKED: tuple[Kind, ...] = ("marks", "lesions")  # of a finding that is marked on the image
