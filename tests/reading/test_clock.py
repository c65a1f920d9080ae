"""The clock: what counts, whatever the page, the laptop, the network and the browser's own clock do."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.study.reading_clock import KINDS, ClockRules, Event, in_order, read_clock

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = ClockRules(idle_after_s=120, heartbeat_s=10)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def timeline(*events: tuple[float, str], tab: str = "a", beats_until: float = 0) -> list[Event]:
    """Number the events of one tab and add its heartbeats, one every 10 s."""
    beats = [(float(second), "heartbeat") for second in range(10, int(beats_until) + 1, 10)]
    placed = sorted([*events, *beats], key=lambda item: item[0])
    return [Event(tab, n, kind, at(second)) for n, (second, kind) in enumerate(placed)]


def seconds(events: list[Event], until: float) -> tuple[float, float]:
    reading = read_clock(events, until=at(until), rules=RULES)
    return reading.raw_seconds, reading.active_seconds


def test_nothing_counts_before_the_first_image_is_painted() -> None:
    assert seconds(timeline((0, "loaded"), (3, "action"), (5, "heartbeat")), 15) == (0, 0)
    assert seconds(timeline((4, "painted"), beats_until=30), 34) == (30, 30)


def test_a_pause_stops_the_clock_until_the_resume() -> None:
    events = timeline((0, "painted"), (20, "pause"), (80, "resume"), beats_until=100)
    assert seconds(events, 100) == (100, 40)


def test_scrolling_or_reloading_does_not_end_a_pause() -> None:
    events = timeline((0, "painted"), (20, "pause"), (30, "action"), (40, "leave"), (45, "painted"), beats_until=100)
    assert seconds(events, 100) == (100, 20)
    assert read_clock(events, until=at(100), rules=RULES).paused


def test_a_resume_also_ends_the_idling_that_began_in_the_pause() -> None:
    events = timeline((0, "painted"), (20, "pause"), (140, "idle"), (160, "resume"), beats_until=180)
    assert seconds(events, 180) == (180, 40)


def test_a_hidden_tab_does_not_count_and_a_visible_one_goes_on() -> None:
    events = timeline((0, "painted"), (30, "hidden"), (90, "visible"), beats_until=120)
    assert seconds(events, 120) == (120, 60)


def test_idling_stops_the_clock_from_the_moment_it_is_reported_until_the_next_action() -> None:
    # last action at 10 s, reported idle at 130 s: those 120 s count, the 70 s after them do not
    events = timeline((0, "painted"), (10, "action"), (130, "idle"), (200, "active"), beats_until=220)
    assert seconds(events, 220) == (220, 150)


def test_a_laptop_that_sleeps_is_given_one_heartbeat_after_its_last_sign() -> None:
    events = timeline((0, "painted"), beats_until=40)
    late = [Event("a", 90, "heartbeat", at(3640)), Event("a", 91, "heartbeat", at(3650))]
    assert seconds(events + late, 3650) == (3650, 40 + 10 + 10)


def test_a_tab_that_crashed_stops_counting_and_goes_on_when_it_paints_again() -> None:
    events = timeline((0, "painted"), beats_until=30)
    again = [Event("b", 0, "painted", at(600)), Event("b", 1, "heartbeat", at(610))]
    assert seconds(events, 600) == (600, 40)
    assert seconds(events + again, 615) == (615, 40 + 15)


def test_a_server_that_restarts_loses_no_more_than_its_own_absence() -> None:
    # down from 33 s to 58 s: the beats of 40 s and 50 s were never received
    events = [event for event in timeline((0, "painted"), beats_until=100) if not 33 < (event.at - START).seconds < 58]
    assert seconds(events, 100) == (100, 30 + 10 + 40)


def test_two_missed_heartbeats_in_a_row_are_needed_to_stop_the_clock() -> None:
    events = [event for event in timeline((0, "painted"), beats_until=60) if event.at != at(30)]
    assert seconds(events, 60) == (60, 60)


def test_a_lock_long_after_the_last_sign_counts_one_heartbeat() -> None:
    assert seconds(timeline((0, "painted"), beats_until=20), 500) == (500, 30)


def test_another_tab_takes_over_and_the_first_no_longer_drives_the_clock() -> None:
    first = timeline((0, "painted"), (45, "hidden"), (50, "pause"), beats_until=60)
    second = [
        Event("b", 0, "take_over", at(20)),
        Event("b", 1, "painted", at(25)),
        *(Event("b", n + 2, "heartbeat", at(30 + 10 * n)) for n in range(4)),
    ]
    # nothing is on the second tab's screen from 20 s to 25 s
    assert seconds(first + second, 60) == (60, 55)


def test_taking_back_in_a_tab_that_still_shows_the_image_goes_on_at_once() -> None:
    first = [Event("a", 0, "painted", at(0)), Event("a", 1, "take_over", at(20)), Event("a", 2, "heartbeat", at(30))]
    second = [Event("b", 0, "take_over", at(10)), Event("b", 1, "painted", at(12))]
    assert seconds(first + second, 35) == (35, 10 + 8 + 15)


def test_an_event_that_arrives_late_takes_its_place_by_number() -> None:
    # the pause was lost and sent again after the resume; the heartbeat of 20 s, numbered after it, dates it
    prompt = timeline((0, "painted"), (20, "pause"), (41, "resume"), beats_until=50)
    late = [Event("a", event.n, "pause", at(45)) if event.kind == "pause" else event for event in prompt]
    assert seconds(late, 55) == (55, 20 + 14)
    assert not read_clock(late, until=at(55), rules=RULES).paused
    kinds = [event.kind for event in in_order(late) if event.kind != "heartbeat"]
    assert kinds == ["painted", "pause", "resume"]


def test_events_after_the_lock_are_left_out() -> None:
    events = timeline((0, "painted"), (20, "heartbeat"))
    assert seconds([*events, Event("a", 9, "leave", at(31))], 30) == (30, 30)


_KINDS = st.sampled_from(sorted(KINDS))
_EVENTS = st.lists(
    st.builds(
        Event,
        tab=st.sampled_from("abc"),
        n=st.integers(0, 30),
        kind=_KINDS,
        at=st.floats(0, 5000).map(lambda second: at(round(second, 3))),
    ),
    max_size=40,
)


@given(_EVENTS, st.floats(0, 6000))
def test_active_is_never_negative_and_never_more_than_raw(events: list[Event], until: float) -> None:
    raw, active = seconds(events, until)
    assert 0 <= active <= raw


@given(_EVENTS, st.randoms())
def test_the_order_of_arrival_does_not_matter(events: list[Event], random: object) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert seconds(shuffled, 6000) == seconds(events, 6000)


@given(_EVENTS)
def test_repeats_do_not_matter(events: list[Event]) -> None:
    assert seconds(events + events[::-1], 6000) == seconds(events, 6000)


@given(_EVENTS, st.floats(0, 6000), st.floats(0, 600))
def test_the_clock_never_runs_back(events: list[Event], until: float, more: float) -> None:
    known = [event for event in events if event.at <= at(until)]
    earlier, later = seconds(known, until), seconds(known, until + more)
    assert later[0] >= earlier[0]
    assert later[1] >= earlier[1] - 10  # a gap that turns out long is cut to one heartbeat
