"""Makes the table of keys of the documentation from the one list of keys."""

import json
from itertools import groupby
from pathlib import Path

from core.viewer.keys import ACTIONS
from core.viewer.keys import FILE as LIST

FILE = Path(__file__).parents[2] / ".github" / "docs" / "keys.md"
HEAD = f"""\
# Keys of the reading page

Made from `core/viewer/src/{LIST.name}` by `python -m core viewer-types`. Every reader can give an action another key:
**Keys**, or `?`.
"""


def text() -> str:
    """Return the text of keys.md."""
    known = json.loads(LIST.read_text())
    spoken: dict[str, str] = known["names"]

    def label(name: str) -> str:
        parts = [name] if name == "+" else name.split("+")
        return " ".join(spoken.get(part, part.upper() if len(part) == 1 else part) for part in parts)

    tables = [
        (group, [(" or ".join(label(key) for key in action.keys), action.label) for action in actions])
        for group, actions in groupby(ACTIONS.values(), key=lambda action: action.group)
    ]
    tables += [("Mouse", known["mouse"]), ("Form", known["form"])]
    return HEAD + "".join(_table(title, rows) for title, rows in tables)


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    lines = "".join(f"| {key.replace('|', chr(92) + '|')} | {does} |\n" for key, does in rows)
    return f"\n## {title}\n\n| key | does |\n|---|---|\n{lines}"
