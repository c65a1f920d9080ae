"""The one list of keys: src/keys.json, read by the viewer, its help, the routes and the documentation."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "src" / "keys.json"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does. `keys` are the names of its keys as delivered."""

    group: str
    label: str
    keys: tuple[str, ...]


def _listed() -> dict[str, Action]:
    known = json.loads(FILE.read_text())["actions"]
    return {name: Action(action["group"], action["label"], tuple(action["keys"])) for name, action in known.items()}


ACTIONS = _listed()
