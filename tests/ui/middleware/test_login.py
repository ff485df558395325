"""With a password, nothing but the login page answers without a login, and guessing the password is slow."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from starlette.routing import BaseRoute

from tests import event_loop
from tests.ui.launched import launched, post, raw_get
from tinygpt.ui.blocks import build
from tinygpt.ui.middleware import login
from tinygpt.ui.middleware.login import RequireLogin, credentials_check, delay
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session

USER, PASSWORD = "will", "globe:1599"
LOGIN_PAGE = {"/", "/login", "/favicon.ico", "/manifest.json", "/robots.txt", "/theme.css"}
STATIC = ("/assets/", "/static/")  # files that are the same for everybody


@pytest.fixture(scope="module")
def page(weights) -> gr.Blocks:
    return build(Registry(Session(weights)))


@pytest.fixture(scope="module")
def stranger(page: gr.Blocks) -> Iterator[httpx.Client]:
    """A client that has not logged in."""
    with launched(page, auth=(USER, PASSWORD)) as client:
        yield client


@pytest.fixture
def member(stranger: httpx.Client) -> Iterator[httpx.Client]:
    """A client that has logged in."""
    with httpx.Client(base_url=stranger.base_url, timeout=60) as client:
        assert enter(client, PASSWORD).status_code == 200
        yield client


def enter(client: httpx.Client, password: str, **headers: str) -> httpx.Response:
    return client.post("/login", data={"username": USER, "password": password}, headers=headers)


def routes(router) -> Iterator[BaseRoute]:
    """All routes of an app, those of the routers it includes as well."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        yield from routes(inner) if inner else [route]


def requests(page: gr.Blocks) -> list[tuple[str, str]]:
    """A method and a path for each route of the page's app that is not part of the login page."""
    found = [(method, route.path) for route in routes(page.app) for method in route.methods]
    closed = [(method, path) for method, path in found if path.rstrip("/") not in LOGIN_PAGE - {"/"} and path != "/"]
    return [(method, re.sub(r"\{.*?\}", "x", path)) for method, path in closed if not path.startswith(STATIC)]


def test_every_route_but_the_login_page_is_closed_to_strangers(page: gr.Blocks, stranger: httpx.Client):
    closed = requests(page)
    for route in (
        "cancel",
        "reset",
        "heartbeat/x",
        "queue/data",
        "queue/join",
        "call/x/x",
        "upload",
        "run/x",
        "file=x",
    ):
        assert any(path == f"/gradio_api/{route}" for _, path in closed), route
    assert len(closed) > 60
    for method, path in [
        *closed,
        ("GET", "/nowhere"),
        ("GET", "/gradio_api/nowhere"),
        ("POST", "/"),
        ("PUT", "/login"),
    ]:
        answer = stranger.request(method, path)
        assert answer.status_code == 401, (method, path)
        assert "log in" in answer.text or method == "HEAD"


@pytest.mark.parametrize("path", ["/config", "/gradio_api/info"])
@pytest.mark.parametrize(
    "spell",
    [
        lambda path: f"/{path}",
        lambda path: f"{path}/",
        lambda path: f"/assets/..{path}",
        lambda path: f"/assets/%2e%2e{path}",
        lambda path: f"/static/..%2f..{path}",
        lambda path: f"{path}?/assets/",
        lambda path: f"{path}%3f/assets/",
        lambda path: f"/login/..{path}",
        lambda path: path.upper(),
    ],
)
def test_no_spelling_of_a_path_opens_what_is_closed(stranger: httpx.Client, path: str, spell):
    status, body = raw_get(stranger, spell(path))
    assert status in (401, 403, 404)
    assert "generate" not in body
    assert "components" not in body


def test_a_stranger_gets_the_login_page_alone(page: gr.Blocks, stranger: httpx.Client):
    assert "auth_required" in stranger.get("/").text
    assert page.config["components"]
    assert '"components":[]' in stranger.get("/").text.replace(" ", "")
    assert stranger.get("/theme.css").status_code == 200
    (script,) = set(re.findall(r'src="\./(assets/[^"]+\.js)"', stranger.get("/").text)[:1])
    assert stranger.get(f"/{script}").status_code == 200


@pytest.mark.parametrize("cookie", ["", "x", "None", "null", "access-token"])
def test_a_made_up_cookie_opens_nothing(page: gr.Blocks, stranger: httpx.Client, cookie: str):
    for name in (f"access-token-{page.app.cookie_id}", f"access-token-unsecure-{page.app.cookie_id}"):
        assert stranger.get("/config", headers={"Cookie": f"{name}={cookie}"}).status_code == 401


def test_who_logs_in_can_use_everything(page: gr.Blocks, stranger: httpx.Client, member: httpx.Client):
    assert member.get("/config").json()["components"]
    assert post(member, "/gradio_api/cancel", {"session_hash": "x", "fn_index": 0, "event_id": "x"}).status_code == 200
    client = Client(str(stranger.base_url), auth=(USER, PASSWORD), verbose=False)
    assert len(client.predict("O", 7, api_name="/generate")) == 7
    member.get("/logout")
    assert member.get("/config").status_code == 401


def test_a_login_is_kept_in_the_frames_of_other_sites_too(stranger: httpx.Client):
    """One cookie is for https, where browsers may block those of frames unless partitioned; the other is for http."""
    answer = enter(stranger, PASSWORD)
    stranger.cookies.clear()
    secure, plain = sorted(answer.headers.get_list("set-cookie"), key=len, reverse=True)
    assert secure.endswith("HttpOnly; Path=/; SameSite=none; Secure; Partitioned")
    assert plain.endswith("HttpOnly; Path=/; SameSite=lax")


@pytest.mark.parametrize("password", ["", " ", "globe", "GLOBE:1599", "globe:1599 ", "globe:1599\0", "é", "x" * 5000])
def test_only_the_password_is_right(password: str):
    check = credentials_check(USER, PASSWORD)
    assert event_loop.run(check(USER, PASSWORD))
    assert not event_loop.run(check(USER, password))
    assert not event_loop.run(check(password, PASSWORD))
    assert not event_loop.run(check(USER + PASSWORD[0], PASSWORD[1:]))


def test_a_wrong_password_takes_as_long_whatever_of_it_is_right(monkeypatch):
    """All that is compared has one length, and goes through the comparison whose time does not tell where it ends."""
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, two: bytes) -> bool:
        compared.append((len(one), len(two)))
        return one == two

    monkeypatch.setattr(login.hmac, "compare_digest", compare)
    check = credentials_check(USER, PASSWORD)
    for user, password in ((USER, PASSWORD), (USER, PASSWORD[:-1]), (USER, ""), ("", "x" * 5000)):
        event_loop.run(check(user, password))
    assert compared == 4 * [(64, 64)]


def test_a_password_may_have_any_characters():
    for password in ("é", "\ud800", "密码", "a:b:c"):
        assert event_loop.run(credentials_check(USER, password)(USER, password))


def test_each_wrong_login_delays_the_next_one_but_others_are_served_meanwhile(stranger: httpx.Client):
    """Clients are told apart by the address that a proxy gives."""
    guesser, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    with httpx.Client(base_url=stranger.base_url) as client, ThreadPoolExecutor(8) as pool:
        assert enter(client, "wrong", **guesser).status_code == 400
        start = time.monotonic()
        guesses = [pool.submit(enter, client, f"wrong{n}", **guesser) for n in range(8)]
        assert enter(client, PASSWORD, **other).status_code == 200
        assert time.monotonic() - start < delay(1)
        statuses = sorted(guess.result().status_code for guess in guesses)
        assert time.monotonic() - start >= delay(1)
    assert statuses == [400] + 7 * [429]


def test_a_right_login_forgives_the_wrong_ones_before():
    assert (delay(0), delay(1)) == (0, 0.25)
    assert delay(10**6) == delay(20) == 30
    middleware = RequireLogin(answer := Answer())
    for answer.status in (400, 400, 200):
        event_loop.run(middleware(scope("192.0.2.1"), None, ignore))
    assert not middleware._failures


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unix", "made-up", True),
    ],
)
def test_a_client_is_an_address_or_a_network_of_one_visitor(one: str, two: str, same: bool):
    middleware = RequireLogin(Answer())
    for address in (one, two):
        middleware._count_failure(login._network((address, 1)))
    assert len(middleware._failures) == (1 if same else 2)


def test_the_memory_of_wrong_logins_is_bounded(monkeypatch):
    monkeypatch.setattr(login, "_MAX_CLIENTS", 5)
    middleware = RequireLogin(Answer())
    for number in range(50):
        event_loop.run(middleware(scope(f"192.0.2.{number}"), None, ignore))
    assert list(middleware._failures) == [f"192.0.2.{number}" for number in range(45, 50)]


@pytest.mark.parametrize("length", [None, "10001", "99999999999999"])
def test_a_login_that_is_long_or_does_not_say_how_long_is_refused(length: str | None):
    headers = [(b"content-length", length.encode())] if length else []
    assert status_of(scope("192.0.2.1") | {"headers": headers}) == 413


@pytest.mark.parametrize("root_path", ["", "/plays", "https://host/plays"])
def test_a_page_below_another_path_is_closed_too(root_path: str):
    for prefix in {"", root_path if root_path.startswith("/") else ""}:
        get = {"method": "GET", "root_path": root_path}
        assert status_of(scope("192.0.2.1", path=f"{prefix}/assets/page.js", **get)) == 418
        assert status_of(scope("192.0.2.1", path=f"{prefix}/login", root_path=root_path)) == 418
        assert status_of(scope("192.0.2.1", path=f"{prefix}/config", **get)) == 401


def test_a_websocket_of_a_stranger_is_closed_unopened():
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    event_loop.run(RequireLogin(Answer())(scope("192.0.2.1", type="websocket", path="/assets/page.js"), None, send))
    assert sent == [{"type": "websocket.close"}]


class Answer:
    """An ASGI app that gives one answer to everything."""

    auth, status, cookie_id, tokens = "set", 400, "id", {}

    async def __call__(self, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": []})


def scope(address: str, **changes: str) -> dict:
    """The ASGI scope of a login."""
    request = {"type": "http", "method": "POST", "path": "/login", "client": (address, 1), "app": Answer()}
    return request | {"headers": [(b"content-length", b"40")]} | changes


def status_of(scope: dict) -> int:
    """The status with which the middleware answers; 418 if it passes the request on."""
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    answer = Answer()
    answer.status = 418
    event_loop.run(RequireLogin(answer)(scope, None, send))
    return sent[0]["status"]


async def ignore(message: dict) -> None:
    """Send nothing."""
