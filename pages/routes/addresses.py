"""The address of this Parallax, for links that are copied."""

from urllib.parse import urlsplit

import streamlit as st

from core.settings import settings

WILDCARDS = (None, "", "0.0.0.0", "::")  # noqa: S104 - bound to every address of the machine: none of them to be typed


def served() -> str:
    """Return the address set as PARALLAX_PUBLIC_URL, else the one this process serves on, as seen on its own machine.

    Right once the port is bound: when the one asked for is taken, Streamlit serves on the next.
    """
    if settings().public_url:
        return settings().public_url.rstrip("/")
    host = st.get_option("server.address")
    if host in WILDCARDS:
        host = st.get_option("browser.serverAddress")
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    bracketed = f"[{host}]" if ":" in host else host
    return f"{scheme}://{bracketed}:{st.get_option('browser.serverPort')}{_base()}"


def for_people() -> str:
    """Return the address for letters: the one set, else the one by which who writes the letter came here."""
    here = urlsplit(st.context.url or "")
    return served() if settings().public_url or not here.netloc else f"{here.scheme}://{here.netloc}{_base()}"


def link(token: str, *, address: str = "") -> str:
    """Return the one-time link with a token under an address; for letters when none is given."""
    return f"{address or for_people()}/?link={token}"


def _base() -> str:
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""
