"""Checks the viewer's JavaScript: format and lint, types, units, and that what is made from Python is up to date."""

from collections.abc import Iterator

from core.viewer import build, keys_table, typescript

MADE = {typescript.FILE: typescript.declarations, keys_table.FILE: keys_table.text}  # file -> what it should hold
BIOME = "node_modules/@biomejs/biome/bin/biome"
TSC = "node_modules/typescript/bin/tsc"


def problems(*, say: build.Say) -> Iterator[str]:
    """Yield what is wrong with the viewer's JavaScript, a text for each check that fails; raises BuildFailed."""
    for path, text in MADE.items():
        if path.read_text() != text():
            yield f"{path.name} is not what core/viewer makes of it; run: python -m core viewer-types"
    build.ensure_tools(say=say)
    units = sorted(path.relative_to(build.HERE).as_posix() for path in (build.HERE / "test").glob("*.test.js"))
    checks = {
        "format and lint": [BIOME, "check", "--error-on-warnings"],
        "types": [TSC, "--noEmit"],
        "units": ["--test", *units],
    }
    for name, arguments in checks.items():
        say(f"viewer: {name}")
        done = build.run_node(*arguments)
        if done.returncode:
            yield f"{name}:\n{done.stdout}{done.stderr}"


def mend(*, say: build.Say) -> None:
    """Format the viewer's JavaScript and mend what can be mended safely; raises BuildFailed."""
    build.ensure_tools(say=say)
    build.run_node(BIOME, "check", "--write")


def write_made() -> list[str]:
    """Write what is made from Python; return the names of the files that changed."""
    changed = [(path, text()) for path, text in MADE.items() if not path.exists() or path.read_text() != text()]
    for path, text in changed:
        path.write_text(text)
    return [path.name for path, _ in changed]
