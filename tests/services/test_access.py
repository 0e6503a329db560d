"""Nobody comes in unasked: every route by every role, sessions on all workers, the door itself."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pacs_proxy import doorkeeper
from pacs_proxy.access.permissions import ACCOUNT_ROLES, PUBLIC, ROLES
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.services.route import Route
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.watch import EVERY
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.postgres import Postgres
from tests.server import Answer, Proxy
from tests.services.test_auditing import records
from tests.waiting import PATIENCE, until

PASSWORD = "a horse, a battery"
ID, SHARED = orthanc_id("access", "1"), orthanc_id("access", "shared")
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as orthanc:
        yield orthanc


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> None:
    """Each time anew: an admin may delete it."""
    orthanc.add(ID, bytes(128) + b"DICM" + bytes(5000), tags={"PatientID": "P1"})


@pytest.fixture(scope="module")
def door(orthanc: FakeOrthanc) -> Iterator[Proxy]:
    """Two workers, a user of each role."""
    with Proxy(orthanc.url, workers=2, sign_in=1) as server:
        for role in ACCOUNT_ROLES:
            doorkeeper.add_user(settings(server), role, role, PASSWORD)
        yield server


def settings(server: Proxy) -> Settings:
    return Settings(data_dir=str(server.data))


def ask(
    server: Proxy, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> Answer:
    connection = server.connect()
    try:
        connection.request(method, path, body or None, dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def sign_in(server: Proxy, name: str, password: str = PASSWORD, **headers: str) -> Answer:
    body = json.dumps({"name": name, "password": password}).encode()
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return ask(server, "POST", "/api/session", {**JSON, **named}, body)


def cookie(answer: Answer) -> dict[str, str]:
    """What the page sends after that sign-in."""
    return {
        "Cookie": answer.headers["Set-Cookie"].partition(";")[0],
        "X-Change-Token": json.loads(answer.body)["change_token"],
        "Sec-Fetch-Site": "same-origin",
    }


@pytest.fixture(scope="module")
def cookies(door: Proxy) -> dict[str, dict[str, str]]:
    found = {role: cookie(sign_in(door, role)) for role in ACCOUNT_ROLES}
    # Of another study than the one asked for: an admin may delete that.
    return {**found, "guest": guest(door, found["reader"], SHARED)}


def shared(server: Proxy, who: Mapping[str, str], study: str, **asked: Any) -> Answer:
    """Somebody makes a link to a study."""
    body = json.dumps({"days": 1, **asked}).encode()
    return ask(server, "POST", f"/api/pacs/studies/{study}/shares", {**JSON, **who}, body)


def opened(server: Proxy, secret: str, **asked: str) -> Answer:
    """Whoever holds the link opens it."""
    body = json.dumps({"secret": secret, **asked}).encode()
    return ask(server, "POST", "/api/session/share", JSON, body)


def guest(server: Proxy, who: Mapping[str, str], study: str) -> dict[str, str]:
    """What the page of a guest sends, whom somebody let in to that study."""
    return cookie(opened(server, json.loads(shared(server, who, study).body)["secret"]))


def path_of(route: Route) -> str:
    path = (
        route.rule.replace("<path:name>", "x.js")
        .replace("<number>", "1")
        .replace("<int:number>", "1")
    )
    path = path.replace("<int:job>", "999")
    for level in ("instance", "series", "study"):
        path = path.replace(f"<{level}>", ID)
    path = path.replace("<name>", "nobody-here").replace("<token>", "nothing-here")
    path = path.replace("<share>", "0" * 16)
    return path.replace("<upload>", "0" * 32).replace("<batch>", "0" * 32)


CELLS = [(method, route) for route in ROUTES for method in route.methods]


@pytest.mark.parametrize(("method", "route"), CELLS, ids=[f"{m} {r.rule}" for m, r in CELLS])
def test_every_route_asks_who_it_is_and_whether_he_may(
    door: Proxy, cookies: dict[str, dict[str, str]], method: str, route: Route
) -> None:
    """The sign-out itself is tried below: here it would end the sessions of the others."""
    if route.view == "session.end":
        pytest.skip("tried by itself")
    path = path_of(route)
    nobody = ask(door, method, path, {})
    if route.permission != PUBLIC:
        assert nobody.status == 401
        assert method == "HEAD" or nobody.problem["code"] == "sign_in_required"
    for role, permissions in ROLES.items():
        status = ask(door, method, path, cookies[role]).status
        if route.permission in permissions:
            assert status not in {401, 403}, role
        else:
            assert status == 403, role


@pytest.mark.parametrize("kind", ["file", "file?a=b", "display"])
def test_the_short_way_and_the_long_way_ask_alike(
    door: Proxy, cookies: dict[str, dict[str, str]], kind: str
) -> None:
    path = f"/api/pacs/instances/{ID}/{kind}"
    forged = [{}, {"Cookie": "pacs-session=x"}, {"Authorization": "Bearer pacs_x"},
              {"Cookie": "x"}, {"Authorization": "Basic YTpi"}]  # fmt: skip
    for headers in forged:
        assert ask(door, "GET", path, headers).status == 401
    connection = door.connect()
    # A connection that is known already takes the shortest way of all.
    for headers, status in [(cookies["reader"], 200), ({}, 401), (cookies["reader"], 200)]:
        for _ in range(2):
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status == status
    connection.close()


def test_the_cookie_is_out_of_reach(door: Proxy) -> None:
    plain = sign_in(door, "reader").headers["Set-Cookie"]
    assert plain.startswith("pacs-session=")
    assert all(word in plain for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    secure = sign_in(door, "reader", Origin=f"https://127.0.0.1:{door.port}")
    assert secure.headers["Set-Cookie"].startswith("__Host-pacs-session=")
    assert "Secure" in secure.headers["Set-Cookie"]
    assert "Domain" not in secure.headers["Set-Cookie"]


def test_a_password_is_not_taken_over_a_network_in_the_clear(orthanc: FakeOrthanc) -> None:
    with Proxy(orthanc.url, sign_in=1, trusted_hosts="pacs.example") as server:
        answer = sign_in(server, "reader", Host="pacs.example")
        assert (answer.status, answer.problem["code"]) == (403, "not_encrypted")


def test_who_signs_in_is_told_what_he_may(door: Proxy) -> None:
    answer = sign_in(door, "technologist")
    told = json.loads(answer.body)
    assert (told["name"], told["role"]) == ("technologist", "technologist")
    assert "upload.create" in told["permissions"]
    now = ask(door, "GET", "/api/session", cookie(answer))
    assert json.loads(now.body) == told
    assert ask(door, "GET", "/api/session", {}).status == 401


def test_a_wrong_password_and_an_unknown_user_are_told_alike(door: Proxy) -> None:
    wrong, unknown = sign_in(door, "reader", "wrong-one"), sign_in(door, "nobody", "wrong-one")
    assert wrong.status == unknown.status == 401
    assert {**wrong.problem, "request_id": ""} == {**unknown.problem, "request_id": ""}
    assert "Set-Cookie" not in wrong.headers


def test_a_session_given_beforehand_is_not_taken_over(door: Proxy) -> None:
    fixed = "pacs-session=chosen-by-somebody-else"
    answer = sign_in(door, "reader", Cookie=fixed)
    assert "chosen" not in answer.headers["Set-Cookie"]
    assert ask(door, "GET", "/api/session", {"Cookie": fixed}).status == 401
    again = sign_in(door, "reader", **cookie(answer))
    assert until_refused(door, cookie(answer))
    assert ask(door, "GET", "/api/session", cookie(again)).status == 200


def records_of(server: Proxy, name: str) -> list[dict[str, Any]]:
    return [row for row in records(server) if row["principal"] == name]


def until_refused(server: Proxy, headers: Mapping[str, str]) -> bool:
    """Whether all workers refuse in the end: many connections, so that all are asked."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if all(server.get("/api/session", headers).status == 401 for _ in range(12)):
            return True
    return False


def test_signing_out_holds_on_every_worker_and_clears_the_browser(door: Proxy) -> None:
    mine = cookie(sign_in(door, "reader"))
    assert all(door.get("/api/session", mine).status == 200 for _ in range(12))
    answer = ask(door, "DELETE", "/api/session", mine)
    assert answer.status == 204
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "pacs-session=;" in answer.headers["Set-Cookie"]
    assert until_refused(door, mine)


def test_a_disabled_user_is_out_within_seconds(door: Proxy) -> None:
    doorkeeper.add_user(settings(door), "leaver", "reader", PASSWORD)
    mine = cookie(sign_in(door, "leaver"))
    assert all(door.get("/api/session", mine).status == 200 for _ in range(12))
    doorkeeper.change_user(settings(door), "leaver", is_disabled=True)
    assert until_refused(door, mine)
    assert sign_in(door, "leaver").status == 401


def test_who_reads_what_is_there_already_does_not_fall_idle(orthanc: FakeOrthanc) -> None:
    """The page says that somebody sits there; looking who it is alone says nothing of that."""
    with Proxy(orthanc.url, sign_in=1, session_idle_seconds=4) as server:
        doorkeeper.add_user(settings(server), "ann", "reader", PASSWORD)
        mine = None
        while mine is None:
            mine = stayed(server, "ann")
        known = mine
        until(lambda: server.get("/api/session", known).status != 200, every=0.2)


def stayed(server: Proxy, name: str) -> dict[str, str] | None:
    """A session whose page spoke up for six seconds; None where it could not do so in time."""
    mine = cookie(sign_in(server, name))
    last = began = time.monotonic()
    while last < began + 6:
        status = server.get("/api/session", {**mine, "X-Present": "1"}).status
        if time.monotonic() > last + 2:
            return None
        assert status == 200
        last = time.monotonic()
        time.sleep(0.2)
    return mine


BATCH = b'{"key": "csrf", "source": "files", "expected": 1}'


def test_a_change_needs_the_token_of_the_page_and_where_it_comes_from(door: Proxy) -> None:
    whole = {**JSON, **cookie(sign_in(door, "technologist"))}
    others = cookie(sign_in(door, "reader"))["X-Change-Token"]

    def without(*names: str, **more: str) -> dict[str, str]:
        return {**{k: v for k, v in whole.items() if k not in names}, **more}

    forged = [
        without("X-Change-Token"),
        without("Sec-Fetch-Site"),
        whole | {"X-Change-Token": others},
        whole | {"X-Change-Token": ""},
        whole | {"X-Change-Token": "\u00e9"},
        without("X-Change-Token", Origin=f"http://127.0.0.1:{door.port}"),
    ]
    for headers in forged:
        answer = ask(door, "POST", "/api/uploads/batches", headers, BATCH)
        assert (answer.status, answer.problem["code"]) == (403, "change_token_refused")
    foreign = whole | {"Origin": "https://evil.example"}
    assert ask(door, "POST", "/api/uploads/batches", foreign, BATCH).status == 403
    assert ask(door, "DELETE", "/api/session", without("X-Change-Token")).status == 403
    own = without("Sec-Fetch-Site", Origin=f"http://127.0.0.1:{door.port}")
    assert ask(door, "POST", "/api/uploads/batches", own, BATCH).status == 201
    assert ask(door, "POST", "/api/uploads/batches", whole, BATCH).status == 200


def test_a_program_needs_no_token_of_a_page(door: Proxy) -> None:
    secret = doorkeeper.create_token(settings(door), "technologist", "script", ["upload.create"], 1)
    mine = {**JSON, "Authorization": f"Bearer {secret}"}
    assert ask(door, "POST", "/api/uploads/batches", mine, BATCH).status in {200, 201}


@pytest.mark.parametrize("how", ["file", "download"])
def test_what_is_on_its_way_ends_with_its_session(
    door: Proxy, orthanc: FakeOrthanc, how: str
) -> None:
    large = orthanc_id("access", "large")
    orthanc.add(large, bytes(128) + b"DICM" + bytes(48 << 20), tags={"PatientID": "P1"})
    mine = cookie(sign_in(door, "reader"))
    path = f"/api/pacs/instances/{large}/{how}"
    assert len(door.get(path, mine).body) > 48 << 20
    connection = door.connect()
    # On a connection that is known already, files take the shortest way of all.
    connection.request("GET", f"/api/pacs/instances/{ID}/file", headers=mine)
    assert connection.getresponse().read()
    connection.request("GET", path, headers=mine)
    response = connection.getresponse()
    assert response.read(1000)
    assert ask(door, "DELETE", "/api/session", mine).status == 204
    assert dripped(response) < 48 << 20
    connection.close()


def test_an_answer_that_is_over_leaves_its_connection_alone_when_the_session_ends() -> None:
    """Behind an edge or a front proxy, the next request on it may be somebody else's."""
    nobody = f"http://127.0.0.1:{free_port()}"
    with Proxy(nobody, sign_in=1, deadline_seconds=1) as server:
        doorkeeper.add_user(settings(server), "reader", "reader", PASSWORD)
        mine = cookie(sign_in(server, "reader"))
        connection = server.connect()
        for path in (f"instances/{ID}/file", f"studies/{ID}"):
            connection.request("GET", f"/api/pacs/{path}", headers=mine)
            response = connection.getresponse()
            assert response.status == 503
            response.read()
        assert ask(server, "DELETE", "/api/session", mine).status == 204
        connection.sock.settimeout(4 * EVERY)
        with pytest.raises(TimeoutError):
            connection.sock.recv(1)
        connection.close()


def dripped(response: http.client.HTTPResponse) -> int:
    """What still comes of a body until it breaks off; read more slowly than it would last.

    That is what the kernel had taken over before.
    """
    size, deadline = 0, time.monotonic() + PATIENCE
    try:
        while piece := response.read(128 << 10):
            size += len(piece)
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.02 if size < 16 << 20 else 0.2)
    except (http.client.IncompleteRead, ConnectionError):
        pass
    return size


def test_an_eleventh_try_waits(door: Proxy) -> None:
    doorkeeper.add_user(settings(door), "target", "reader", PASSWORD)
    assert [sign_in(door, "target", f"guess-{n}").status for n in range(10)] == [401] * 10
    answer = sign_in(door, "target")
    assert (answer.status, answer.problem["code"]) == (429, "too_many_tries")
    assert int(answer.headers["Retry-After"]) > 800


def test_strangers_tries_do_not_shut_out_a_known_device(door: Proxy) -> None:
    """And it has no more tries than they; a new password makes it a stranger."""
    doorkeeper.add_user(settings(door), "owner", "reader", PASSWORD)
    first = sign_in(door, "owner")
    device = {"Cookie": device_of(first)}
    assert [sign_in(door, "owner", f"guess-{n}").status for n in range(10)] == [401] * 10
    assert sign_in(door, "owner").status == 429
    assert sign_in(door, "owner", Cookie="pacs-device=00.9999999999.00").status == 429
    assert sign_in(door, "owner", **device).status == 200
    other = sign_in(door, "reader")
    assert sign_in(door, "owner", Cookie=device_of(other)).status == 429
    assert [sign_in(door, "owner", f"g-{n}", **device).status for n in range(10)] == [401] * 10
    assert sign_in(door, "owner", **device).status == 429
    again = {"Cookie": device_of(first).replace("=", "=0")}
    assert sign_in(door, "owner", **again).status == 429
    doorkeeper.change_user(settings(door), "owner", password="another horse, a battery")
    assert sign_in(door, "owner", "another horse, a battery", **device).status == 429


def device_of(answer: Answer) -> str:
    """The cookie by which a browser is known again; it opens nothing."""
    cookies = answer.headers.get_all("Set-Cookie", [])
    [named] = [one for one in cookies if one.startswith("pacs-device=")]
    assert all(word in named for word in ("HttpOnly", "SameSite=Strict", "Max-Age=7776000"))
    return named.partition(";")[0]


def test_a_token_opens_what_its_scope_says(door: Proxy) -> None:
    secret = doorkeeper.create_token(settings(door), "admin", "script", ["study.read"], 1)
    mine = {"Authorization": f"Bearer {secret}"}
    assert ask(door, "GET", f"/api/pacs/instances/{ID}/file", mine).status == 200
    assert ask(door, "DELETE", f"/api/pacs/instances/{ID}", mine).status == 403
    [line] = [row for row in doorkeeper.tokens(settings(door)) if "  admin " in row]
    assert secret not in line
    doorkeeper.revoke_token(settings(door), line.split()[0])
    assert until_refused(door, mine)


def test_another_sites_page_signs_nobody_in(door: Proxy) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        body = json.dumps({"name": "reader", "password": PASSWORD}).encode()
        assert ask(door, "POST", "/api/session", {**JSON, **headers}, body).status == 403


@pytest.mark.parametrize(
    "body", [{}, {"name": "reader"}, {"name": 1, "password": "x"}, {"name": "", "password": "x"},
             {"name": "x" * 129, "password": "x"}]
)  # fmt: skip
def test_a_strange_sign_in_is_a_bad_request(door: Proxy, body: dict[str, Any]) -> None:
    answer = ask(door, "POST", "/api/session", JSON, json.dumps(body).encode())
    assert answer.status == 400


def test_signing_in_and_out_and_refusals_are_in_the_journal(door: Proxy) -> None:
    mine = cookie(sign_in(door, "reader"))
    sign_in(door, "reader", "wrong-one")
    assert ask(door, "DELETE", f"/api/pacs/instances/{ID}", mine).status == 403
    ask(door, "DELETE", "/api/session", mine)
    told = [(row["event"], row["outcome"]) for row in records_of(door, "reader")][-4:]
    assert told == [
        ("session.begun", "done"),
        ("session.begun", "sign_in_refused"),
        ("access.denied", "done"),
        ("session.ended", "done"),
    ]
    assert PASSWORD not in json.dumps(records(door))
    assert PASSWORD not in door.log


def test_on_postgresql_the_door_is_the_same(
    orthanc: FakeOrthanc, postgres: Postgres, proxy: Any
) -> None:
    with Proxy(orthanc.url, sign_in=1, workers=2) as server:
        server.kill()
        server.env["DATABASE_URL"] = url = postgres.make()
        doorkeeper.add_user(
            Settings(data_dir=str(server.data), database_url=url), "ann", "reader", PASSWORD
        )
        server.start()
        mine = cookie(sign_in(server, "ann"))
        assert server.file(ID, mine).status == 200
        assert ask(server, "DELETE", "/api/session", mine).status == 204
        assert until_refused(server, mine)


def test_nobody_behind_a_front_proxy_is_answered_unless_the_door_is_open(
    orthanc: FakeOrthanc, proxy: Any
) -> None:
    server = proxy(orthanc.url, allow_open=1)
    assert server.file(ID, {"X-Forwarded-For": "10.0.0.1"}).status == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_without_signing_in_only_this_machine_is_answered(
    orthanc: FakeOrthanc, header: str, proxy: Any
) -> None:
    server = proxy(orthanc.url)
    assert server.file(ID).status == 200
    assert server.file(ID, {header: "10.0.0.1"}).status == 403
