"""The trials in their short form: a server of its own, read by a few, killed once; what was acknowledged is there."""

from pathlib import Path

import pytest

from core.jobs.trial import chaos

pytestmark = pytest.mark.browser  # no browser, but a whole server


def test_nothing_acknowledged_is_lost_when_the_server_and_its_database_are_killed(tmp_path: Path):
    found = chaos.run(tmp_path, kills=2, readers=4, cases=8, pace_s=0.2, worker=False, parts=("server", "database"))
    assert (found.lost, found.lost_drafts, found.twice, found.half_cases, found.chain) == (0, 0, 0, 0, "whole")
    assert found.kills == 2
    assert found.drafts > 0
    assert found.left_uploads > 0
    assert found.held


def test_a_read_that_is_missing_is_counted_as_lost():
    people = [_Told({"token": {"diagnosis": "normal"}})]
    found = chaos.Chaos("sqlite")
    chaos.compare(found, [], people)
    assert (found.reads, found.lost, found.lost_drafts) == (1, 1, 0)


class _Told:
    """A reader who was told that reads are locked."""

    def __init__(self, locked: dict[str, dict[str, str]]) -> None:
        from core.jobs.trial.reader import Ledger

        self.ledger = Ledger(locked=dict(locked))
