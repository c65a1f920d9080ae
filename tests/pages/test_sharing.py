"""A study is shared and unshared on its step, and each role sees only what is for it."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import Conflict, Forbidden, NotFound
from db.engine import open_session
from db.study import info as study_info
from db.study import sharing
from tests.study import builder
from tests.study.builder import AT

Open = Callable[..., AppTest]
WorkAs = Callable[[int], None]
LIST = "coordinator/studies.py"
PAGE = "coordinator/study/design.py"


@pytest.fixture
def study(db_url: str) -> tuple[int, int, int]:
    """The study, its owner, and somebody with a plain account."""
    with open_session(db_url) as session:
        made = builder.study(session)
        return made.id, builder.coordinator(session), builder.account(session, "ada")


def seen(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.title, *page.error, *page.info]
    return " ".join(str(part.value) for part in parts)


def test_a_study_is_shared_changed_and_unshared(study: tuple[int, int, int], work_as: WorkAs, open_page: Open):
    study_id, owner, ada = study
    work_as(owner)
    page = open_page(PAGE, study=str(study_id), step="sharing")
    page.text_input(key="sharing_username").input("ADA ")
    page.selectbox(key="sharing_role").select("observer")
    page.button(key="sharing_add").click().run()
    assert "Ada (ada)" in seen(page)
    work_as(ada)
    page = open_page(PAGE, study=str(study_id), step="overview")
    assert page.title[0].value == "A study"
    assert [step.key for step in page.text_input] == []  # an observer changes nothing
    assert "Readers" not in page.get("button_group")[0].proto.options.__repr__()
    work_as(owner)
    page = open_page(PAGE, study=str(study_id), step="sharing")
    page.selectbox(key=f"sharing_new_role_{ada}").select("coordinator")
    page.button(key="sharing_change").click().run()
    work_as(ada)
    assert open_page(PAGE, study=str(study_id), step="readers").dataframe
    work_as(owner)
    open_page(PAGE, study=str(study_id), step="sharing").button(key="sharing_remove").click().run()
    work_as(ada)
    page = open_page(LIST)
    assert "This page is for other roles" in seen(page)


def test_a_study_is_handed_on(study: tuple[int, int, int], db_url: str, work_as: WorkAs, open_page: Open):
    study_id, owner, ada = study
    with open_session(db_url) as session:
        sharing.share(session, study_id, "ada", role="coordinator", by=owner, at=AT)
    work_as(owner)
    open_page(PAGE, study=str(study_id), step="sharing").button(key="sharing_transfer").click().run()
    with open_session(db_url) as session:
        roles = {member.account_id: member.role for member in sharing.members(session, study_id, by=ada)}
        assert roles == {ada: "owner", owner: "coordinator"}
        with pytest.raises(Forbidden):
            sharing.transfer(session, study_id, owner, by=owner, at=AT)
        sharing.remove(session, study_id, owner, by=owner, at=AT)  # everybody may leave
        assert study_info.every(session, by=owner) == []


def test_sharing_is_checked(study: tuple[int, int, int], db_url: str):
    study_id, owner, ada = study
    with open_session(db_url) as session:
        with pytest.raises(NotFound, match="spelling"):
            sharing.share(session, study_id, "nobody", role="observer", by=owner, at=AT)
        sharing.share(session, study_id, "ada", role="observer", by=owner, at=AT)
        with pytest.raises(Conflict, match="already"):
            sharing.share(session, study_id, "ada", role="statistician", by=owner, at=AT)
        with pytest.raises(Conflict, match="owner"):
            sharing.remove(session, study_id, owner, by=owner, at=AT)
        with pytest.raises(Forbidden, match="observer"):
            sharing.share(session, study_id, "ada", role="coordinator", by=ada, at=AT)
