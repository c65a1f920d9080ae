"""Building the component: once for each source, with sentences where it cannot be done."""

import json
import subprocess
from pathlib import Path

import pytest

from core.viewer import build
from core.viewer.build import BuildFailed, ensure_bundle


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is installed and nothing is built."""
    monkeypatch.setattr(build, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(build, "DIST", tmp_path / "dist")
    return tmp_path


def test_an_unreachable_registry_is_said_in_a_sentence_that_helps(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = subprocess.CompletedProcess([], 1, "", "npm error code ENOTFOUND\nnpm error network request failed")
    monkeypatch.setattr(build, "_node", lambda *given: refused)
    with pytest.raises(BuildFailed, match=r"npm registry cannot be reached .*ENOTFOUND.* build-viewer"):
        ensure_bundle()
    assert list((nowhere / "dist").glob("*.js")) == []


def test_a_failed_bundling_leaves_nothing_behind(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_install", lambda say: None)

    def half(arguments: list[str], *given: object) -> subprocess.CompletedProcess[str]:
        Path(arguments[1]).write_text("half a bundle")
        return subprocess.CompletedProcess(arguments, 1, "", "Expected ; but found }")

    monkeypatch.setattr(build, "_node", half)
    with pytest.raises(BuildFailed, match="Expected ;"):
        ensure_bundle()
    assert [path.name for path in (nowhere / "dist").iterdir()] == [".lock"]


def test_a_built_bundle_is_taken_as_it_is_and_old_ones_are_removed(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_install", lambda say: (nowhere / "node_modules").mkdir())

    def bundle(arguments: list[str], *given: object) -> subprocess.CompletedProcess[str]:
        Path(arguments[1]).write_text("export default 1")
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(build, "_node", bundle)
    (nowhere / "dist").mkdir()
    (nowhere / "dist" / "viewer-of-yesterday.js").touch()
    path = ensure_bundle()
    assert ensure_bundle() == path  # a second building would make the folder again and fail
    assert [found.name for found in (nowhere / "dist").glob("*.js")] == [path.name]


def test_a_bundle_is_made_without_the_tools_of_the_checks(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[bool] = []

    def fetch(arguments: list[str], *given: object) -> subprocess.CompletedProcess[str]:
        (nowhere / "node_modules").mkdir(exist_ok=True)
        fetched.append("--omit=dev" not in arguments)
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(build, "_node", fetch)
    for tools in (False, False, True, True, False):
        build._install(build._quiet, tools=tools)
    assert fetched == [False, True], "what is there is not fetched again, and tools come once"


def test_the_lock_file_names_no_registry() -> None:
    text = (build.HERE / "package-lock.json").read_text()
    assert "resolved" not in text
    assert "http" not in json.dumps(
        {
            name: {k: v for k, v in package.items() if k != "funding"}
            for name, package in json.loads(text)["packages"].items()
        }
    )


def test_the_source_is_small_files_for_people() -> None:
    files = list((build.HERE / "src").rglob("*.js"))
    assert len(files) > 20
    assert {path.name: n for path in files if (n := len(path.read_text().splitlines())) > 300} == {}
    assert {path.name for path in files if any(len(line) > 160 for line in path.read_text().splitlines())} == set()
