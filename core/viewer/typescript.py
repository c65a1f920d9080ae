"""Makes the viewer's TypeScript types from the contract; `python -m core viewer-types` writes them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from core.viewer.contract import reading, review
from core.viewer.contract.bodies import Refusal
from core.viewer.keys import FILE as KEYS

FILE = Path(__file__).parent / "src" / "contract.d.ts"
BODIES: tuple[type[BaseModel], ...] = (
    reading.DraftEdit,
    reading.Event,
    reading.EventPost,
    reading.Bindings,
    reading.OpenRead,
    reading.NothingLeft,
    reading.DraftSaved,
    reading.EventsTaken,
    reading.BindingsSaved,
    reading.Locked,
    reading.Stale,
    reading.Invalid,
    review.Review,
    review.Mounted,
    Refusal,
)
HEAD = f"""\
// Made from core/viewer/contract and {KEYS.name} by `python -m core viewer-types`: do not edit.
"""
PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def declarations() -> str:
    """Return the text of contract.d.ts."""
    _, schema = models_json_schema([(body, "serialization") for body in BODIES], by_alias=True)
    definitions: dict[str, Any] = schema["$defs"]
    parts = [_declared(name, definitions[name]) for name in sorted(definitions)]
    actions = " | ".join(json.dumps(name) for name in json.loads(KEYS.read_text())["actions"])
    return "\n".join([HEAD, *parts, f"export type ActionName = {actions};\n"])


def _declared(name: str, schema: dict[str, Any]) -> str:
    comment = f"/** {' '.join(schema['description'].split())} */\n" if "description" in schema else ""
    if schema.get("type") != "object" or "properties" not in schema:
        return f"{comment}export type {name} = {_type(schema)};\n"
    return f"{comment}export interface {name} {{\n{''.join(_fields(schema))}}}\n"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    for name, field in schema["properties"].items():  # every body carries all its fields
        yield f"  {name}: {_type(field)};\n"


def _type(schema: dict[str, Any]) -> str:
    """Return the TypeScript type of a JSON schema; raises ValueError for a kind of schema that it does not know."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(part) for part in schema[several]))
    if "allOf" in schema:
        return " & ".join(_type(part) for part in schema["allOf"])
    kind = schema.get("type")
    if kind == "array":
        return _array(schema)
    if kind == "object" and "properties" in schema:
        return str(schema["title"])  # written out where it stands; it is declared under its name
    if kind == "object":
        inner = schema.get("additionalProperties", True)
        return f"{{ [name: string]: {'any' if isinstance(inner, bool) else _type(inner)} }}"
    if kind is None:
        return "any"
    if kind not in PLAIN:
        raise ValueError(schema)
    return PLAIN[kind]


def _array(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
    inner = _type(schema.get("items", {}))
    return f"({inner})[]" if "|" in inner or "&" in inner else f"{inner}[]"
