"""Links name the address that was set, else the one really served or used."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import streamlit as st

from core.settings import settings
from pages.routes import addresses

ROOT = Path(__file__).parents[2]


@pytest.fixture
def serve(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """Pretend that Streamlit serves with these options: serve(**{"server.address": "10.0.0.5"})."""
    options: dict[str, object] = {"browser.serverAddress": "localhost", "browser.serverPort": 8502}
    monkeypatch.setattr(st, "get_option", options.get)

    def prepare(public_url: str = "", **rest: object) -> None:
        monkeypatch.setenv("PARALLAX_PUBLIC_URL", public_url)
        settings.cache_clear()
        options.update(rest)

    prepare()
    return prepare


def came_by(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    monkeypatch.setattr(type(st.context), "url", property(lambda _: url))


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://localhost:8502"),
        ({"server.address": "0.0.0.0"}, "http://localhost:8502"),
        ({"server.address": "10.0.0.5"}, "http://10.0.0.5:8502"),
        ({"server.address": "::1"}, "http://[::1]:8502"),
        ({"browser.serverAddress": "ct.example"}, "http://ct.example:8502"),
        ({"server.sslCertFile": "/a.pem", "server.baseUrlPath": "/studies/"}, "https://localhost:8502/studies"),
        ({"public_url": "https://ct.example/"}, "https://ct.example"),
    ],
)
def test_the_address_served_is_the_one_set_or_the_one_bound(serve, options: dict[str, str], address: str):
    serve(**options)
    assert addresses.served() == address


def test_letters_name_the_address_their_writer_came_by_unless_one_is_set(serve, monkeypatch: pytest.MonkeyPatch):
    came_by(monkeypatch, "http://10.0.0.5:8503/studies")
    assert addresses.link("t") == "http://10.0.0.5:8503/?link=t"
    came_by(monkeypatch, None)
    assert addresses.link("t") == "http://localhost:8502/?link=t"
    serve("https://ct.example")
    came_by(monkeypatch, "http://10.0.0.5:8503/studies")
    assert addresses.link("t") == "https://ct.example/?link=t"


def test_the_set_up_link_of_a_first_start_opens_on_the_port_really_served(tmp_path: Path):
    """The system picks the port here, so no address known beforehand can be the right one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PARALLAX_")}
    environment |= {"PARALLAX_DATA_DIR": str(tmp_path / "data"), "PARALLAX_WORKER": "0"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0", "--server.headless", "true"]
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        found, end = None, time.monotonic() + 240  # a clean clone builds the viewer first
        while found is None and time.monotonic() < end and process.poll() is None:
            found = re.search(r"(http://localhost:\d+)/\?link=\S+", log.read_text())
            time.sleep(0.1)
        assert found, log.read_text()
        with urllib.request.urlopen(f"{found[1]}/api/health", timeout=30) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.wait(20)
