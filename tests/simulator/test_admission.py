"""The built-in Azure as a neighbour: it answers tools on this machine, and no page in a browser."""

import http.client
import socket
import time
from urllib.parse import urlsplit

import pytest

from provisioner.simulator import http_server
from provisioner.simulator.protocol import admission
from tests.simulator.setting import GROUP, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def _port(here: Setting) -> int:
    return urlsplit(here.azure.endpoint).port or 0


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "[::1]:{}"])
def test_a_tool_on_this_machine_is_answered(here: Setting, host: str):
    reply = here.call("GET", GROUP, headers={"Host": host.format(_port(here))})
    assert reply.status == 200


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("evil.example", id="a name that was made to point here"),
        pytest.param("evil.example:{}", id="with the port"),
        pytest.param("127.0.0.1.evil.example:{}", id="a name that begins like loopback"),
        pytest.param("localhost.evil.example", id="a name that begins like localhost"),
        pytest.param("evil.example:127.0.0.1", id="loopback as its port"),
        pytest.param("[::1].evil.example", id="behind an address"),
        pytest.param("10.0.0.4:{}", id="another address"),
        pytest.param("", id="no name"),
    ],
)
def test_another_host_is_refused_and_nothing_is_done(here: Setting, host: str):
    reply = here.call("PUT", NET, BODY, headers={"Host": host.format(_port(here))})
    assert (reply.status, reply.code) == (421, "MisdirectedRequest")
    here.call.close()
    assert here.call("GET", NET).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a sandboxed frame"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="a request without Origin"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a page of another port"),
        pytest.param(
            {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
            id="preflight",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_a_page_in_a_browser_is_not_answered(here: Setting, headers: dict[str, str], method: str):
    reply = here.call(method, GROUP, {"location": "x"} if method == "PUT" else None, headers)
    assert (reply.status, reply.code) == (403, "CrossOriginRequestForbidden")
    assert not [name for name in reply.headers if name.startswith("access-control")]
    here.call.close()
    assert here.call("GET", GROUP).body["location"] == "westeurope"


def test_no_answer_allows_another_origin(here: Setting):
    for reply in (here.call("GET", GROUP), here.call("OPTIONS", GROUP)):
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_a_body_is_bounded_stated_or_not(here: Setting):
    too_much = {"location": "w" * admission.LARGEST_BODY}
    reply = here.call("PUT", NET, too_much)
    assert (reply.status, reply.code) == (413, "RequestContentTooLarge")
    connection = http.client.HTTPConnection("127.0.0.1", _port(here), timeout=10)
    parts = (b"x" * 65536 for _ in range(admission.LARGEST_BODY // 65536 + 2))
    path = f"{GROUP}/providers/{NET}?api-version=2026-01-01"
    connection.request("PUT", path, parts, {"Authorization": "Bearer x"}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    here.call.close()
    assert here.call("GET", NET).status == 404


def test_urls_and_headers_are_bounded(here: Setting):
    assert here.call("GET", "/subscriptions/" + "s" * 9000).code == "UriTooLong"
    here.call.close()
    many = {f"x-{number}": "v" * 7000 for number in range(10)}
    assert here.call("GET", GROUP, headers=many).code == "RequestHeaderFieldsTooLarge"


def _ends_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_a_client_that_is_slow_with_its_headers_is_given_up(
    here: Setting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_server, "_SECONDS_FOR_HEADERS", 0.2)
    with socket.create_connection(("127.0.0.1", _port(here))) as silent:
        assert _ends_within(silent, 3)
    with socket.create_connection(("127.0.0.1", _port(here))) as dripping:
        for letter in b"GET / H":
            time.sleep(0.05)
            try:
                dripping.send(bytes([letter]))
            except ConnectionError:
                break
        assert _ends_within(dripping, 3)
    assert here.call("GET", GROUP).status == 200


def test_a_client_that_is_slow_with_its_body_is_given_up(
    here: Setting, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(admission, "SECONDS_FOR_BODY", 0.2)
    with socket.create_connection(("127.0.0.1", _port(here))) as slow:
        slow.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1")
        slow.settimeout(5)
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        assert _ends_within(slow, 3)
