"""The map for developers names only what is there, and stays short."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAP = ROOT / ".github" / "CONTRIBUTING.md"
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
TOP = ("app.py", "pages", "core", "db", "tests", ".ci", ".github")
LONGEST = 80  # lines


def test_every_path_on_the_map_is_there():
    named = [name for name in PATH.findall(MAP.read_text()) if name.split("/")[0] in TOP]
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_map_is_short():
    assert len(MAP.read_text().splitlines()) <= LONGEST


def test_every_folder_of_the_code_says_in_a_sentence_what_it_holds():
    folders = [path for top in ("core", "db", "pages") for path in (ROOT / top).rglob("__init__.py")]
    bare = [
        path.parent.relative_to(ROOT).as_posix()
        for path in folders
        if "node_modules" not in path.parts and not re.match(r'""".{15,}', path.read_text())
    ]
    assert bare == []


BESIDE = {  # folders of tests whose code has another place; what core/cli starts is tested beside what it calls
    "db": "db",
    "e2e": "app.py",
    "pages": "pages",
    "permissions": "db/permissions.py",
    "reading": "db/reading",
}


def test_the_tests_mirror_the_tree():
    tests = [path for path in (ROOT / "tests").rglob("*") if path.is_dir() and list(path.glob("test_*.py"))]
    names = {path.relative_to(ROOT / "tests").as_posix() for path in tests}
    assert sorted(name for name in names if not (ROOT / BESIDE.get(name, f"core/{name}")).exists()) == []
    code = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    assert code - names == {"cli"}
