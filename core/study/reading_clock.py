"""The reading clock: what a read took, from events stamped by the server.

Times of the browser's clock are never used, only the server's time of arrival. What counts as active time:

- It starts when the first image of the read is painted and ends with the lock.
- It stops for a pause until the resume, whatever is loaded, painted or taken over in between.
- It stops while the page is hidden or left, until it is visible, painted or acted on again.
- It stops for idling when the page reports it, `idle_after_s` after the last action: those seconds count, as looking
  at an image without touching anything is reading; what follows does not, until the next action.
- Only the tab that holds the case drives it: the one that painted or took over last.
- An open page sends a sign of life every `heartbeat_s`. After two missed ones the page was gone (sleep of the laptop,
  lost network, crash, restart of the server) and only one interval after its last sign counts.

Within one tab an event cannot have happened after one with a higher number, so one that arrives late (sent again
after a failed post) is dated back to the earliest arrival of those. Order of arrival and repeats change nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

KINDS = frozenset(
    {"painted", "loaded", "action", "pause", "resume", "hidden", "visible", "idle", "active", "leave", "heartbeat"}
    | {"take_over"}
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a tab: its number there, its kind, and when the server received it."""

    tab: str
    n: int
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ClockRules:
    """What the page was told: seconds without action that make idle, seconds between signs of life."""

    idle_after_s: float = 120.0
    heartbeat_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Reading:
    """State of the clock: seconds since the first paint, seconds that count, and whether it stands in a pause."""

    raw_seconds: float
    active_seconds: float
    started_at: datetime | None
    paused: bool


@dataclass(slots=True)
class _Hands:
    """What is known at a moment. `holder` is the tab that drives the clock; `unseen` is a page hidden or left."""

    holder: str | None = None
    painted: set[str] = field(default_factory=set)
    paused: bool = False
    unseen: bool = False
    idle: bool = False

    @property
    def running(self) -> bool:
        return self.holder in self.painted and not (self.paused or self.unseen or self.idle)


def read_clock(events: Iterable[Event], *, until: datetime, rules: ClockRules) -> Reading:
    """Return the clock at `until` (the lock, or now). Events after `until` are left out.

    `0 <= active_seconds <= raw_seconds` always holds; both are 0 before the first paint.
    """
    hands, counted = _Hands(), timedelta(0)
    started_at: datetime | None = None
    last_sign = until
    for event in in_order(events):
        if event.at > until:
            break
        if event.tab == hands.holder or event.kind in ("painted", "take_over"):
            if started_at is not None and hands.running:
                counted += _span(last_sign, event.at, rules)
            last_sign = event.at
        _turn(hands, event)
        if started_at is None and event.kind == "painted":
            started_at = event.at
    if started_at is None:
        return Reading(0.0, 0.0, None, hands.paused)
    if hands.running:
        counted += _span(last_sign, until, rules)
    raw = (until - started_at).total_seconds()
    return Reading(raw, counted.total_seconds(), started_at, hands.paused)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return each event once (by tab and number), dated so that time never runs back within a tab, then sorted."""
    first: dict[tuple[str, int], Event] = {}
    for event in events:
        known = first.get((event.tab, event.n))
        if known is None or (event.at, event.kind) < (known.at, known.kind):
            first[event.tab, event.n] = event
    dated: list[Event] = []
    earliest: dict[str, datetime] = {}
    for event in sorted(first.values(), key=lambda event: (event.tab, -event.n)):
        at = min(event.at, earliest.get(event.tab, event.at))
        earliest[event.tab] = at
        dated.append(Event(event.tab, event.n, event.kind, at))
    return sorted(dated, key=lambda event: (event.at, event.tab, event.n))


def _span(since: datetime, until: datetime, rules: ClockRules) -> timedelta:
    """Return what counts between two signs of life."""
    gap = until - since
    interval = timedelta(seconds=rules.heartbeat_s)
    return interval if gap > 2 * interval else max(gap, timedelta(0))


def _turn(hands: _Hands, event: Event) -> None:
    """Move the hands by one event; a pause outlives reloads and take-overs, everything else belongs to the tab."""
    if event.kind == "painted":
        hands.holder, hands.unseen, hands.idle = event.tab, False, False
        hands.painted.add(event.tab)
    elif event.kind == "take_over":
        hands.holder, hands.unseen, hands.idle = event.tab, False, False
    elif event.tab != hands.holder:
        return
    elif event.kind == "pause":
        hands.paused = True
    elif event.kind == "resume":
        hands.paused, hands.idle, hands.unseen = False, False, False
    elif event.kind in ("hidden", "leave"):
        hands.unseen = True
    elif event.kind in ("visible", "action", "active"):
        hands.unseen, hands.idle = False, False
    elif event.kind == "idle":
        hands.idle = True
