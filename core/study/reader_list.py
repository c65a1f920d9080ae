"""A pasted or imported list of readers: a line each, with names, e-mail or user name, group and years."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.errors import InvalidInput

MOST = 200  # readers of one list
USERNAME = re.compile(r"[a-z0-9._@-]{1,80}")
IN_BRACKETS = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<\s*(?P<user>[^<>\s]+)\s*>\s*(?P<rest>.*)$")
HEADINGS = {
    "name": "name",
    "reader": "name",
    "full name": "name",
    "e-mail": "username",
    "email": "username",
    "mail": "username",
    "user name": "username",
    "username": "username",
    "user": "username",
    "group": "group",
    "expertise": "group",
    "years": "years",
    "experience": "years",
    "experience (years)": "years",
    "years of experience": "years",
}
COLUMNS = ("name", "username", "group", "years")


@dataclass(frozen=True, slots=True)
class Line:
    """One reader of the list. `group` and `years` are None where the line does not say."""

    name: str
    username: str
    group: str | None = None
    years: float | None = None


def reader_list(text: str, *, groups: Collection[str]) -> list[Line]:
    """Return the readers of a list; raises InvalidInput naming the line and what is wrong with it.

    A line is "Ada Lovelace <ada@clinic.org>", "ada@clinic.org", or fields separated by commas, semicolons or tabs in
    the order name, e-mail or user name, group, years; a first line with headings may give another order. The user name
    is the e-mail address, or made of the name where there is none.
    """
    lines = [(n, line) for n, line in enumerate(text.lstrip("\ufeff").splitlines(), 1) if line.strip()]
    if not lines:
        raise InvalidInput("The list is empty; write a reader on each line, such as: Ada Lovelace, ada@clinic.org")
    rows = [(n, _fields(line)) for n, line in lines]
    order = _order(rows[0][1])
    if order:
        rows = rows[1:]
    if not 0 < len(rows) <= MOST:
        raise InvalidInput(f"A list has 1 to {MOST} readers; this one has {len(rows)}.")
    known = {group.casefold(): group for group in groups}
    found = [_line(n, fields, order or COLUMNS, known) for n, fields in rows]
    _must_differ([n for n, _ in rows], found)
    return found


def username_of(name: str) -> str:
    """Return a plain user name made of a person's name: "Zoë Müller-Lüdenscheidt" gives "zoe.muller-ludenscheidt"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9-]+", ".", plain).strip(".-")[:80]


def _fields(line: str) -> list[str]:
    bracketed = IN_BRACKETS.match(line)
    if bracketed:
        rest = re.split(r"[,;\t]", bracketed["rest"].lstrip(",;\t "))
        return [bracketed["name"].strip(' "'), bracketed["user"], *(part.strip() for part in rest if part.strip())]
    separator = next((sign for sign in ("\t", ";", ",") if sign in line), ",")
    fields = next(csv.reader(io.StringIO(line), delimiter=separator, skipinitialspace=True), [])
    return [field.strip() for field in fields]


def _order(first: Sequence[str]) -> tuple[str, ...]:
    """Return the order of columns that a line of headings gives, () where it is no such line."""
    names = [HEADINGS.get(field.casefold(), "") for field in first]
    return tuple(names) if "name" in names or ("username" in names and len(first) > 1) else ()


def _line(n: int, fields: list[str], order: Sequence[str], known: dict[str, str]) -> Line:
    given = {name: field for name, field in zip(order, fields, strict=False) if name}
    if len([field for field in fields if field]) == 1 and "@" in fields[0]:
        given = {"username": fields[0]}
    name, username = given.get("name", ""), given.get("username", "").lower()
    if not username:
        username = username_of(name)
    if not USERNAME.fullmatch(username):
        shown = username[:40] or "nothing"
        raise InvalidInput(
            f"Line {n}: “{shown}” is no user name; it has 1 to 80 letters without accents, digits, or . _ - @."
        )
    group = given.get("group", "")
    if group and group.casefold() not in known:
        raise InvalidInput(f"Line {n}: there is no group {group[:40]}; the groups are {', '.join(known.values())}.")
    return Line(name or username.partition("@")[0], username, known.get(group.casefold()), _years(n, given))


def _years(n: int, given: dict[str, str]) -> float | None:
    text = given.get("years", "")
    if not text:
        return None
    try:
        years = float(text.replace(",", ".").removesuffix("years").removesuffix("y").strip())
    except ValueError:
        years = -1.0
    if not 0 <= years <= 70:
        raise InvalidInput(f"Line {n}: “{text[:20]}” is no number of years between 0 and 70.")
    return years


def _must_differ(numbers: Sequence[int], found: Sequence[Line]) -> None:
    first: dict[str, int] = {}
    for n, line in zip(numbers, found, strict=True):
        if line.username in first:
            raise InvalidInput(f"Lines {first[line.username]} and {n} have the same user name {line.username}.")
        first[line.username] = n
