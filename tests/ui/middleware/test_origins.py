"""Who may talk to the page: on loopback nobody but this machine, elsewhere other sites only with /generate."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from tinygpt.ui.middleware.origins import CheckOrigin

EVIL = "https://evil.example"
GENERATE = "/gradio_api/call/v2/generate"
PRIVATE = (
    "/",
    "/login",
    "/logout",
    "/gradio_api/reset",
    "/gradio_api/mcp",
    "/gradio_api/upload",
    "/gradio_api/call/write",
    "/gradio_api/run/generate",
    "/gradio_api/file=/gradio_api/info",
    "/below/gradio_api/info",
)


@pytest.fixture(scope="module")
def public(page_served) -> Iterator[str]:
    """The URL of a page that other machines reach."""
    with page_served(host="0.0.0.0") as address:
        yield address


def request(
    address: str, path: str = "/config", method: str = "GET", body: bytes = b"", **headers: str | None
) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body for a request with just these headers, X_Name for X-Name."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": urlsplit(address).netloc, "Content-Length": str(len(body))} | headers).items():
        if value is not None:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def generate(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps({"prompt": "A", "length": 5}).encode()
    return request(address, GENERATE, "POST", body, Content_Type="application/json", **headers)


def cors(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.8.9.1:7860", "[::1]", "[::1]:7860", "[::ffff:127.0.0.1]"]
)
def test_on_loopback_the_page_is_asked_for_by_names_of_this_machine(address: str, host: str):
    assert request(address, Host=host)[0] == 200
    assert generate(address, Host=host, Origin=f"http://{host}")[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example",
     "evil.example#localhost", "192.168.1.5", "0.0.0.0", "[::2]", "[::1", "localhost:x@evil.example", ""],
)  # fmt: skip
def test_a_name_that_somebody_else_points_to_this_machine_is_refused(address: str, host: str):
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/upload"):
        assert request(address, path, Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")[0] == 403
    status, _, body = generate(address, Host=host, Origin=f"http://{host}")
    assert status == 403
    assert b"--root-path" in body


def test_a_proxy_in_front_of_loopback_must_have_been_named(address: str):
    assert request(address, X_Forwarded_Host="evil.example")[0] == 403
    assert request(address, X_Forwarded_Host="localhost, evil.example")[0] == 403
    assert request(address, X_Forwarded_Host="localhost:8000")[0] == 200


@pytest.mark.parametrize(
    "origin",
    [EVIL, "http://127.0.0.1.evil.example", "null", "file://", "http://", "chrome://x", "http://127.0.0.1",
     "http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000", "http://localhost"],
)  # fmt: skip
def test_on_loopback_other_sites_and_ports_get_nothing(address: str, origin: str):
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x", "/nowhere"):
        status, headers, body = request(address, path, Origin=origin)
        assert status == 403
        assert cors(headers) == {}
        assert b"config" not in body
    assert generate(address, Origin=origin)[0] == 403
    assert request(address, "/gradio_api/upload", "POST", b"x" * 100, Origin=origin)[0] == 403
    status, headers, _ = request(
        address, GENERATE, "OPTIONS", Origin=origin, Access_Control_Request_Method="POST", Sec_Fetch_Site="cross-site"
    )
    assert status == 403
    assert cors(headers) == {}


def test_other_sites_may_link_to_the_page_and_frame_it_but_not_load_its_parts(address: str, public: str):
    for url in (address, public):
        assert request(url, "/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
        assert request(url, "/theme.css", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
        assert request(url, "/theme.css", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="no-cors")[0] == 403
        assert request(url, "/config", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors")[0] == 200


def test_on_loopback_a_proxy_at_another_port_is_known_by_what_the_browser_says(address: str):
    assert generate(address, Origin="http://localhost:3000", Sec_Fetch_Site="same-origin")[0] == 200
    assert generate(address, Origin="http://localhost:3000", X_Forwarded_Host="localhost:3000")[0] == 200
    assert generate(address, Origin="http://localhost:3000", Sec_Fetch_Site="same-site")[0] == 403


def test_where_others_reach_the_page_other_sites_get_the_public_endpoint_only(public: str):
    status, headers, body = generate(public, Origin=EVIL, Sec_Fetch_Site="cross-site")
    assert status == 200
    assert cors(headers) == {"access-control-allow-origin": "*"}
    event = json.loads(body)["event_id"]
    status, headers, body = request(public, f"/gradio_api/call/generate/{event}", Origin=EVIL)
    assert b"event: complete" in body
    assert cors(headers) == {"access-control-allow-origin": "*"}
    for path in ("/gradio_api/info", "/gradio_api/openapi.json"):
        assert request(public, path, Origin=EVIL)[0] == 200
    for path in PRIVATE:
        for method in ("GET", "POST", "OPTIONS"):
            status, headers, _ = request(public, path, method, Origin=EVIL)
            assert status == 403, path
            assert cors(headers) == {}


def test_of_the_queue_other_sites_get_the_public_endpoints_only(public: str):
    events = json.loads(request(public)[2])["dependencies"]
    endpoints = [each for each in events if each["api_name"] in ("generate", "probabilities")]
    assert len(endpoints) == 2 < len(events)

    def join(body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return request(public, "/gradio_api/queue/join", "POST", body, Content_Type="application/json", **headers)

    for event in events:
        body = {"fn_index": event["id"], "data": [], "session_hash": "x", "api_name": "generate", "trigger_id": None}
        status, headers, _ = join(json.dumps(body).encode(), Origin=EVIL)
        if event in endpoints:
            assert status != 403
            assert cors(headers) == {"access-control-allow-origin": "*"}
        else:
            assert status == 403, event
            assert cors(headers) == {}
    (number, *_), other = [each["id"] for each in endpoints], events[0]["id"]
    for body in (
        b"",
        b"{",
        b"[" * 100_000,
        b'["fn_index"]',
        b"null",
        b'{"fn_index": null}',
        b'{"fn_index": [%d]}' % number,
        b'{"fn_index": "%d"}' % number,
        b'{"fn_index": %d, "fn_index": %d}' % (number, other),
        b'{"fn_index": %d, "data": ["%s"]}' % (number, b"x" * 300_000),
    ):
        assert join(body, Origin=EVIL)[0] == 403, body[:80]
        assert join(body, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403


def test_a_host_that_somebody_makes_up_is_told_to_nobody_else(public: str):
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/info/", "/gradio_api/info?all_endpoints=1",
                 "/gradio_api/openapi.json"):  # fmt: skip
        for headers in ({"Host": "evil.example"}, {"X_Forwarded_Host": "evil.example"}):
            assert request(public, path, **headers)[0] == 200
            assert b"evil.example" not in request(public, path)[2]


def test_a_preflight_allows_no_credentials(public: str):
    status, headers, _ = request(
        public, GENERATE, "OPTIONS", Origin=EVIL, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type, x-forwarded-host",
    )  # fmt: skip
    assert status == 204
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-headers"] == "Content-Type, X-Gradio-User"
    assert "access-control-allow-credentials" not in headers


def test_the_page_itself_needs_no_permission_of_cors(address: str, public: str):
    for url in (address, public):
        for headers in ({"Origin": url}, {"Origin": EVIL, "Sec_Fetch_Site": "same-origin"}):  # as behind a proxy
            status, answered, _ = generate(url, **headers)
            assert status == 200
            assert cors(answered) == {}
    assert generate(public, Origin=EVIL, X_Forwarded_Host="evil.example")[0] == 200


def test_a_request_of_another_site_carries_no_credentials():
    received = []

    async def app(scope, receive, send):
        received.append({name for name, _ in scope["headers"]})
        await Response()(scope, receive, send)

    client = TestClient(CheckOrigin(app, loopback=False, hosts=(), events=()))
    credentials = {"Cookie": "access-token=1", "Authorization": "Basic eDp5"}
    assert client.post(GENERATE, headers=credentials | {"Origin": EVIL}).status_code == 200
    assert client.post(GENERATE, headers=credentials).status_code == 200
    assert [{b"cookie", b"authorization"} & names for names in received] == [set(), {b"cookie", b"authorization"}]


def test_the_name_of_a_tunnel_that_opens_later_is_known_then():
    hosts = set()
    client = TestClient(
        CheckOrigin(Response(), loopback=True, hosts=hosts, events=()), base_url="https://abc.gradio.live"
    )
    assert client.get("/").status_code == 403
    hosts.add("abc.gradio.live")
    assert client.get("/").status_code == 200
