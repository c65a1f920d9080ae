"""What the institution's sign-in (OpenID Connect, through Streamlit) says about a browser."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME


def oidc_configured() -> bool:
    """Tell whether an institution's sign-in is set up in .streamlit/secrets.toml."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """Return what the institution's signed cookie says; nothing when there is none or its signature is wrong."""
    if not oidc_configured():
        return {}
    secret = get_cookie_secret()

    def unsigned(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1")) if value else None

    raw = get_cookie_with_chunks(unsigned, USER_COOKIE_NAME)
    found = json.loads(raw) if raw else {}
    return found if isinstance(found, dict) and found.get("is_logged_in") else {}


def login_address() -> str:
    """Return where the institution's sign-in begins; good for some minutes."""
    return generate_login_redirect_url("default")
