"""Invitations and reminders say the way in, and what is asked."""

from typing import Any

from core.study.letters import invitation, panel_invitation, reminder


def test_who_has_no_account_gets_a_link_and_who_has_one_the_address():
    given: dict[str, Any] = {
        "name": "Ada",
        "username": "ada@x",
        "title": "A study",
        "address": "https://here",
        "cases": 9,
        "practice": 2,
        "sessions": 2,
    }
    new = invitation(link="https://here/?link=x", **given)
    known = invitation(link=None, **given)
    assert "works once, for seven days):\nhttps://here/?link=x" in new
    assert "Sign in as ada@x here:\nhttps://here" in known
    assert "Your user name is ada@x" in new
    for text in (new, known):
        assert "9 chest CT in 2 sessions some weeks apart, after 2 for practice" in text


def test_a_panel_is_told_its_part():
    given: dict[str, Any] = {
        "name": "Ada",
        "username": "ada@x",
        "title": "A study",
        "address": "https://here",
        "link": None,
        "cases": 9,
    }
    member, adjudicator = (panel_invitation(adjudicator=part, **given) for part in (False, True))
    assert "you label 9 chest CT, each on your own" in member
    assert "standard is split" in adjudicator
    assert "ada@x" in member
    assert "neither the others' labels nor any AI" in member


def test_a_reminder_counts_what_is_left():
    given: dict[str, Any] = {"name": "Ada", "username": "ada@x", "title": "A study", "address": "https://here"}
    assert "sign in as ada@x here:\nhttps://here" in reminder(left=1, minutes=None, **given)
    assert "1 read is left" in reminder(left=1, minutes=None, **given)
    assert "12 reads are left for you in the study “A study”, about 40 minutes" in reminder(
        left=12, minutes=40, **given
    )
