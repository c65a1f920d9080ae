"""The first steps tick themselves, lead to what comes next, and can be put away for good."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from db.engine import open_session, open_view
from db.models import Account
from db.study import design as study_design
from tests.study import builder
from tests.study.builder import AT

Open = Callable[..., AppTest]
LIST = "coordinator/studies.py"


def said(page: AppTest) -> str:
    return "\n".join(one.value for one in page.markdown)


def test_steps_tick_themselves_and_name_the_next(work_as: Callable[[int], None], open_page: Open, db_url: str):
    with open_session(db_url) as session:
        me = builder.coordinator(session)
    work_as(me)
    assert "0 of 5 done" in said(open_page(LIST))
    assert "**Next: Upload cases** -> coordinator/cases.py" in said(open_page(LIST))
    with open_session(db_url) as session:
        builder.case(session, 1, by=me)
        study_design.create_study(session, title="First", by=me, at=AT)
    page = open_page(LIST)
    assert "2 of 5 done" in said(page)
    assert ":material/check_circle: Begin a study" in said(page)
    assert ":material/radio_button_unchecked: Check it and open it" in said(page)


def test_steps_are_put_away_for_good(work_as: Callable[[int], None], open_page: Open, db_url: str):
    with open_session(db_url) as session:
        me = builder.coordinator(session)
    work_as(me)
    open_page(LIST).button(key="first_steps_away").click().run()
    with open_view(db_url) as session:
        assert session.get_one(Account, me).preferences == {"first_steps_put_away": True}
    work_as(me)
    assert "First steps" not in said(open_page(LIST))
