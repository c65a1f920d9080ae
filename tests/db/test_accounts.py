from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from db import accounts
from db.permissions import SYSTEM

PASSWORD = "a long enough password"


@pytest.fixture
def reader(session: Session, at: datetime) -> accounts.Account:
    return accounts.create(
        session, username="Ada@example.org", name="Ada", role="reader", at=at, password=PASSWORD, by=SYSTEM
    )


def test_a_right_password_gives_a_ticket_that_works_once(session: Session, at: datetime, reader: accounts.Account):
    ticket = accounts.sign_in(session, username=" ada@example.org ", password=PASSWORD, at=at)
    assert ticket is not None
    cookie = accounts.redeem_ticket(session, ticket, at=at)
    assert cookie is not None
    assert accounts.redeem_ticket(session, ticket, at=at) is None
    found = accounts.account_for_cookie(session, cookie, at=at)
    assert found is not None
    assert found.id == reader.id


def test_a_ticket_is_too_old_after_a_minute(session: Session, at: datetime, reader: accounts.Account):
    ticket = accounts.ticket_for(session, reader.id, at=at)
    assert accounts.redeem_ticket(session, ticket, at=at + timedelta(minutes=2)) is None


def test_a_cookie_ends_with_its_hours_its_sign_out_and_its_account(
    session: Session, at: datetime, reader: accounts.Account
):
    def cookie() -> str:
        made = accounts.redeem_ticket(session, accounts.ticket_for(session, reader.id, at=at), at=at)
        assert made is not None
        return made

    first, second, third = cookie(), cookie(), cookie()
    assert accounts.account_for_cookie(session, first, at=at + timedelta(hours=13)) is None
    accounts.sign_out(session, second, at=at)
    assert accounts.account_for_cookie(session, second, at=at) is None
    assert accounts.account_for_cookie(session, third, at=at) is not None
    accounts.set_disabled(session, reader.id, disabled=True, by=SYSTEM, at=at)
    assert accounts.account_for_cookie(session, third, at=at) is None


def test_a_forged_cookie_is_nobody(session: Session, at: datetime, reader: accounts.Account):
    for forged in ("", "x", "' OR 1=1 --", None):
        assert accounts.account_for_cookie(session, forged, at=at) is None


def test_five_wrong_passwords_rest_the_account_even_for_the_right_one(
    session: Session, at: datetime, reader: accounts.Account
):
    for _ in range(accounts.MAX_FAILURES):
        assert accounts.sign_in(session, username=reader.username, password="wrong password", at=at) is None
    assert accounts.sign_in(session, username=reader.username, password=PASSWORD, at=at) is None
    assert accounts.sign_in(session, username=reader.username, password=PASSWORD, at=at + accounts.REST) is not None


def test_unknown_names_and_accounts_without_password_are_refused(session: Session, at: datetime):
    accounts.create(session, username="invited", name="", role="reader", at=at, by=SYSTEM)
    assert accounts.sign_in(session, username="nobody", password=PASSWORD, at=at) is None
    assert accounts.sign_in(session, username="invited", password="", at=at) is None


def test_no_secret_is_stored_in_clear(session: Session, at: datetime, reader: accounts.Account):
    ticket = accounts.ticket_for(session, reader.id, at=at)
    cookie = accounts.redeem_ticket(session, ticket, at=at)
    link = accounts.password_link(session, reader.id, at=at, by=SYSTEM)
    session.flush()
    stored = ""
    for table in ("accounts", "sign_in_tickets", "web_sessions", "links", "audit_events"):
        stored += str(session.execute(text(f"SELECT * FROM {table}")).all())
    for secret in (ticket, cookie, link, PASSWORD):
        assert secret is not None
        assert secret not in stored


def test_the_first_administrator_comes_by_a_link_that_works_once(session: Session, at: datetime):
    token = accounts.setup_link(session, at=at)
    assert token is not None
    assert accounts.link_kind(session, token, at=at) == "setup"
    made = accounts.use_setup_link(session, token, username="root", name="R", password=PASSWORD, at=at)
    assert made.role == "administrator"
    assert accounts.setup_link(session, at=at) is None
    with pytest.raises(NotFound):
        accounts.use_setup_link(session, token, username="two", name="", password=PASSWORD, at=at)


def test_a_new_password_ends_every_session(session: Session, at: datetime, reader: accounts.Account):
    cookie = accounts.redeem_ticket(session, accounts.ticket_for(session, reader.id, at=at), at=at)
    token = accounts.password_link(session, reader.id, at=at, by=SYSTEM)
    accounts.use_password_link(session, token, password="another long password", at=at)
    assert accounts.account_for_cookie(session, cookie, at=at) is None
    assert accounts.sign_in(session, username=reader.username, password="another long password", at=at)


def test_a_link_that_is_too_old_sets_no_password(session: Session, at: datetime, reader: accounts.Account):
    token = accounts.password_link(session, reader.id, at=at, by=SYSTEM)
    late = at + accounts.LINK_LIFE + timedelta(seconds=1)
    with pytest.raises(NotFound):
        accounts.use_password_link(session, token, password=PASSWORD, at=late)


@pytest.mark.parametrize(("username", "role"), [("", "reader"), ("a b", "reader"), ("x" * 81, "reader"), ("x", "boss")])
def test_impossible_accounts_are_refused_in_words(session: Session, at: datetime, username: str, role: str):
    with pytest.raises(InvalidInput):
        accounts.create(session, username=username, name="", role=role, at=at, by=SYSTEM)


def test_short_passwords_and_taken_names_are_refused(session: Session, at: datetime, reader: accounts.Account):
    with pytest.raises(InvalidInput):
        accounts.create(session, username="short", name="", role="reader", at=at, password="short", by=SYSTEM)
    with pytest.raises(Conflict):
        accounts.create(session, username="ADA@example.org", name="", role="reader", at=at, by=SYSTEM)


def test_the_only_administrator_stays(session: Session, at: datetime):
    made = accounts.create(session, username="root", name="", role="administrator", at=at, password=PASSWORD, by=SYSTEM)
    with pytest.raises(Conflict):
        accounts.set_disabled(session, made.id, disabled=True, by=made.id, at=at)
