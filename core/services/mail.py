"""Letters by e-mail, where a mail server is set (PARALLAX_SMTP_URL); otherwise they are copied by hand.

Passwords and links go over an encrypted connection, or to this machine itself; elsewhere nothing is sent.
"""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import InvalidInput, ParallaxError, Unavailable
from core.settings import settings

WAIT_S = 20.0
OWN = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter to one person; `to` is an e-mail address."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of letters: the addresses that the mail server took, and why it refused others, by address."""

    taken: tuple[str, ...]
    refused: dict[str, str]


def configured() -> bool:
    """Tell whether a mail server is set."""
    return bool(settings().smtp_url)


def is_address(username: str) -> bool:
    """Tell whether letters can be sent to a user name: whether it is an e-mail address."""
    name, _, domain = username.rpartition("@")
    plain = not any(letter.isspace() for letter in username) and parseaddr(username)[1] == username
    return plain and bool(name) and "." in domain.strip(".")


def send(letters: Sequence[Mail]) -> Sent:
    """Send letters over one connection; raises InvalidInput for settings that cannot work, Unavailable for a server
    that does not answer or takes nobody's mail."""
    url = _server()
    sender = settings().mail_from or unquote(url.username or "")
    if not is_address(sender):
        raise InvalidInput("PARALLAX_MAIL_FROM is no e-mail address; set the address that letters come from.")
    try:
        with _connected(url) as server:
            return _sent(server, sender, letters)
    except smtplib.SMTPAuthenticationError:
        raise Unavailable("The mail server does not take the user name and password of PARALLAX_SMTP_URL.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(
            f"The mail server {url.hostname} cannot be used now ({_why(error)}); copy the letters."
        ) from None


def _server() -> SplitResult:
    url = urlsplit(settings().smtp_url)
    try:
        good = url.scheme in PORTS and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good:
        raise InvalidInput("PARALLAX_SMTP_URL is not of the form smtp://user:password@host:587 or smtps://host:465.")
    return url


def _connected(url: SplitResult) -> smtplib.SMTP:
    host, port, context = str(url.hostname), url.port or PORTS[url.scheme], ssl.create_default_context()
    server = (
        smtplib.SMTP_SSL(host, port, timeout=WAIT_S, context=context)
        if url.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=WAIT_S)
    )
    try:
        server.ehlo()
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif url.scheme == "smtp" and host not in OWN:
            raise ParallaxError(f"The mail server {host} offers no encryption; letters hold links and are not sent.")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _sent(server: smtplib.SMTP, sender: str, letters: Sequence[Mail]) -> Sent:
    taken: list[str] = []
    refused: dict[str, str] = {}
    for letter in letters:
        if not is_address(letter.to):
            refused[letter.to] = "is no e-mail address"
            continue
        try:
            server.send_message(_message(sender, letter), sender, [letter.to])
        except smtplib.SMTPRecipientsRefused as error:
            refused[letter.to] = _said(*next(iter(error.recipients.values())))
        else:
            taken.append(letter.to)
    return Sent(tuple(taken), refused)


def _message(sender: str, letter: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, letter.to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    return str(error) or type(error).__name__


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}".strip()
