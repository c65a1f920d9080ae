"""A study is shared and unshared in the browser: who it is shared with sees it, and afterwards sees it no more."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from db.engine import open_session, open_view
from db.study import design, sharing
from tests.e2e.conftest import Server
from tests.e2e.coordinator import Hand

pytestmark = pytest.mark.browser
TITLE = "A study to share"


def test_a_study_is_shared_and_unshared_by_clicks(server: Server, sign_in: Callable[..., Any]) -> None:
    owner, guest = server.account("olga", "coordinator"), server.account("gus", "coordinator")
    with open_session(server.database) as session:
        study = design.create_study(session, title=TITLE, by=owner, at=clock.now())
    address = f"{server.url}/design?study={study.id}"
    theirs = Hand(sign_in(server, "gus"))
    theirs.opens(address, "does not exist")
    assert theirs.main.get_by_text(TITLE).count() == 0

    own = Hand(sign_in(server, "olga"))
    own.opens(f"{address}&step=sharing", "Observer · nobody")
    own.writes("User name", "gus")
    own.page.get_by_role("combobox", name="Role", exact=True).click()
    own.page.get_by_role("option", name="Observer", exact=True).click()
    own.clicks("Share the study", "Observer · Gus (gus)")
    theirs.opens(address, TITLE)
    assert theirs.page.get_by_role("radio", name="Sharing").count() == 1
    assert theirs.page.get_by_role("radio", name="Readers").count() == 0  # an observer prepares nothing

    own.chooses("New role", "Coordinator")
    own.clicks("Save the role", "Coordinator · Gus (gus)")
    theirs.opens(address, TITLE)
    theirs.page.get_by_role("radio", name="Readers").first.wait_for()

    own.clicks("Remove from the study", "Coordinator · nobody")
    theirs.opens(address, "does not exist")
    assert theirs.main.get_by_text(TITLE).count() == 0
    with open_view(server.database) as session:
        members = sharing.members(session, study.id, by=owner)
    assert guest not in {member.account_id for member in members}
