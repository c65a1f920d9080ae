"""Who may import whom (README, "How it is built"): held by reading the code, not by good will."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ONLY_IN = {
    "streamlit": ("pages/", "app.py"),
    "torch": ("core/ai/", "core/training/"),
    "monai": ("core/ai/", "core/training/"),
    "lightning": ("core/training/",),
    "sqlalchemy": ("db/",),
    "alembic": ("db/",),
    "pages": ("pages/", "app.py"),
    "db": ("pages/", "db/", "app.py", "core/services/", "core/jobs/", "core/cli/", "core/__main__.py"),
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_every_module_imports_only_what_its_layer_may():
    wrong = []
    for path in [ROOT / "app.py", *(p for top in ("core", "db", "pages") for p in (ROOT / top).rglob("*.py"))]:
        place = path.relative_to(ROOT).as_posix()
        if "node_modules" in place:
            continue
        for name in imports(path) & ONLY_IN.keys():
            if not place.startswith(ONLY_IN[name]):
                wrong.append(f"{place} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("module", ["db.accounts", "db.reading.reads", "pages.routes.every", "core.jobs.queue"])
def test_the_web_process_loads_no_torch(module: str):
    code = f"import {module}, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
