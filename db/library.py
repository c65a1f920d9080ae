"""The library of cases a page at a time: searched, sorted and counted in the database, however many there are."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from db import audit, permissions
from db.cases import CaseInfo, public
from db.models import Case, Series
from db.permissions import Actor

MOST = 200  # cases of one page
MOST_TAGS = 40  # letters of a tag
SCANNER = ("kernel", "manufacturer", "model")


class Order(StrEnum):
    """How the library is sorted."""

    NEWEST = "newest first"
    OLDEST = "oldest first"
    NUMBER = "case number"
    SLICES = "most slices first"


ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.NEWEST: (Case.id.desc(),),
    Order.OLDEST: (Case.id,),
    Order.NUMBER: (Case.number,),
    Order.SLICES: (Series.slices.desc(), Case.id),
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of the library: its cases, and how many match in all."""

    cases: tuple[CaseInfo, ...]
    total: int


def shelf(
    session: Session,
    *,
    by: Actor,
    search: str = "",
    order: Order = Order.NEWEST,
    first: int = 0,
    count: int = 50,
    withdrawn: bool = False,
) -> Shelf:
    """Return `count` cases from the `first` of those `by` may see and whose number, tags or scanner match every word.

    A word matches the beginning of a case number, or any part of a tag, kernel, manufacturer or model.
    Raises InvalidInput for a page that is none.
    """
    if first < 0 or not 0 < count <= MOST:
        raise InvalidInput(f"A page of the library has 1 to {MOST} cases and begins at 0 or later.")
    wanted = [permissions.cases(session, by)]
    wanted.append(Case.withdrawn_at.is_not(None) if withdrawn else Case.withdrawn_at.is_(None))
    wanted += [_matches(word) for word in search.split()]
    joined = select(Case, Series).join(Series, Series.case_id == Case.id).where(and_(*wanted))
    total = session.scalar(
        select(func.count()).select_from(Case).join(Series, Series.case_id == Case.id).where(and_(*wanted))
    )
    rows = session.execute(joined.order_by(*ORDERS[order]).offset(first).limit(count))
    return Shelf(tuple(public(case, series) for case, series in rows), total or 0)


def add_tags(session: Session, case_ids: Sequence[int], tags: Sequence[str], *, by: int, at: datetime) -> None:
    """Add tags to several cases at once; those they have stay. Raises Forbidden, and InvalidInput for no tag."""
    new = {tag.strip()[:MOST_TAGS] for tag in tags if tag.strip()}
    if not new:
        raise InvalidInput("Write at least one tag; commas part several.")
    permissions.require_cases(session, case_ids, by)
    for case in session.scalars(select(Case).where(Case.id.in_(set(case_ids))).order_by(Case.number)):
        kept = set(case.tags)
        if not new <= kept:
            case.tags = sorted(kept | new)
            audit.record(session, kind="case tagged", at=at, actor_id=by, detail={"case": case.number})


def _matches(word: str) -> ColumnElement[bool]:
    escaped = json.dumps(word.lower())[1:-1]  # as a column of JSON holds it
    parts: list[ColumnElement[bool]] = [func.lower(cast(Case.tags, String)).contains(escaped, autoescape=True)]
    scanner = [Series.attributes[name].as_string() for name in SCANNER]
    parts += [func.lower(column).contains(word.lower(), autoescape=True) for column in scanner]
    if word.isdecimal():
        parts.append(cast(Case.number, String).startswith(word))
    return or_(*parts)
