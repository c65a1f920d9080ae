"""A panel member at work: looks at each case in the viewer, labels it, and gets nothing of the others' labels."""

from collections.abc import Callable
from typing import Any

from core import clock
from core.study.protocol import Protocol
from db.engine import open_session
from db.permissions import SYSTEM
from db.study import cases as study_cases
from db.study import design as study_design
from db.study import info as study_info
from db.truth import members as panel_members
from db.truth import panel as truth_panel
from tests.e2e.conftest import Server
from tests.e2e.reading_study import CLASSES, SLICES, put_case

REFERENCE = {"rests_on": ["expert panel"], "panel": True, "panel_size": 2}


def panel_study(server: Server) -> tuple[int, dict[str, int]]:
    """A draft whose second member has labelled every case with a class that nobody else gives."""
    people = {name: server.account(name, "reader") for name in ("panel-ada", "panel-ben")}
    by: dict[str, Any] = {"by": server.account("panel-coordinator", "coordinator"), "at": clock.now()}
    with open_session(server.database) as session:
        protocol = Protocol.from_json({"reference": REFERENCE})
        made = study_design.create_study(session, title="Panel study", classes=CLASSES, protocol=protocol, **by)
        found = [put_case(session, server, f"panel{n}", **by) for n in range(3)]
        study_cases.add_cases(session, made.id, [case.id for case in found], **by)
        for account in people.values():
            panel_members.add_member(session, made.id, account, **by)
        for case in found[:2]:
            label: dict[str, Any] = {"class_code": "covid", "account_id": people["panel-ben"], "at": clock.now()}
            truth_panel.label(session, made.id, case.number, **label)
    return made.id, people


def test_a_member_looks_and_labels_and_learns_nothing_of_the_others(server: Server, sign_in: Callable[..., Any]):
    study_id, people = panel_study(server)
    page = sign_in(server, "panel-ada")
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.goto(f"{server.url}/panel")
    for done in range(3):
        page.get_by_text(f"{done} of 3 cases labelled").wait_for()
        page.locator('.view[data-shown^="axial/"]').wait_for()
        page.locator(".view").click()
        page.keyboard.press("r")  # the viewer's key, which Streamlit would take for “run again”
        page.keyboard.press("Home")
        page.locator('.view[data-shown="axial/0"]').wait_for()
        page.keyboard.press("ArrowDown")
        page.locator('.view[data-shown="axial/1"]').wait_for()
        page.get_by_text(f"Slice 2 / {SLICES}").wait_for()
        page.get_by_role("button", name="Other pneumonia").click()
    page.get_by_text("Every case is labelled").wait_for()
    with open_session(server.database) as session:
        assert set(truth_panel.votes_of(session, study_id, people["panel-ada"], by=SYSTEM).values()) == {"cap"}
        number = study_info.cases(session, study_id, by=SYSTEM)[0].case.number
    told = "".join(heard) + page.content()
    assert "Other pneumonia" in told
    for secret in ("panel-ben", "Panel-Ben", "majority", "split", "COVID-19: ", "agreed"):
        assert secret not in told
    answer = page.request.get(f"{server.url}/api/studies/{study_id}/cases/{number}/slices?first=0")
    assert answer.status == 200
    assert page.request.get(f"{server.url}/api/reading/{study_id}/next").status == 403
