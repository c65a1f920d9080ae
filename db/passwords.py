"""Passwords: what is refused as easy to guess, and hashes."""

import hashlib
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from zxcvbn import zxcvbn

from core.errors import InvalidInput

MIN_PASSWORD = 10  # characters; length is what counts (NIST SP 800-63B)
STRONG = 3  # zxcvbn's score from 0 to 4: more than 10^8 guesses


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low memory)


@lru_cache(maxsize=1)
def decoy() -> str:
    """Return a hash that no password has, so that unknown names take as long as known ones."""
    return _hasher().hash(secrets.token_hex(16))


def _check(password: str, *about: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise InvalidInput(f"The password needs at least {MIN_PASSWORD} characters; a sentence is easy to remember.")
    if len(password) > 200:
        raise InvalidInput("The password may have 200 characters at most.")
    found = zxcvbn(password[:72], user_inputs=["parallax", *(part for fact in about for part in [fact, *fact.split()])])
    if found["score"] < STRONG:
        raise InvalidInput(f"This password is easy to guess. {found['feedback']['warning']} Take a few unusual words.")


def hash_password(password: str, *about: str) -> str:
    """Return the hash of a new password; raises InvalidInput for one that is easy to guess, or says `about` whom."""
    _check(password, *about)
    return _hasher().hash(password)


def verify(stored: str, password: str) -> bool:
    """Tell whether a password is the one of a stored hash."""
    try:
        return _hasher().verify(stored, password[:200])
    except VerificationError:
        return False


def digest(token: str) -> str:
    """Return what the database keeps of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()
