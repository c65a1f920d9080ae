from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from db import accounts, links
from db.engine import open_session, open_view
from db.permissions import SYSTEM

Act = Callable[[str], accounts.Account]
Open = Callable[..., AppTest]


@pytest.mark.parametrize("place", ["admin/accounts.py", "admin/audit.py", "admin/system.py"])
@pytest.mark.parametrize("role", ["reader", "coordinator"])
def test_administration_is_closed_to_other_roles(act_as: Act, open_page: Open, place: str, role: str):
    act_as(role)
    page = open_page(place)
    assert "other roles" in page.error[0].value
    assert not page.title
    assert not page.dataframe


def test_a_page_without_sign_in_shows_nothing(open_page: Open):
    page = open_page("admin/accounts.py")
    assert "expired" in page.error[0].value
    assert not page.title


def test_an_administrator_invites_a_reader_and_copies_the_link(act_as: Act, open_page: Open, db_url: str):
    act_as("administrator")
    page = open_page("admin/accounts.py")
    page.text_input(key="accounts_username").input("ada@example.org")
    page.text_input(key="accounts_name").input("Ada")
    page.button(key="accounts_add").click().run()
    assert not page.exception
    link = page.code[0].value
    assert page.text_input(key="accounts_1_username").value == ""
    token = link.split("link=")[1]
    with open_session(db_url) as session:
        made = links.use_password_link(session, token, password="a long enough password", at=clock.now())
    assert (made.username, made.role) == ("ada@example.org", "reader")


def test_a_taken_name_is_said_and_nothing_is_made(act_as: Act, open_page: Open, db_url: str):
    me = act_as("administrator")
    page = open_page("admin/accounts.py")
    page.text_input(key="accounts_username").input(me.username)
    page.text_input(key="accounts_name").input("Somebody Else")
    page.button(key="accounts_add").click().run()
    assert "taken" in page.error[0].value
    assert page.text_input(key="accounts_name").value == "Somebody Else"
    with open_view(db_url) as session:
        assert len(accounts.every(session, by=SYSTEM)) == 1


def test_the_audit_page_says_the_trail_is_whole(act_as: Act, open_page: Open):
    act_as("administrator")
    page = open_page("admin/audit.py")
    assert page.code[0].value.startswith("1:")
    assert list(page.dataframe[0].value["What"]) == ["Account created"]
    page.button(key="audit_check").click().run()
    assert "nothing was changed" in page.success[0].value
    page.selectbox(key="audit_who").set_value(None).run()
    page.date_input(key="audit_from").set_value(clock.now().date() + timedelta(days=1)).run()
    assert page.dataframe[0].value.empty
