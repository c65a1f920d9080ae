"""A draft study is deleted and taken back by clicks, by who made it."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from core import clock
from db import accounts, audit, cases, links
from db.engine import open_session, open_view
from db.permissions import SYSTEM
from db.study import deletion as study_deletion
from db.study import info as study_info
from tests.study import builder
from tests.study.builder import AT

Open = Callable[..., AppTest]
LIST = "coordinator/studies.py"
PAGE = "coordinator/study/design.py"


def test_who_made_a_draft_deletes_it_and_takes_it_back(
    work_as: Callable[[int], None], open_page: Open, db_url: str, went: list[tuple[str, dict[str, str]]]
) -> None:
    with open_session(db_url) as session:
        made, me = builder.study(session, readers=2), builder.coordinator(session)
        invited = study_info.readers(session, made.id, by=SYSTEM)[0].account_id
        links.password_link(session, invited, at=clock.now(), by=SYSTEM)
    work_as(me)
    page = open_page(PAGE, study=str(made.id), step="overview")
    said = "\n".join(one.value for one in page.markdown)
    assert "6 cases taken in, 2 readers. 1 invitation, not used yet, ends" in said
    assert page.button(key="study_delete").disabled
    page.checkbox(key="study_delete_sure").check().run()
    page.button(key="study_delete").click().run()
    assert not page.exception
    assert went == [("coordinator/studies.py", {})]
    with open_view(db_url) as session:
        assert study_info.every(session, by=SYSTEM) == []
        assert len(cases.every(session, by=SYSTEM)) == 6
        assert audit.events(session, study_id=made.id, by=SYSTEM)[0].kind == "study deleted"
    assert "was deleted" in open_page(PAGE, study=str(made.id)).error[0].value
    page = open_page(LIST)
    assert "Deleted studies (1)" in [one.label for one in page.expander]
    page.button(key=f"studies_take_back_{made.id}").click().run()
    assert not page.exception
    with open_view(db_url) as session:
        assert [one.title for one in study_info.every(session, by=SYSTEM)] == ["A study"]


def test_another_coordinator_is_told_who_can_delete_it(
    act_as: Callable[[str], accounts.Account], open_page: Open, db_url: str
) -> None:
    with open_session(db_url) as session:
        made, me = builder.study(session), builder.coordinator(session)
    act_as("coordinator")
    page = open_page(PAGE, study=str(made.id), step="overview")
    assert not [one for one in page.button if one.key == "study_delete"]
    assert any("Only Coordinator, who owns this study" in one.value for one in page.info)
    with open_session(db_url) as session:
        study_deletion.delete_study(session, made.id, by=me, at=AT)
    assert not [one for one in open_page(LIST).expander if "Deleted" in one.label]


def test_a_study_opened_in_another_tab_is_not_deleted(
    work_as: Callable[[int], None], open_page: Open, db_url: str
) -> None:
    with open_session(db_url) as session:
        made, me = builder.study(session), builder.coordinator(session)
    work_as(me)
    page = open_page(PAGE, study=str(made.id), step="overview")
    page.checkbox(key="study_delete_sure").check().run()
    with open_session(db_url) as session:
        session.connection().exec_driver_sql(f"UPDATE studies SET state = 'open' WHERE id = {made.id}")
    page.button(key="study_delete").click().run()
    assert "Open: readers read" in page.info[0].value
    with open_view(db_url) as session:
        assert [one.state for one in study_info.every(session, by=SYSTEM)] == ["open"]
    page = open_page(PAGE, study=str(made.id), step="overview")
    assert not [one for one in page.button if one.key == "study_delete"]
