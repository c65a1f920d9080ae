"""Signing in by the institution (OpenID Connect): pages and routes alike know who that is, until they sign out."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import PASSWORD, Server, free_port
from tests.e2e.oidc_provider import CLIENT, SECRET, provider

pytestmark = pytest.mark.browser

SECRETS = """
[auth]
redirect_uri = "{url}/oauth2callback"
cookie_secret = "only for this test"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""


def test_who_the_institution_knows_can_read_and_a_stranger_is_told_whom_to_ask(
    start_server: Callable[..., Server], browser: Any
):
    server = start_server(started=False)
    server.account("ida@example.org", "reader")
    with provider(free_port()) as institution:
        secrets = server.data / "secrets.toml"
        secrets.write_text(SECRETS.format(url=server.url, client=CLIENT, secret=SECRET, issuer=institution.issuer))
        server.options = ("--secrets.files", str(secrets))
        server.start()
        page = browser.new_page()
        page.set_default_timeout(20_000)
        page.goto(server.url)
        page.get_by_role("button", name="Sign in with your institution").click()
        page.get_by_text("signed you in as nobody@example.org, but no account").wait_for()

        institution.email = "ida@example.org"  # the user name of an account: that alone opens nothing
        page.get_by_role("button", name="Sign in as somebody else").click()
        page.get_by_role("button", name="Sign in with your institution").click()
        page.get_by_text("signed you in as ida@example.org, but no account").wait_for()

        page.get_by_role("button", name="Sign in as somebody else").click()
        page.get_by_label("User name").fill("ida@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_text("Ida@Example.Org · reader").wait_for()
        page.goto(server.url + "/api/session/institution")
        page.get_by_role("link", name="My account").wait_for()
        page.goto(server.url + "/account")
        page.get_by_role("button", name="Link this sign-in").click()
        page.get_by_text("is linked to this account").wait_for()
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name="Sign in with your institution").click()
        page.get_by_text("Ida@Example.Org · reader").wait_for()
        assert page.request.get(f"{server.url}/api/studies/1/export/csv").status == 403  # known, and a reader

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with your institution").wait_for()
        assert page.request.get(f"{server.url}/api/studies/1/export/csv").status == 401
        page.reload()
        page.get_by_role("button", name="Sign in with your institution").wait_for()
        page.context.close()
