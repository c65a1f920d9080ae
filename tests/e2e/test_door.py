"""What somebody without a sign-in gets, and how much of the server's memory: nearly nothing."""

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.e2e.conftest import Server

MB = 1024 * 1024
CLOSED = (
    "/_stcore/metrics",
    "/_stcore/host-config",
    "/_stcore/agent/openapi.json",
    "/_stcore/bidi-components/x/y.js",
    "/component/x/index.html",
    "/media/0000.png",
    "/static/index.html",
    "/api/studies/1/export/csv",
    "/api/never-was",
    "/index.html",
)


@pytest.fixture(scope="module")
def small(start_server: Callable[..., Server]) -> Server:
    """A server that takes 3 MB of uploads from a person."""
    server = start_server(started=False)
    server.environment = {"PARALLAX_MAX_UPLOAD_MB": "3", "PARALLAX_UPLOADS_TOTAL_MB": "10"}
    server.start()
    for name in ("cora", "carl"):
        server.account(name, "coordinator")
    return server


def memory(server: Server) -> int:
    """Bytes of the server's process in memory."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


Stream = Callable[..., ClientConnection]


@pytest.fixture
def stream(small: Server) -> Iterator[Stream]:
    """Open Streamlit's socket with a cookie; it stays open until the test ends."""
    with ExitStack() as stack:

        def open_one(cookie: str = "", **headers: str) -> ClientConnection:
            given = {"Origin": small.url, **headers}
            if cookie:
                given["Cookie"] = f"parallax_session={cookie}"
            socket = connect(
                small.url.replace("http", "ws") + "/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                additional_headers=given,
                max_size=None,
                close_timeout=0.1,
                proxy=None,
            )
            return stack.enter_context(socket)

        yield open_one


def session_of(client_connection: ClientConnection) -> str:
    """The page's Streamlit session, as its first message says it."""
    ask = BackMsg()
    ask.rerun_script.query_string = ""
    client_connection.send(ask.SerializeToString())
    while True:
        message = ForwardMsg()
        message.ParseFromString(client_connection.recv(timeout=30))
        if message.WhichOneof("type") == "new_session":
            return message.new_session.initialize.session_id


def put(server: Server, place: str, body: Any, cookie: str = "", **headers: str) -> httpx.Response:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        token = client.get("/_stcore/health").cookies.get("_streamlit_xsrf", "")
        cookies = f"_streamlit_xsrf={token}" + (f"; parallax_session={cookie}" if cookie else "")
        given = {"Cookie": cookies, "X-Xsrftoken": token, "Origin": server.url, **headers}
        files = {"file": ("a.bin", body)} if isinstance(body, bytes) else None
        content = None if files else body
        return client.put(f"/_stcore/upload_file/{place}", files=files, content=content, headers=given)


def raw(server: Server, lines: list[str], body: bytes = b"") -> int:
    """Send a request as it stands; return the status."""
    head = "\r\n".join([lines[0], f"Host: 127.0.0.1:{server.port}", *lines[1:]]) + "\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        with suppress(OSError):  # the answer can come before the body is sent
            one.sendall(head.encode() + body)
        return int(one.recv(200).split()[1])


def test_500_sockets_and_500_uploads_without_a_sign_in_take_no_memory(small: Server, stream: Stream):
    before = memory(small)
    session = "x"
    for n in range(500):
        with suppress(InvalidStatus, ConnectionClosed):
            one = stream()
            session = session_of(one) if n == 0 else session
    health = httpx.get(small.url + "/_stcore/health", trust_env=False)
    token = health.cookies["_streamlit_xsrf"]
    file = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n%s\r\n--b--\r\n' % bytes(MB // 2)
    headers = [
        f"Content-Length: {len(file)}",
        "Content-Type: multipart/form-data; boundary=b",
        f"Cookie: _streamlit_xsrf={token}",
        f"X-Xsrftoken: {token}",
    ]
    statuses = {raw(small, [f"PUT /_stcore/upload_file/{session}/{n} HTTP/1.1", *headers], file) for n in range(500)}
    assert memory(small) - before < 20 * MB
    assert statuses == {401}


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_but_the_sign_in_page_and_health_answers_without_a_sign_in(small: Server, path: str):
    answer = httpx.get(small.url + path, trust_env=False)
    assert answer.status_code in (401, 404)
    assert set(answer.json()) == {"error", "message"}


def test_every_page_is_the_sign_in_page_without_a_sign_in(small: Server):
    for path in ("/", "/studies", "/read?study=1"):
        answer = httpx.get(small.url + path, trust_env=False)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert 'type="password"' in answer.text
    assert httpx.get(small.url + "/_stcore/health", trust_env=False).status_code == 200


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/api/health", "/api/never-was"])
def test_every_answer_tells_the_browser_what_no_page_needs(small: Server, path: str):
    headers = httpx.get(small.url + path, trust_env=False).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "frame-ancestors" in headers["Content-Security-Policy"]


def test_a_forged_cookie_opens_nothing_and_an_expired_tab_is_sent_to_the_front(small: Server, stream: Stream):
    one, message = stream("forged"), ForwardMsg()
    message.ParseFromString(one.recv(timeout=10))
    assert message.auth_redirect.url == "/"
    with pytest.raises(ConnectionClosed):
        one.recv(timeout=10)
    assert put(small, "x/1", b"x", "forged").status_code == 401
    with pytest.raises(InvalidStatus):
        stream(small.cookie("cora")["value"], Origin="http://evil.example")


def test_a_person_uploads_to_their_own_page_only_and_no_more_than_the_limit(small: Server, stream: Stream):
    cora, carl = small.cookie("cora")["value"], small.cookie("carl")["value"]
    mine, second = session_of(stream(cora)), session_of(stream(cora))
    assert put(small, f"{mine}/1", b"x" * MB, cora).status_code == 204
    assert put(small, f"{mine}/1", b"x" * MB, carl).status_code == 403
    too_large = put(small, f"{mine}/2", b"x" * 5 * MB, cora)
    assert too_large.status_code == 413
    assert "3 MB" in too_large.json()["message"]
    assert put(small, f"{second}/3", b"x" * 2 * MB, cora).status_code == 204  # another page of the same person ...
    assert put(small, f"{second}/4", b"x" * 2 * MB, cora).status_code == 413  # ... with the same limit
    token = httpx.get(small.url + "/_stcore/health", trust_env=False).cookies["_streamlit_xsrf"]
    given = {"Cookie": f"_streamlit_xsrf={token}; parallax_session={cora}", "X-Xsrftoken": token}
    for place in (f"{second}/3", f"{mine}/1"):
        httpx.delete(f"{small.url}/_stcore/upload_file/{place}", headers=given, trust_env=False)
    assert put(small, f"{mine}/5", b"x" * 2 * MB, cora).status_code == 204  # what was let go counts no longer


def test_a_chunked_upload_without_a_length_is_answered_while_it_arrives(small: Server, stream: Stream):
    cora = small.cookie("cora")["value"]
    place = f"/_stcore/upload_file/{session_of(stream(cora))}/1"
    token = httpx.get(small.url + "/_stcore/health", trust_env=False).cookies["_streamlit_xsrf"]
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    lines = [
        f"PUT {place} HTTP/1.1",
        f"Host: 127.0.0.1:{small.port}",
        f"Cookie: _streamlit_xsrf={token}; parallax_session={cora}",
        f"X-Xsrftoken: {token}",
        "Transfer-Encoding: chunked",
        "Content-Type: multipart/form-data; boundary=b",
    ]
    with socket.create_connection(("127.0.0.1", small.port), timeout=20) as one:
        one.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + b"%x\r\n%s\r\n" % (len(head), head))
        for _ in range(200):  # MB: far more than would ever be taken
            one.sendall(b"%x\r\n%s\r\n" % (MB, bytes(MB)))
            if select.select([one], [], [], 0)[0]:
                break
        assert one.recv(200).split()[1] == b"413"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/health", {"Content-Length": "5"}, 413),
        ("GET", "/api/health", {"Transfer-Encoding": "chunked"}, 413),
        ("HEAD", "/", {"Content-Length": "100000000"}, 413),
        ("POST", "/api/session/sign-in", {"Content-Length": "100000000"}, 413),
        ("POST", "/api/session/sign-in", {"Content-Encoding": "gzip", "Content-Length": "5"}, 415),
        ("POST", "/api/session/link", {"Origin": "http://evil.example", "Content-Length": "0"}, 403),
        ("POST", "/api/reads/x/lock", {"Content-Length": "900000"}, 401),
        ("PUT", "//_stcore/upload_file/x/y", {"Content-Length": "900000"}, 401),
        ("PUT", "/_stcore%2Fupload_file/x/y", {"Content-Length": "900000"}, 401),
        ("POST", "/media/x", {"Content-Length": "900000"}, 401),
    ],
)
def test_bodies_are_refused_before_they_are_sent(
    small: Server, method: str, path: str, headers: dict[str, str], status: int
):
    assert raw(small, [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]) == status


def test_metrics_answer_with_the_token_only(start_server: Callable[..., Server]):
    server = start_server(started=False)
    server.environment = {"PARALLAX_METRICS_TOKEN": "s3cret", "PARALLAX_ALLOWED_HOSTS": "ct.example"}
    server.start()
    asks = [
        httpx.get(f"{server.url}/_stcore/metrics", headers=given, trust_env=False).status_code
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer s3cret"})
    ]
    assert asks == [404, 404, 200]
    hosts = [
        httpx.get(server.url, headers={"Host": host}, trust_env=False).status_code
        for host in ("evil.example", "ct.example", "CT.example:8501", "127.0.0.1", "")
    ]
    assert hosts == [400, 200, 200, 200, 400]
