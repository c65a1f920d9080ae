"""The audit trail as a file: every event that a filter lets through, oldest last; that it was taken is an event too."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from core.spreadsheet import csv_text
from db import audit
from db.audit import Event
from db.engine import open_session, open_view
from db.permissions import Actor
from db.results import taken

COLUMNS = ("Time (UTC)", "Who", "What", "Study", "Detail")


def row_of(event: Event, studies: dict[int, str]) -> dict[str, str]:
    """Return an event as people read it; `studies` are titles by id."""
    study = "" if event.study_id is None else studies.get(event.study_id, str(event.study_id))
    return {
        "Time (UTC)": event.at.strftime("%Y-%m-%d %H:%M:%S"),
        "Who": event.actor or "Parallax",
        "What": event.kind.capitalize(),
        "Study": study,
        "Detail": "; ".join(f"{key.replace('_', ' ')}: {_said(value)}" for key, value in event.detail.items()),
    }


def exported(
    asked: audit.Filter, kind: Literal["csv", "json"], studies: dict[int, str], *, by: Actor, at: datetime
) -> str:
    """Return the events as CSV or JSON, and note that they were taken; raises Forbidden."""
    with open_view() as session:
        rows = [row_of(event, studies) for event in audit.find(session, asked, by=by)]
    with open_session() as session:
        taken.trail(session, kind, by=by, at=at, study_id=asked.study_id, events=len(rows))
    if kind == "json":
        return json.dumps(rows, ensure_ascii=False, indent=1)
    return csv_of_events(rows)


def csv_of_events(rows: Sequence[Mapping[str, str]]) -> str:
    """Return events, as `row_of` has them, as CSV."""
    return csv_text([COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
