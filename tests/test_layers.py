"""Who may import whom (.github/CONTRIBUTING.md, "Layers"): held by reading the code, not by good will."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the top down: a module imports only from its own layer and from those below it.
LAYERS = (
    ("app",),
    ("pages.main",),
    ("pages.reader", "pages.coordinator", "pages.truth_panel", "pages.admin"),
    ("pages.components",),
    ("pages.routes", "pages.sign_in"),  # signing in comes before any page of Streamlit
    ("core.__main__",),
    ("core.cli",),
    ("core.jobs",),
    ("core.services",),
    ("db",),
    ("core.report",),
    ("core.export", "core.pacs"),
    ("core.results",),
    ("core.viewer", "core.training"),
    ("core.study",),
    ("core.ai",),
    ("core.imaging", "core.stats"),
    ("core.settings", "core.logs", "core.sealing"),
    ("core", "core.child", "core.clock", "core.errors", "core.progress", "core.spreadsheet"),
)
ABOVE_DB = {"core.__main__", "core.cli", "core.jobs", "core.services"}  # the parts of core that know the database
ONLY_IN = {  # library -> the places that may import it
    "dicomweb_client": ("core.pacs",),
    "highdicom": ("core.pacs",),
    "streamlit": ("app", "pages"),
    "torch": ("core.ai", "core.training"),
    "monai": ("core.ai", "core.training"),
    "lightning": ("core.training",),
    "sqlalchemy": ("db",),
    "alembic": ("db",),
}


@cache
def modules() -> dict[str, set[str]]:
    """Return every module of the project with what it imports: modules of ours by their full name."""
    paths = [ROOT / "app.py", *(p for top in ("core", "db", "pages") for p in (ROOT / top).rglob("*.py"))]
    named = {name_of(path): path for path in paths if "node_modules" not in path.parts}
    return {name: imports(path, set(named)) - {name} for name, path in named.items()}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, ours: set[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in ours else node.module)
    return found


def within(module: str, place: str) -> bool:
    return module == place or (module.startswith(f"{place}.") and place != "core")


def layer_of(module: str) -> int:
    places = [(len(place), level) for level, layer in enumerate(LAYERS) for place in layer if within(module, place)]
    assert places, f"{module} is in no layer: add its folder to LAYERS"
    return max(places)[1]


def test_no_import_runs_upward():
    ours = modules()
    wrong = [
        f"{module} imports {target}"
        for module, targets in ours.items()
        for target in targets & ours.keys()
        if layer_of(target) < layer_of(module)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle():
    ours = modules()
    graph = {module: targets & ours.keys() for module, targets in ours.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError naming the circle


def test_of_core_only_services_jobs_and_the_command_line_know_the_database():
    know = {module for module, targets in modules().items() if any(within(target, "db") for target in targets)}
    parts = {".".join(module.split(".")[:2]) for module in know if module.startswith("core")}
    assert parts <= ABOVE_DB


def test_each_library_is_used_in_its_place_only():
    wrong = [
        f"{module} imports {library}"
        for module, targets in modules().items()
        for library in {target.split(".")[0] for target in targets} & ONLY_IN.keys()
        if not any(within(module, place) for place in ONLY_IN[library])
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["db.accounts", "db.reading.reads", "pages.routes.every", "core.jobs.queue"])
def test_the_web_process_loads_no_torch(module: str):
    code = f"import {module}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
