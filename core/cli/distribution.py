"""The statistics as a distribution of their own: `readerstats`, on NumPy, SciPy and statsmodels alone."""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput

NAME, VERSION = "readerstats", "0.1.0"
NEEDS = ("numpy>=2.0", "scipy>=1.14", "statsmodels>=0.14.4")
STATS = Path(__file__).parents[1] / "stats"
PYPROJECT = f"""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{NAME}"
version = "{VERSION}"
description = "Statistics of multi-reader multi-case studies: Obuchowski-Rockette, BDG, FROC, AI against readers"
readme = "README.md"
requires-python = ">=3.11"
dependencies = [{", ".join(f'"{need}"' for need in NEEDS)}]

[tool.setuptools.packages.find]
include = ["{NAME}*"]

[tool.setuptools.package-data]
{NAME} = ["py.typed"]
"""


def assemble(folder: Path) -> Path:
    """Write the source of the distribution to `folder` and return it: core.stats and its errors under its own name."""
    package = folder / NAME
    for source in sorted(STATS.rglob("*.py")):
        _write(source, package / source.relative_to(STATS))
    _write(STATS.parent / "errors.py", package / "errors.py")
    front = (package / "__init__.py").read_text(encoding="utf-8")
    names = "from readerstats.estimate import StatsError\nfrom readerstats.frames import LongStudy, Result, from_long\n"
    shown = '\n__all__ = ["LongStudy", "Result", "StatsError", "from_long"]\n'
    (package / "__init__.py").write_text(f'{front}\n{names}{shown}__version__ = "{VERSION}"\n', encoding="utf-8")
    (package / "py.typed").touch()
    shutil.copy(STATS / "QUICKSTART.md", folder / "README.md")
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return folder


def _write(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8").replace("core.stats", NAME).replace("core.errors", f"{NAME}.errors")
    target.write_text(re.sub(r"from core import stats\b", f"import {NAME} as stats", text), encoding="utf-8")


def quick_start() -> str:
    """The first Python block of the quick start."""
    found = re.search(r"```python\n(.*?)```", (STATS / "QUICKSTART.md").read_text(encoding="utf-8"), re.DOTALL)
    if found is None:
        raise InvalidInput("QUICKSTART.md has no Python block.")
    return found[1]


def build_stats(
    out: Annotated[Path, typer.Option(help="Folder for the wheel.")] = Path("dist"),
    check: Annotated[
        bool, typer.Option("--check", help="Also install it in a fresh environment and run the quick start.")
    ] = False,
    api: Annotated[
        Path | None,
        typer.Option(help="Write API pages, from the docstrings, to this folder instead.", show_default=False),
    ] = None,
) -> None:
    """Build the statistics as a wheel of their own, readerstats; needs setuptools."""
    if api is not None:
        pages = api_pages(api)
        typer.echo(f"Wrote {len(pages)} pages to {api}.")
        return
    with tempfile.TemporaryDirectory() as work:
        source = assemble(Path(work) / "source")
        _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir",
              str(out), str(source)])  # fmt: skip
        wheel = out / f"{NAME}-{VERSION}-py3-none-any.whl"
        typer.echo(f"Built {wheel} ({wheel.stat().st_size / 1024:.0f} KB).")
        if check:
            home = Path(work) / "fresh"
            venv.create(home, with_pip=True)
            python = str(home / "bin" / "python")
            _run([python, "-m", "pip", "install", "--quiet", str(wheel)])
            _run([python, "-I", "-c", quick_start() + LOADED])
            typer.echo("The quick start runs in a fresh environment; torch, streamlit and sqlalchemy are not loaded.")


def api_pages(folder: Path) -> list[Path]:
    """Write a Markdown page of each public module from its docstrings, and an index; return the pages."""
    modules = {path: ".".join(path.relative_to(STATS).with_suffix("").parts) for path in sorted(STATS.rglob("*.py"))}
    folder.mkdir(parents=True, exist_ok=True)
    made, lines = [], [f"# {NAME} {VERSION}", ""]
    for path, name in modules.items():
        if name.endswith("__init__"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = ast.get_docstring(tree) or ""
        parts = [f"# {NAME}.{name}", said, *_documented(tree)]
        page = folder / f"{name}.md"
        text = "\n\n".join(parts).replace("core.stats", NAME)
        page.write_text(text + "\n", encoding="utf-8")
        made.append(page)
        lines.append(f"- [{NAME}.{name}]({page.name}): {said.splitlines()[0] if said else ''}")
    index = folder / "index.md"
    index.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [index, *made]


def _documented(tree: ast.Module) -> Iterator[str]:
    """Headings, signatures and docstrings of the public functions and classes of a module."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        said = ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            fields = [ast.unparse(part) for part in node.body if isinstance(part, ast.AnnAssign)]
            shown = "\n".join([f"class {node.name}", *(f"    {field}" for field in fields)])
        else:
            back = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            shown = f"{node.name}({ast.unparse(node.args)}){back}"
        yield f"## {node.name}\n\n```python\n{shown}\n```\n\n{said}"
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    back = f" -> {ast.unparse(part.returns)}" if part.returns else ""
                    shown = f"{node.name}.{part.name}({ast.unparse(part.args)}){back}"
                    yield f"### {node.name}.{part.name}\n\n```python\n{shown}\n```\n\n{ast.get_docstring(part) or ''}"


LOADED = """
import sys
extra = {"torch", "streamlit", "sqlalchemy", "core"} & {name.split(".")[0] for name in sys.modules}
assert not extra, extra
"""


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise InvalidInput(f"{' '.join(command[1:4])} failed: {last}")


def register(app: typer.Typer, _bench: typer.Typer) -> None:
    """Add this part's commands to the command line."""
    app.command("build-stats")(build_stats)
