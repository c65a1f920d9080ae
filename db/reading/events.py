"""Events and counters of reading as they arrive, and the clock and totals they come to."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InvalidInput
from core.study.reading_clock import KINDS, ClockRules, Event, Reading, read_clock
from core.study.words import ReadState, StudyState
from db.models import Draft, Read, ReadEvent, Study
from db.reading.queue import is_newest, own_read
from db.reading.types import DraftState

HEARTBEAT_S = 10.0  # the page is told to send a sign of life this often
MAX_EVENTS = 500  # of one post
MAX_COUNT = 10**12
MAX_TABS = 50  # of one read; later tabs' counters are not kept
# not added up over tabs: slices seen in two tabs may be the same ones, and each tab waits for its own images
HIGHEST = ("slices_seen", "first_slice_ms", "all_slices_ms", "contradiction_asked", "contradiction_kept")
SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a post of events. `holds` tells whether its tab holds the case; `draft` is the current one."""

    accepted: int
    holds: bool
    locked: bool
    draft: DraftState
    clock: Reading


def add_events(
    session: Session,
    *,
    account_id: int,
    token: str,
    tab: str,
    events: list[Any],
    counters: dict[str, Any],
    at: datetime,
) -> Taken:
    """Store events at the time of their arrival, once for each (tab, n), and the highest counters of each tab.

    A first "painted", or "take_over", makes its tab the holder of the case. After the lock nothing is stored.
    Raises NotFound, Forbidden, or InvalidInput for a post that is no list of events.
    """
    read, owner = own_read(session, account_id, token, hold=True)
    study, draft = session.get_one(Study, owner.study_id), session.get_one(Draft, read.id, populate_existing=True)
    if (
        read.state == ReadState.LOCKED
        or not is_newest(session, read)
        or study.state != StudyState.OPEN
        or owner.withdrawn_at is not None
    ):
        return _taken(session, study, read, draft, tab, 0, at)
    _must_be_events(tab, events)
    known = set(session.scalars(select(ReadEvent.n).where(ReadEvent.read_id == read.id, ReadEvent.tab == tab)))
    accepted = 0
    for event in events:
        n, kind = event.get("n"), event.get("kind")
        if (
            not isinstance(n, int)
            or isinstance(n, bool)
            or not 0 <= n < 10**9
            or not isinstance(kind, str)
            or kind not in KINDS
            or n in known
        ):
            continue
        known.add(n)
        accepted += 1
        told = event.get("t")
        client_ms = float(told) if _number(told) else None
        session.add(ReadEvent(read_id=read.id, tab=tab, n=n, kind=kind, at=at, client_ms=client_ms, detail={}))
        _note(read, draft, tab, kind, at)
    draft.counters = _merged(draft.counters, tab, counters)
    session.flush()
    return _taken(session, study, read, draft, tab, accepted, at)


def clock_of(session: Session, study: Study, read: Read, at: datetime) -> Reading:
    """Return the clock of a read at `at`."""
    query = select(ReadEvent).where(ReadEvent.read_id == read.id)
    events = [Event(row.tab, row.n, row.kind, row.at) for row in session.scalars(query)]
    return read_clock(events, until=at, rules=clock_rules(study))


def clock_rules(study: Study) -> ClockRules:
    """Return the idle and heartbeat seconds of a study."""
    return ClockRules(idle_after_s=float(study.protocol.idle_after_s), heartbeat_s=HEARTBEAT_S)


def totals(by_tab: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the counters of all tabs together, and the screen of the tab that was counted last."""
    together: dict[str, Any] = {}
    screen = None
    for counters in by_tab.values():
        for name, value in counters.items():
            if name == SCREEN:
                screen = value
            elif name in HIGHEST:
                together[name] = max(together.get(name, 0), value)
            else:
                together[name] = together.get(name, 0) + value
    return together, screen


def must_be_tab(tab: str) -> None:
    """Raise InvalidInput unless a tab's name is a short plain one."""
    if not 0 < len(tab) <= 64 or not tab.isascii() or not tab.isprintable():
        raise InvalidInput("The name of the tab is missing, too long, or not plain; reload the page.")


def _must_be_events(tab: str, events: list[Any]) -> None:
    must_be_tab(tab)
    if len(events) > MAX_EVENTS or not all(isinstance(event, dict) for event in events):
        raise InvalidInput(f"A post takes up to {MAX_EVENTS} events.")


def _note(read: Read, draft: Draft, tab: str, kind: str, at: datetime) -> None:
    """Keep the firsts of a read, and which tab holds it."""
    if kind in ("painted", "take_over"):
        draft.tab = tab
    if kind == "painted":
        read.shown_at = read.shown_at or at
    elif kind == "loaded":
        read.loaded_at = read.loaded_at or at
    elif kind == "action":
        read.first_action_at = read.first_action_at or at


def _merged(by_tab: dict[str, Any], tab: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the counters with the highest of each of this tab's, so that late and repeated posts change nothing."""
    if tab not in by_tab and len(by_tab) >= MAX_TABS:
        return by_tab
    mine = dict(by_tab.get(tab, {}))
    for name, value in list(given.items())[:40]:
        if name == SCREEN:
            mine[SCREEN] = "".join(c for c in str(value)[:40] if c.isascii() and c.isprintable())
        elif name.isidentifier() and name.isascii() and len(name) <= 40 and _number(value) and 0 <= value <= MAX_COUNT:
            mine[name] = max(mine.get(name, 0), value)
    return {**{other: counted for other, counted in by_tab.items() if other != tab}, tab: mine}


def _taken(session: Session, study: Study, read: Read, draft: Draft, tab: str, accepted: int, at: datetime) -> Taken:
    chosen = draft.diagnosis_changed_at is not None
    state = DraftState(draft.revision, draft.content, draft.tab, draft.saved_at, chosen=chosen)
    locked = read.state == ReadState.LOCKED
    until = read.locked_at if locked and read.locked_at else at
    return Taken(accepted, draft.tab in (None, tab), locked, state, clock_of(session, study, read, until))


def _number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < MAX_COUNT if isinstance(value, int) else math.isfinite(value)
