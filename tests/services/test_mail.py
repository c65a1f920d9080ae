"""Letters by e-mail, to a mail server of the test's own."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from core.errors import InvalidInput, Unavailable
from core.services import mail
from core.services.mail import Mail
from core.settings import settings

LETTER = Mail(
    "ada@clinic.example", "Invitation to\r\nBcc: all@clinic.example", "Dear Ada,\n\nGrüße – https://x/?link=abc\n"
)


class Box:
    """What the server took."""

    def __init__(self) -> None:
        self.letters: list[tuple[str | None, list[str], str]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.letters.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


def serve(box: Box, **how: Any) -> Controller:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=number, **how)
    server.start()
    return server


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    made = Box()
    server = serve(made)
    monkeypatch.setenv("PARALLAX_SMTP_URL", f"smtp://127.0.0.1:{server.port}")
    monkeypatch.setenv("PARALLAX_MAIL_FROM", "study@clinic.example")
    settings.cache_clear()
    yield made
    server.stop()
    settings.cache_clear()


def set_url(monkeypatch: pytest.MonkeyPatch, url: str, sender: str = "study@clinic.example") -> None:
    monkeypatch.setenv("PARALLAX_SMTP_URL", url)
    monkeypatch.setenv("PARALLAX_MAIL_FROM", sender)
    settings.cache_clear()


def test_letters_arrive_one_by_one_and_carry_no_other_address(box: Box) -> None:
    came = mail.send([LETTER, Mail("bo@clinic.example", "Reminder", "Dear Bo")])
    assert came.taken == ("ada@clinic.example", "bo@clinic.example")
    (sender, to, text), (_, second, _) = box.letters
    assert (sender, to, second) == ("study@clinic.example", ["ada@clinic.example"], ["bo@clinic.example"])
    head = text.partition("\n\n")[0].replace("\r", "")
    assert "\nBcc:" not in head
    assert "Date: " in head
    assert "Message-ID: <" in head


def test_a_refused_address_keeps_nobody_elses_letter(box: Box) -> None:
    came = mail.send([Mail("nobody@clinic.example", "s", "t"), Mail("ada", "s", "t"), LETTER])
    assert came.taken == ("ada@clinic.example",)
    assert came.refused == {"nobody@clinic.example": "550 no such person", "ada": "is no e-mail address"}


@pytest.mark.parametrize(
    ("url", "sender", "says"),
    [
        ("mail.clinic.example:25", "a@b.example", "not of the form"),
        ("http://mail.clinic.example", "a@b.example", "not of the form"),
        ("smtp://127.0.0.1:99999", "a@b.example", "not of the form"),
        ("smtp://127.0.0.1:2525", "Study office", "no e-mail address"),
        ("smtp://127.0.0.1:2525", "", "no e-mail address"),
    ],
)
def test_settings_that_cannot_work_are_named(monkeypatch: pytest.MonkeyPatch, url: str, sender: str, says: str) -> None:
    set_url(monkeypatch, url, sender)
    with pytest.raises(InvalidInput, match=says):
        mail.send([LETTER])
    settings.cache_clear()


def test_a_server_that_is_away_or_wants_another_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    server = serve(Box(), authenticator=nobody, auth_require_tls=False)
    set_url(monkeypatch, f"smtp://ada:secret@127.0.0.1:{server.port}")
    with pytest.raises(Unavailable, match="user name and password") as refused:
        mail.send([LETTER])
    assert "secret" not in str(refused.value)
    closed = server.port
    server.stop()
    set_url(monkeypatch, f"smtp://127.0.0.1:{closed}")
    with pytest.raises(Unavailable, match="copy the letters"):
        mail.send([LETTER])
    settings.cache_clear()


def test_links_do_not_go_over_an_open_line(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    url = settings().smtp_url
    monkeypatch.setattr(mail, "OWN", ())
    set_url(monkeypatch, url)
    with pytest.raises(Exception, match="no encryption"):
        mail.send([LETTER])
    assert box.letters == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, own_certificate: tuple[Path, Path]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*own_certificate)
    box = Box()
    server = serve(box, tls_context=context)
    set_url(monkeypatch, f"smtp://127.0.0.1:{server.port}")
    with pytest.raises(Unavailable, match="certificate is not trusted"):
        mail.send([LETTER])
    server.stop()
    assert box.letters == []
    settings.cache_clear()


@pytest.fixture
def own_certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of this test's own making for 127.0.0.1, and its key."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / "c.pem", tmp_path / "k.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return certificate, secret


@pytest.mark.parametrize("name", ["ada", "ada@", "@x.y", "ada@x", "a da@x.y", "Ada <ada@x.y>", "ada@x.y, bo@x.y"])
def test_other_user_names_are_no_addresses(name: str) -> None:
    assert not mail.is_address(name)
    assert mail.is_address("ada.l-b_c@uni-x.example")
