"""Encrypt what the server keeps but must not show: AES-256-GCM under a key derived from the installation's secret."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import ParallaxError

NONCE = 12  # bytes, as NIST SP 800-38D recommends


def seal(text: str, *, secret: bytes, purpose: str, context: str) -> bytes:
    """Return text encrypted for a purpose; it opens only with the same secret, purpose and context (its row)."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(secret, purpose).encrypt(nonce, text.encode(), context.encode())


def unseal(sealed: bytes, *, secret: bytes, purpose: str, context: str) -> str:
    """Return what `seal` encrypted; raises ParallaxError where the secret is another or the bytes were changed."""
    try:
        return _cipher(secret, purpose).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode()).decode()
    except (InvalidTag, ValueError):
        pass
    raise ParallaxError(
        "This was encrypted with another secret than this installation's, or was changed; start the server with the "
        "secret it was stored with."
    )


def _cipher(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret))
