"""OpenCV's wheel brings FFmpeg and an OpenSSL that nobody maintains: nothing here may hand them data from outside."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
FROM_OUTSIDE = (
    "VideoCapture",
    "VideoWriter",
    "imread",
    "imdecode",
    "imreadmulti",
    "FileStorage",
    "dnn",
    "haveImageReader",
)


def used(path: Path) -> set[str]:
    """The names of cv2 that a module uses."""
    found = ast.walk(ast.parse(path.read_text()))
    return {
        one.attr
        for one in found
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "cv2"
    }


def test_nothing_opens_a_file_a_video_or_an_address_through_opencv():
    modules = [
        path for top in ("core", "db", "pages") for path in (ROOT / top).rglob("*.py") if "cv2" in path.read_text()
    ]
    every = {name for path in modules for name in used(path)}
    assert len(every) > 5
    assert every.isdisjoint(FROM_OUTSIDE)
    assert not any("from cv2" in path.read_text() for path in modules)
