"""One's own tokens and sessions: nobody else's, unless one looks after accounts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pacs_proxy import doorkeeper
from pacs_proxy.access.restriction import Restriction
from tests.fakes import FakeOrthanc
from tests.server import Answer, Proxy
from tests.services.test_access import JSON, PASSWORD, ask, cookie, settings, sign_in
from tests.services.test_auditing import records
from tests.services.test_people import until_refused
from tests.waiting import until

Jar = dict[str, str]


@pytest.fixture(scope="module")
def door() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2, sign_in=1) as server:
        for name, role in [("boss", "admin"), ("half", "admin"), ("ray", "reader")]:
            doorkeeper.add_user(settings(server), name, role, PASSWORD)
        doorkeeper.restrict_user(settings(server), "half", Restriction.of(labels=["trial"]))
        yield server


@pytest.fixture
def ray(door: Proxy) -> Jar:
    return cookie(sign_in(door, "ray"))


@pytest.fixture(scope="module")
def boss(door: Proxy) -> Jar:
    return cookie(sign_in(door, "boss"))


@pytest.fixture(scope="module")
def half(door: Proxy) -> Jar:
    return cookie(sign_in(door, "half"))


def made(door: Proxy, who: Jar, **asked: Any) -> Answer:
    given = {"label": "script", "scopes": ["study.read"], "days": 30, **asked}
    return ask(door, "POST", "/api/tokens", {**JSON, **who}, json.dumps(given).encode())


def tokens(door: Proxy, who: Jar) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(door, "GET", "/api/tokens", who).body)["tokens"]
    return found


def sessions(door: Proxy, who: Jar) -> list[dict[str, Any]]:
    answer = ask(door, "GET", "/api/sessions", who)
    found: list[dict[str, Any]] = json.loads(answer.body)["sessions"]
    return found


def bearer(secret: str) -> Jar:
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_opens_what_it_was_given_until_it_is_revoked(door: Proxy, ray: Jar) -> None:
    answer = made(door, ray, label="nightly export")
    key = bearer(json.loads(answer.body)["token"])
    assert (answer.status, "no-store" in answer.headers["Cache-Control"]) == (201, True)
    assert ask(door, "GET", "/api/pacs/status", key).status == 200
    mine = next(one for one in tokens(door, ray) if one["label"] == "nightly export")
    assert (mine["owner"], mine["scopes"], mine["revoked"]) == ("ray", ["study.read"], False)
    assert ask(door, "DELETE", f"/api/tokens/{mine['id']}", ray).status == 204
    until(lambda: ask(door, "GET", "/api/pacs/status", key).status == 401)


def test_its_secret_is_nowhere_after_that_answer(door: Proxy, ray: Jar, boss: Jar) -> None:
    secret = json.loads(made(door, ray).body)["token"]
    assert secret not in ask(door, "GET", "/api/tokens", ray).body.decode()
    assert secret not in ask(door, "GET", "/api/tokens", boss).body.decode()
    assert all(secret not in row["detail"] for row in records(door))
    assert secret not in door.log


def test_a_token_makes_no_tokens_and_ends_no_sessions(door: Proxy, boss: Jar) -> None:
    assert made(door, boss, scopes=["own.access"]).status == 422
    every = json.loads(ask(door, "GET", "/api/tokens", boss).body)["scopes"]
    key = bearer(json.loads(made(door, boss, scopes=every).body)["token"])
    assert "account.manage" in every
    assert made(door, key).status == 403
    assert ask(door, "GET", "/api/sessions", key).status == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"scopes": ["account.manage"]}, 422),
        ({"scopes": []}, 422),
        ({"scopes": "study.read"}, 400),
        ({"label": ""}, 400),
        ({"label": "a\nb"}, 400),
        ({"days": 0}, 400),
        ({"days": 367}, 400),
        ({"days": True}, 400),
        ({"days": 1.5}, 400),
    ],
)
def test_nobody_gives_more_than_he_has(
    door: Proxy, ray: Jar, asked: dict[str, Any], status: int
) -> None:
    before = tokens(door, ray)
    answer = made(door, ray, **asked)
    assert (answer.status, bool(answer.problem["detail"])) == (status, True)
    assert tokens(door, ray) == before


def test_foreign_tokens_are_as_those_that_are_not_there(
    door: Proxy, ray: Jar, boss: Jar, half: Jar
) -> None:
    made(door, boss, label="of the boss")
    theirs = next(one for one in tokens(door, boss) if one["label"] == "of the boss")
    for stranger in (ray, half):
        assert {one["owner"] for one in tokens(door, stranger)} <= {"ray", "half"}
        foreign = ask(door, "DELETE", f"/api/tokens/{theirs['id']}", stranger).problem
        unknown = ask(door, "DELETE", "/api/tokens/0000", stranger).problem
        assert foreign["status"] == unknown["status"] == 404
        assert foreign["detail"].replace(theirs["id"], "") == unknown["detail"].replace("0000", "")
    made(door, ray, label="of ray")
    his = next(one for one in tokens(door, boss) if one["label"] == "of ray")
    assert ask(door, "DELETE", f"/api/tokens/{his['id']}", boss).status == 204


def test_one_sees_and_ends_ones_own_sessions(door: Proxy, ray: Jar) -> None:
    other = cookie(sign_in(door, "ray"))
    found = sessions(door, ray)
    assert {one["user"] for one in found} == {"ray"}
    assert sum(one["current"] for one in found) == 1
    named = next(one["name"] for one in sessions(door, other) if one["current"])
    assert ask(door, "DELETE", f"/api/sessions/{named}", ray).status == 204
    until_refused(door, other)
    assert ask(door, "DELETE", f"/api/sessions/{named}", ray).status == 404


def test_all_others_end_and_this_one_goes_on(door: Proxy, ray: Jar, boss: Jar) -> None:
    others = [cookie(sign_in(door, "ray")) for _ in range(2)]
    answer = ask(door, "DELETE", "/api/sessions", ray)
    assert (answer.status, json.loads(answer.body)["ended"] >= 2) == (200, True)
    for other in others:
        until_refused(door, other)
    assert [one["current"] for one in sessions(door, ray)] == [True]
    assert any(one["user"] == "boss" for one in sessions(door, boss))


def test_administrators_end_anybodys_but_restricted_ones_their_own(
    door: Proxy, ray: Jar, boss: Jar, half: Jar
) -> None:
    named = next(one["name"] for one in sessions(door, ray) if one["current"])
    assert {one["user"] for one in sessions(door, half)} == {"half"}
    assert ask(door, "DELETE", f"/api/sessions/{named}", half).status == 404
    assert ask(door, "DELETE", f"/api/sessions/{named}", boss).status == 204
    until_refused(door, ray)
    ended = [row for row in records(door) if row["event"] == "session.revoked"]
    assert ended[-1]["principal"] == "boss"
    assert json.loads(ended[-1]["detail"]) == {"name": named, "user": "ray"}


def test_other_sites_end_nobodys_session(door: Proxy, ray: Jar) -> None:
    for bare in (
        {"Cookie": ray["Cookie"]},
        {**ray, "X-Change-Token": "0" * 64},
        {**ray, "Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
    ):
        assert ask(door, "DELETE", "/api/sessions", bare).status == 403
    assert ask(door, "GET", "/api/sessions", ray).status == 200


def preferred(door: Proxy, who: Jar, **changes: object) -> Answer:
    body = json.dumps({name.replace("__", ":"): value for name, value in changes.items()})
    return ask(door, "POST", "/api/preferences", {**JSON, **who}, body.encode())


def preferences(door: Proxy, who: Jar) -> dict[str, str]:
    answer = ask(door, "GET", "/api/preferences", who)
    found: dict[str, str] = json.loads(answer.body)["preferences"]
    return found


def test_preferences_follow_the_reader_to_another_browser_and_nobody_else(
    door: Proxy, ray: Jar, boss: Jar
) -> None:
    assert preferred(door, ray, theme="light", layout__CT="2 × 2").status == 204
    assert preferred(door, ray, columns="born", theme=None).status == 204
    elsewhere = cookie(sign_in(door, "ray"))
    assert preferences(door, elsewhere) == {"layout:CT": "2 × 2", "columns": "born"}
    assert preferences(door, boss) == {}


@pytest.mark.parametrize(
    "changes",
    [{"patient": "x"}, {"theme": 7}, {"keys": "x" * 4097}, {"theme": "a\n"}, {"layout__C/T": "x"}],
)
def test_preferences_are_small_texts_under_known_names(
    door: Proxy, boss: Jar, changes: dict[str, object]
) -> None:
    assert preferred(door, boss, **changes).status == 400
    assert preferences(door, boss) == {}


def test_an_account_keeps_a_bounded_number_of_preferences(door: Proxy, half: Jar) -> None:
    many = {f"layout__A{n}": "1 × 2" for n in range(40)}
    assert preferred(door, half, **many).status == 204
    assert preferred(door, half, theme="light").status == 400
    assert preferred(door, half, theme="light", layout__A0=None).status == 204


def test_a_page_elsewhere_changes_nobodys_preferences(door: Proxy, ray: Jar) -> None:
    without = {name: value for name, value in ray.items() if name != "X-Change-Token"}
    assert preferred(door, without, theme="light").status == 403
