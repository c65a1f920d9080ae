"""Check a report against the data it was made from: make it again, and list where the two differ."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from html.parser import HTMLParser
from typing import Any

from core import __version__
from core.errors import InvalidInput
from core.report.document import report_html
from core.report.record import record_from, results_from, sha256

RECORD = "parallax-record"
HOLDERS = ("h1", "h3", "h4", "p", "pre", "text")  # what holds prose, and the words of drawings
MAX_SAID = 120  # characters of a text that are repeated


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing of which the report says something else than its data give."""

    where: str
    report: str
    data: str

    def __str__(self) -> str:
        return f"{self.where}: the report says {self.report!r}, the data give {self.data!r}"


@dataclass(frozen=True, slots=True)
class Verification:
    """Differences, how many figures (cells, sentences, charts) were compared, and what to know beside them."""

    differences: tuple[Difference, ...]
    compared: int
    head: str
    notes: tuple[str, ...]


@dataclass(slots=True)
class Contents:
    """What a report says: its parts by section, and the charts' data by id. A part is a kind and its texts."""

    parts: dict[str, list[tuple[str, list[list[str]]]]] = field(default_factory=dict)
    charts: dict[str, Any] = field(default_factory=dict)
    record: str = ""


def verify(report: str, data: bytes) -> Verification:
    """Recompute every figure of a report from its CSV export; raises InvalidInput where one of the files is neither."""
    there = contents(report)
    if not there.record:
        raise InvalidInput("This file is no report that can be recomputed; make it with this version or a later one.")
    record = record_from(there.record)
    made = record.made
    again = report_html(results_from(record, data), record.story, made=made)
    expected = contents(again)
    notes = []
    differences = list(_compared(there, expected))
    if sha256(data) != made.data_sha256:
        differences.insert(0, Difference("SHA-256 of the data", made.data_sha256, sha256(data)))
    if made.software != __version__:
        notes.append(
            f"The report was made by Parallax {made.software}, this is {__version__}; figures may differ by that."
        )
    elif not differences and again != report:
        differences.append(
            Difference("The page outside its figures (style, scripts)", "something else", "what Parallax writes")
        )
    count = sum(sum(map(len, rows)) for parts in expected.parts.values() for _, rows in parts)
    return Verification(tuple(differences), count + len(expected.charts), made.head, tuple(notes))


def contents(html: str) -> Contents:
    """Return what a report says."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def _compared(there: Contents, expected: Contents) -> Iterator[Difference]:
    for section in {**expected.parts, **there.parts}:
        yield from _section(section, there.parts.get(section, []), expected.parts.get(section, []))
    for at in {**expected.charts, **there.charts}:
        one, other = there.charts.get(at), expected.charts.get(at)
        if one != other:
            where = next(_differing(one, other, at))
            yield Difference(f"Chart {where[0]}", _short(where[1]), _short(where[2]))


def _section(
    section: str, there: list[tuple[str, list[list[str]]]], expected: list[tuple[str, list[list[str]]]]
) -> Iterator[Difference]:
    """Pair the parts of a section by their order, so that a table is compared with itself and nothing is skipped."""
    pairs = SequenceMatcher(
        None, [_outline(part) for part in there], [_outline(part) for part in expected], autojunk=False
    )
    for what, a, b, c, d in pairs.get_opcodes():
        if what == "equal":
            for (kind, part), (_, other) in zip(there[a:b], expected[c:d], strict=True):
                yield from _cells(f"{section}, {kind}", part, other)
        else:
            yield Difference(section, _said(there[a:b]), _said(expected[c:d]))


def _outline(part: tuple[str, list[list[str]]]) -> tuple[str, int, tuple[int, ...]]:
    kind, rows = part
    return kind, len(rows), tuple(map(len, rows))


def _cells(where: str, there: list[list[str]], expected: list[list[str]]) -> Iterator[Difference]:
    header = expected[0] if len(expected) > 1 else []
    for part, other in zip(there, expected, strict=True):
        for at, (left, right) in enumerate(zip(part, other, strict=True)):
            if left != right:
                column = f", {header[at]}" if header and at < len(header) else ""
                row = f", {other[0]}" if len(other) > 1 else ""
                yield Difference(f"{where}{row}{column}", _short(left), _short(right))


def _differing(part: Any, other: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two values of JSON differ, the innermost places."""
    if isinstance(part, dict) and isinstance(other, dict):
        for key in {**other, **part}:
            name = f" of {part['name']}" if isinstance(part.get("name"), str) else ""
            yield from _differing(part.get(key), other.get(key), f"{where}{name}, {key}")
    elif isinstance(part, list) and isinstance(other, list) and len(part) == len(other):
        for at, (left, right) in enumerate(zip(part, other, strict=True)):
            yield from _differing(left, right, f"{where} {at + 1}")
    elif part != other:
        yield where, part, other


def _said(parts: list[tuple[str, list[list[str]]]]) -> str:
    return _short(" | ".join(" ".join(row) for _, rows in parts for row in rows)) or "nothing"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SAID else text[: MAX_SAID - 1] + "…"


class _Reader(HTMLParser):
    """Reads a report: headings, sentences, cells, words of drawings, and data within scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Contents()
        self._section = "Head"
        self._text: list[str] | None = None
        self._script: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._parts.append(("table", []))
        elif tag == "tr":
            self._parts[-1][1].append([])
        elif tag == "script":
            kind = "chart" if "data-chart" in given else "record" if given.get("id") == RECORD else ""
            self._script = (kind, str(given.get("data-chart")))
            self._text = []
        elif tag in ("h2", "th", "td", "title", *HOLDERS):
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._text is None or tag not in ("script", "h2", "th", "td", "title", *HOLDERS):
            return
        text = "".join(self._text)
        self._text = None
        if tag == "script" and self._script is not None:
            self._keep_script(*self._script, text)
        elif tag == "h2":
            self._section = text
        elif tag in ("th", "td"):
            self._parts[-1][1][-1].append(text)
        elif tag != "script":
            self._parts.append((tag, [[" ".join(text.split())]]))

    @property
    def _parts(self) -> list[tuple[str, list[list[str]]]]:
        return self.found.parts.setdefault(self._section, [])

    def _keep_script(self, kind: str, at: str, text: str) -> None:
        if kind == "record":
            self.found.record = text
        elif kind == "chart":
            try:
                self.found.charts[at] = json.loads(text)
            except ValueError:
                self.found.charts[at] = text
