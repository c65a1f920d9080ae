from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound
from db import accounts, audit, links, sign_ins, throttle, web_sessions
from db.permissions import SYSTEM

PASSWORD = "a long enough password"


@pytest.fixture
def reader(session: Session, at: datetime) -> accounts.Account:
    return accounts.create(
        session, username="Ada@example.org", name="Ada", role="reader", at=at, password=PASSWORD, by=SYSTEM
    )


def test_a_right_password_gives_a_ticket_that_works_once(session: Session, at: datetime, reader: accounts.Account):
    ticket = sign_ins.sign_in(session, username=" ada@example.org ", password=PASSWORD, at=at)
    assert ticket is not None
    cookie = sign_ins.redeem_ticket(session, ticket, at=at)
    assert cookie is not None
    assert sign_ins.redeem_ticket(session, ticket, at=at) is None
    found = sign_ins.account_for_cookie(session, cookie, at=at)
    assert found is not None
    assert found.id == reader.id


def test_a_ticket_is_too_old_after_a_minute(session: Session, at: datetime, reader: accounts.Account):
    ticket = sign_ins.ticket_for(session, reader.id, at=at)
    assert sign_ins.redeem_ticket(session, ticket, at=at + timedelta(minutes=2)) is None


def test_a_cookie_ends_with_its_hours_its_sign_out_and_its_account(
    session: Session, at: datetime, reader: accounts.Account
):
    def cookie() -> str:
        made = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, reader.id, at=at), at=at)
        assert made is not None
        return made

    first, second, third = cookie(), cookie(), cookie()
    assert sign_ins.account_for_cookie(session, first, at=at + timedelta(hours=13)) is None
    sign_ins.sign_out(session, second, at=at)
    assert sign_ins.account_for_cookie(session, second, at=at) is None
    assert sign_ins.account_for_cookie(session, third, at=at) is not None
    accounts.set_disabled(session, reader.id, disabled=True, by=SYSTEM, at=at)
    assert sign_ins.account_for_cookie(session, third, at=at) is None


def test_a_forged_cookie_is_nobody(session: Session, at: datetime, reader: accounts.Account):
    for forged in ("", "x", "' OR 1=1 --", None):
        assert sign_ins.account_for_cookie(session, forged, at=at) is None


def test_five_wrong_passwords_rest_the_account_even_for_the_right_one(
    session: Session, at: datetime, reader: accounts.Account
):
    for _ in range(throttle.MAX_FAILURES):
        assert sign_ins.sign_in(session, username=reader.username, password="wrong password", at=at) is None
    assert sign_ins.sign_in(session, username=reader.username, password=PASSWORD, at=at) is None
    assert sign_ins.sign_in(session, username=reader.username, password=PASSWORD, at=at + throttle.REST) is not None


def test_wrong_passwords_from_elsewhere_lock_nobody_out(session: Session, at: datetime, reader: accounts.Account):
    def tries(password: str, address: str) -> str | None:
        name = reader.username
        return sign_ins.sign_in(session, username=name, password=password, at=at, address=address)

    ticket = tries(PASSWORD, "10.0.0.1")
    assert ticket is not None
    sign_ins.redeem_ticket(session, ticket, at=at, address="10.0.0.1")
    for n in range(throttle.MAX_OF_ACCOUNT):  # many addresses, each below its own limit
        assert tries("wrong password", f"10.1.0.{n // 4}") is None
    assert tries(PASSWORD, "10.1.0.0") is None  # they are stopped all together ...
    assert tries(PASSWORD, "10.0.0.1") is not None  # ... and who signed in from their own address before is not


def test_one_password_tried_on_many_accounts_stops_its_address(
    session: Session, at: datetime, reader: accounts.Account
):
    for n in range(throttle.MAX_OF_ADDRESS):
        assert sign_ins.sign_in(session, username=f"n{n}", password="wrong", at=at, address="10.9.9.9") is None
    tried: dict[str, Any] = {"username": reader.username, "password": PASSWORD, "at": at}
    assert sign_ins.sign_in(session, **tried, address="10.9.9.9") is None
    assert sign_ins.sign_in(session, **tried, address="10.0.0.1") is not None


def test_failures_sign_outs_and_ended_sign_ins_are_in_the_trail(
    session: Session, at: datetime, reader: accounts.Account
):
    sign_ins.sign_in(session, username="Ada@example.org", password="wrong", at=at)
    sign_ins.sign_in(session, username="nobody", password="secret in the wrong field", at=at)
    cookies = [
        sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, reader.id, at=at), at=at, address="10.0.0.1")
        for _ in range(3)
    ]
    sign_ins.sign_out(session, str(cookies[0]), at=at)
    there = web_sessions.active(session, reader.id, at=at)
    assert [one.address for one in there] == ["10.0.0.1"] * 2
    web_sessions.end(session, reader.id, there[0].key, by=reader.id, at=at)
    with pytest.raises(NotFound):
        web_sessions.end(session, reader.id + 1, there[1].key, by=SYSTEM, at=at)
    web_sessions.end_all(session, reader.id, by=reader.id, at=at)
    assert [sign_ins.account_for_cookie(session, cookie, at=at) for cookie in cookies] == [None] * 3
    events = audit.events(session, by=SYSTEM)
    kinds = [event.kind for event in reversed(events)]
    assert kinds[1:3] == ["sign-in failed"] * 2
    assert kinds[-3:] == ["signed out", "sign-in ended", "sign-ins ended"]
    assert "secret" not in str(events)


@pytest.mark.parametrize(
    "password", ["password1234", "aaaaaaaaaaaa", "Ada@example.org", "parallax2026", "1234567890123"]
)
def test_passwords_that_are_easy_to_guess_are_refused(session: Session, at: datetime, password: str):
    with pytest.raises(InvalidInput, match="easy to guess"):
        accounts.create(
            session, username="ada@example.org", name="Ada Lovelace", role="reader", at=at, password=password, by=SYSTEM
        )


def test_an_institutions_sign_in_is_linked_by_the_person_only(session: Session, at: datetime, reader: accounts.Account):
    assert sign_ins.for_oidc(session, subject="s1") is None  # whatever e-mail address it comes with
    assert sign_ins.for_oidc(session, subject="") is None
    sign_ins.link_oidc(session, reader.id, subject="s1", at=at)
    found = sign_ins.for_oidc(session, subject="s1")
    assert found is not None
    assert found.id == reader.id
    other = accounts.create(session, username="other", name="", role="reader", at=at, by=SYSTEM)
    with pytest.raises(Conflict):
        sign_ins.link_oidc(session, other.id, subject="s1", at=at)


def test_unknown_names_and_accounts_without_password_are_refused(session: Session, at: datetime):
    accounts.create(session, username="invited", name="", role="reader", at=at, by=SYSTEM)
    assert sign_ins.sign_in(session, username="nobody", password=PASSWORD, at=at) is None
    assert sign_ins.sign_in(session, username="invited", password="", at=at) is None


def test_no_secret_is_stored_in_clear(session: Session, at: datetime, reader: accounts.Account):
    ticket = sign_ins.ticket_for(session, reader.id, at=at)
    cookie = sign_ins.redeem_ticket(session, ticket, at=at)
    link = links.password_link(session, reader.id, at=at, by=SYSTEM)
    session.flush()
    stored = ""
    for table in ("accounts", "sign_in_tickets", "web_sessions", "links", "audit_events"):
        stored += str(session.execute(text(f"SELECT * FROM {table}")).all())
    for secret in (ticket, cookie, link, PASSWORD):
        assert secret is not None
        assert secret not in stored


def test_the_first_administrator_comes_by_a_link_that_works_once(session: Session, at: datetime):
    token = links.setup_link(session, at=at)
    assert token is not None
    assert links.link_kind(session, token, at=at) == "setup"
    made = links.use_setup_link(session, token, username="root", name="R", password=PASSWORD, at=at)
    assert made.role == "administrator"
    assert links.setup_link(session, at=at) is None
    with pytest.raises(NotFound):
        links.use_setup_link(session, token, username="two", name="", password=PASSWORD, at=at)


def test_a_new_password_ends_every_session(session: Session, at: datetime, reader: accounts.Account):
    cookie = sign_ins.redeem_ticket(session, sign_ins.ticket_for(session, reader.id, at=at), at=at)
    token = links.password_link(session, reader.id, at=at, by=SYSTEM)
    links.use_password_link(session, token, password="another long password", at=at)
    assert sign_ins.account_for_cookie(session, cookie, at=at) is None
    assert sign_ins.sign_in(session, username=reader.username, password="another long password", at=at)


def test_a_link_that_is_too_old_sets_no_password(session: Session, at: datetime, reader: accounts.Account):
    token = links.password_link(session, reader.id, at=at, by=SYSTEM)
    late = at + links.LINK_LIFE + timedelta(seconds=1)
    with pytest.raises(NotFound):
        links.use_password_link(session, token, password=PASSWORD, at=late)


@pytest.mark.parametrize(
    ("username", "role"),
    [
        ("", "reader"),
        ("a b", "reader"),
        ("x" * 81, "reader"),
        ("x", "boss"),
        ("<b>x</b>", "reader"),
        ("ünal", "reader"),
        ("a\u202eb", "reader"),
        ("=cmd", "reader"),
        ("a/b", "reader"),
    ],
)
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
