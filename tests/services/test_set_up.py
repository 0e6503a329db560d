"""The first administrator is made in the browser, by a secret that works once."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pacs_proxy import doorkeeper
from tests.fakes import FakeOrthanc
from tests.server import Answer, Proxy
from tests.services.test_access import JSON, PASSWORD, ask, settings, sign_in
from tests.services.test_auditing import records

NONE = {"password": True, "provider": None, "set_up": False}


@pytest.fixture
def door() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2, sign_in=1) as server:
        yield server


def secret_of(server: Proxy) -> str:
    return str(re.findall(r"Set-up secret: (\S+)", server.log)[-1])


def made(server: Proxy, secret: str, name: str = "boss", password: str = PASSWORD) -> Answer:
    asked = {"secret": secret, "name": name, "password": password}
    return ask(server, "POST", "/api/session/set-up", JSON, json.dumps(asked).encode())


def ways(server: Proxy) -> object:
    return server.get("/api/session").problem["ways"]


def test_it_makes_one_administrator_and_is_gone(door: Proxy) -> None:
    secret = secret_of(door)
    assert (len(secret) >= 22, ways(door)) == (True, {**NONE, "set_up": True})
    assert secret not in "".join(
        path.read_text(errors="replace") for path in Path(door.data).iterdir() if path.is_file()
    )
    assert made(door, "wrong-one").status == 401
    assert made(door, secret, password="password1").status == 422
    assert made(door, secret).status == 201
    assert json.loads(sign_in(door, "boss").body)["role"] == "admin"
    assert ways(door) == NONE
    assert made(door, secret, "another").status == 404
    assert [one.split()[0] for one in doorkeeper.users(settings(door))] == ["boss"]
    told = [row for row in records(door) if row["event"] == "account.changed"]
    assert [row["outcome"] for row in told][-3:] == ["begun", "done", "not_found"]
    assert all(secret not in row["detail"] for row in records(door))


def test_of_many_at_once_one_is_made(door: Proxy) -> None:
    secret = secret_of(door)
    with ThreadPoolExecutor(8) as pool:
        found = [one.status for one in pool.map(lambda n: made(door, secret, f"b{n}"), range(8))]
    assert found.count(201) == 1
    assert set(found) <= {201, 404}
    assert len(doorkeeper.users(settings(door))) == 1


def test_an_account_made_here_ends_it_and_a_new_start_makes_a_new_one(door: Proxy) -> None:
    first = secret_of(door)
    door.kill()
    door.start()
    second = secret_of(door)
    assert second != first
    assert made(door, first).status == 401
    doorkeeper.add_user(settings(door), "ann", "reader", PASSWORD)
    assert made(door, second).status == 404
    door.kill()
    before = door.log.count("Set-up secret")
    door.start()
    assert door.log.count("Set-up secret") == before
    assert ways(door) == NONE


def test_guessing_waits_after_ten_tries(door: Proxy) -> None:
    assert [made(door, f"guess-{n}").status for n in range(10)] == [401] * 10
    assert made(door, secret_of(door)).status == 429
