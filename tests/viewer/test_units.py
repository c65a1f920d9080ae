"""The JavaScript that needs no browser, tested by Node's own runner."""

import subprocess

from core.viewer import build


def test_the_units_of_the_viewer_pass() -> None:
    node = build._home() / "bin" / "node"
    files = sorted(str(path) for path in (build.HERE / "test").glob("*.test.js"))
    assert len(files) >= 2
    done = subprocess.run([str(node), "--test", *files], cwd=build.HERE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
