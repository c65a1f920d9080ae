"""Closed sets of words are enumerations: nobody compares one of their fields with a bare text."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import Enum

from core.study.words import Arm, Beginning, CrossoverUnit, Design, FirstSlice, ReadState, Role, StudyRole, StudyState
from db.models import Base

ROOT = Path(__file__).parents[2]
FIELDS: dict[str, Iterable[str]] = {
    "arm": Arm,
    "design": Design,
    "state": [*StudyState, *ReadState],
    "role": [*Role, *StudyRole],
    "independent_arm": Arm,
    "crossover_unit": CrossoverUnit,
    "aided_begins": Beginning,
    "began_with": Beginning,
    "open_at": FirstSlice,
}
ELSEWHERE = ("core/stats", "core/viewer/node_modules", "db/migrations")  # a package of its own; not ours; frozen


def bare(path: Path) -> Iterator[str]:
    """Places that compare a field with a bare word, or hand one over by name."""
    for node in ast.walk(ast.parse(path.read_text())):
        given: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
            given = [(node.left.attr, value) for value in node.comparators]
        elif isinstance(node, ast.keyword) and node.arg:
            given = [(node.arg, node.value)]
        for field, value in given:
            for part in value.elts if isinstance(value, ast.Tuple) else [value]:
                if isinstance(part, ast.Constant) and part.value in list(FIELDS.get(field, [])):
                    yield f"{path}:{part.lineno} {field} {part.value!r}"


def test_fields_with_an_enumeration_never_meet_a_bare_word():
    files = [path for folder in ("core", "db", "pages") for path in (ROOT / folder).rglob("*.py")]
    ours = [path for path in files if not str(path.relative_to(ROOT)).startswith(ELSEWHERE)]
    assert len(ours) > 300
    assert [place for path in ours for place in bare(path)] == []


def test_a_bare_word_is_found(tmp_path: Path):
    seeded = tmp_path / "seeded.py"
    seeded.write_text('a.state == "open"\nb.arm in ("aided",)\nmade(design="crossover")\na.state == "waiting"\n')
    assert [place.partition(" ")[2] for place in bare(seeded)] == ["state 'open'", "arm 'aided'", "design 'crossover'"]


def test_the_database_keeps_these_words_as_their_texts():
    kept = {str(column): column.type for table in Base.metadata.tables.values() for column in table.columns}
    for name in ("studies.state", "studies.design", "reads.arm", "reads.state", "order_entries.arm", "accounts.role"):
        kind = kept[name]
        assert isinstance(kind, Enum), name
        assert list(kind.enums) == [str(word) for word in kind.enum_class], name
