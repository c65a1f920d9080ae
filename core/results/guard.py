"""What few cases cannot carry: below a stated number no p-value and no verdict is given, figures stay."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.results.blocks import Block, Note, Row, Table
from core.results.verdict import Verdict

FEWEST_CASES = 10  # below, an interval says nearly nothing and a test nothing
WITHHELD = "too few cases"
NONE = ("–", "", None)


def too_few(cases: int) -> str:
    """Return why there is no test."""
    return f"{cases} {'case is' if cases == 1 else 'cases are'} too few for a test: it takes {FEWEST_CASES} at least"


def guarded(blocks: Iterable[Block], *, cases: int) -> Iterator[Block]:
    """Yield blocks without the p-values of too few cases; the first table without them is followed by the reason."""
    told = False
    for block in blocks:
        if cases >= FEWEST_CASES or not isinstance(block, Table) or not any(map(_tests, block.rows)):
            yield block
            continue
        yield replace(block, rows=[_withheld(row) for row in block.rows])
        if not told:
            yield Note(f"{too_few(cases)}; p-values are left out.")
            told = True


def withheld(said: Verdict, *, cases: int) -> Verdict:
    """Return the verdict, or that too few cases give none."""
    if cases >= FEWEST_CASES or not said.tested:
        return said
    if all(test.difference is None for test in said.tested):
        return said  # there was nothing to test, and it says why
    words = f"No verdict: {too_few(cases)}."
    tested = tuple(replace(test, p=None, p_adjusted=None, words=words, reason=too_few(cases)) for test in said.tested)
    return replace(said, words=words, tested=tested)


def _is_p(name: str) -> bool:
    return name == "p" or name.startswith("p ") or name.endswith(" p")


def _tests(row: Row) -> bool:
    return any(_is_p(name) and value not in NONE for name, value in row.items())


def _withheld(row: Row) -> Row:
    return {name: WITHHELD if _is_p(name) and value not in NONE else value for name, value in row.items()}
