"""The contract of question kinds: a kind that lacks a part, on either side of the wire, is an error."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from core.study.questions.question import Option, Question
from core.study.questions.registry import KINDS, new_question, question_problems

ROOT = Path(__file__).parents[2]
CONTROLS = ROOT / "core" / "viewer" / "src" / "form" / "questions.js"
TWO = (Option("a", "Alpha"), Option("b", "Beta"))
POINT = {"question": "q", "plane": "axial", "slice": 3, "points": [[1.0, 2.0]]}
# a question of each kind that can be asked, an answer to it, how that reads, and its cells in an export
ASKED: dict[str, tuple[dict[str, Any], Any, str, tuple[object, ...]]] = {
    "choice": ({"options": TWO}, "b", "Beta", ("Beta",)),
    "choices": ({"options": TWO}, ["b", "a"], "Beta; Alpha", ("Beta; Alpha",)),
    "grade": ({"options": TWO}, "b", "Beta", ("Beta", 2)),
    "number": ({"min": 0, "max": 9, "unit": "mm"}, 3.5, "3.5 mm", (3.5,)),
    "text": ({"max_length": 9}, "hazy", "hazy", ("hazy",)),
    "scale": ({"anchors": ("bad", "good")}, 40, "40", (40,)),
    "mark": ({"mark": "point"}, [POINT], "1 mark", ('[{"slice": 3, "points": [[1.0, 2.0]]}]',)),
}


def asked(kind: str) -> Question:
    return replace(new_question(kind), id="q", label="What?", **ASKED[kind][0])


def content(kind: str, answer: Any) -> dict[str, Any]:
    return {"answers": {}, "marks": answer} if kind == "mark" else {"answers": {"q": answer}, "marks": []}


def test_the_browser_draws_exactly_these_kinds():
    listed = re.search(r"export const KINDS = \{\n(.*?)\n\};", CONTROLS.read_text(), re.DOTALL)
    assert listed is not None
    assert re.findall(r"^  (\w+): \{", listed[1], re.MULTILINE) == list(KINDS)


def test_every_kind_has_an_example_here():
    assert list(ASKED) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_names_itself_and_a_coordinator_can_settle_all_it_has(kind: str):
    common = {field.name for field in fields(Question)}
    own = [field.name for field in fields(KINDS[kind]) if field.name not in common]
    assert KINDS[kind].title
    assert [setting.field for setting in KINDS[kind].settings] == own
    assert new_question(kind).kind == kind
    assert question_problems((asked(kind),)) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_reads_and_exports_as_its_kind_says(kind: str):
    question, (_, answer, said, cells) = asked(kind), ASKED[kind]
    assert question.answer(content(kind, answer)) == answer
    assert question.said(answer) == said
    assert question.cells(answer) == cells
    assert len(question.columns) == len(cells) == len(question.cells(None))
    assert set(question.cells(None)) == {None}
    assert question.answer({}) is None


@pytest.mark.parametrize("kind", KINDS)
def test_words_may_change_and_rules_may_not(kind: str):
    before = asked(kind)
    assert replace(before, label="Really?", help="Look.").without_words() == before.without_words()
    assert replace(before, required=False).without_words() != before.without_words()
    for setting in before.settings:
        assert setting.words == (getattr(before.without_words(), setting.field) != getattr(before, setting.field))


def test_a_kind_without_all_its_parts_cannot_be_built():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Half(Question):
        kind: Literal["half"] = "half"

        def faults(self) -> list[str]:
            return []

    half: Any = Half
    with pytest.raises(TypeError, match=r"abstract methods?.*answer_fault"):
        half(id="q", label="x")


def kinds_asked_for(path: Path) -> Iterator[str]:
    """Comparisons of something's `kind` with the word of a question kind."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "kind":
            for word in ast.walk(ast.Tuple(elts=node.comparators)):
                if isinstance(word, ast.Constant) and word.value in KINDS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno} asks for {word.value}"


def test_nobody_asks_which_kind_a_question_is():
    files = [path for folder in ("core", "db", "pages") for path in (ROOT / folder).rglob("*.py")]
    assert [found for path in files if "node_modules" not in path.parts for found in kinds_asked_for(path)] == []
    scripts = [path for path in (ROOT / "core" / "viewer" / "src").rglob("*.js") if path != CONTROLS]
    assert [path.name for path in scripts if re.search(r"(asked|question)\.kind\b", path.read_text())] == []
