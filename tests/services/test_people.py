"""Accounts over HTTP: by administrators alone, written down, and at work within seconds."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pacs_proxy import doorkeeper
from tests.fakes import FakeOrthanc
from tests.server import Answer, Proxy
from tests.services.test_access import JSON, PASSWORD, ask, cookie, settings, sign_in
from tests.services.test_auditing import records
from tests.waiting import until

WORDS = "four quiet words here"


@pytest.fixture(scope="module")
def door() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, workers=2, sign_in=1) as server:
        for name, role in [("boss", "admin"), ("other", "admin"), ("ray", "reader")]:
            doorkeeper.add_user(settings(server), name, role, PASSWORD)
        yield server


@pytest.fixture(scope="module")
def boss(door: Proxy) -> dict[str, str]:
    return cookie(sign_in(door, "boss"))


def change(door: Proxy, who: dict[str, str], path: str, **asked: Any) -> Answer:
    return ask(door, "POST", path, {**JSON, **who}, json.dumps(asked).encode())


def users(door: Proxy, who: dict[str, str]) -> dict[str, dict[str, Any]]:
    found = json.loads(ask(door, "GET", "/api/users", who).body)["users"]
    return {one["name"]: one for one in found}


def until_refused(door: Proxy, who: dict[str, str]) -> None:
    until(lambda: ask(door, "GET", "/api/session", who).status == 401)


def test_a_new_user_can_sign_in_and_nothing_listed_opens_anything(
    door: Proxy, boss: dict[str, str]
) -> None:
    asked = {"name": "nina", "role": "reader", "password": WORDS}
    assert change(door, boss, "/api/users", **asked).status == 201
    assert sign_in(door, "nina", WORDS).status == 200
    assert users(door, boss)["nina"].keys() == {
        *("name", "role", "disabled", "restriction", "break_glass", "created")
    }


def test_a_disabled_user_is_out_everywhere_within_five_seconds(
    door: Proxy, boss: dict[str, str]
) -> None:
    ray = cookie(sign_in(door, "ray"))
    assert change(door, boss, "/api/users/ray", disabled=True).status == 200
    until_refused(door, ray)
    assert sign_in(door, "ray").status == 401
    assert change(door, boss, "/api/users/ray", disabled=False, password=WORDS).status == 200
    assert sign_in(door, "ray", WORDS).status == 200


def test_a_restriction_is_kept_and_lifted(door: Proxy, boss: dict[str, str]) -> None:
    limits = {"labels": ["trial"], "institutions": [], "modalities": ["MR"]}
    assert change(door, boss, "/api/users/ray", restriction=limits).status == 200
    assert users(door, boss)["ray"]["restriction"] == {
        "labels": ["trial"],
        "institutions": [],
        "modalities": ["mr"],
    }
    assert change(door, boss, "/api/users/ray", restriction=None).status == 200
    assert users(door, boss)["ray"]["restriction"] is None


def test_what_was_changed_is_in_the_journal_without_the_password(
    door: Proxy, boss: dict[str, str]
) -> None:
    change(door, boss, "/api/users/ray", role="technologist", password=WORDS)
    found = [row for row in records(door) if row["event"] == "account.changed"]
    begun, done = found[-2:]
    assert (begun["principal"], begun["outcome"], done["outcome"]) == ("boss", "begun", "done")
    assert json.loads(done["detail"])["change"] == {"role": "technologist", "password": True}
    assert all(WORDS not in row["detail"] for row in records(door))


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/api/users", {"name": "zoe", "role": "reader", "password": "password1"}, 422),
        ("/api/users", {"name": "Zoe!", "role": "reader", "password": WORDS}, 422),
        ("/api/users", {"name": "zoe", "role": "king", "password": WORDS}, 422),
        ("/api/users", {"name": "ray", "role": "reader", "password": WORDS}, 422),
        ("/api/users", {"name": "zoe", "role": "reader"}, 400),
        ("/api/users/nobody", {"role": "admin"}, 422),
        ("/api/users/ray", {}, 400),
        ("/api/users/ray", {"hash": "x"}, 400),
        ("/api/users/ray", {"restriction": {"labels": "trial"}}, 400),
        ("/api/users/ray", {"restriction": {"labels": []}}, 422),
        ("/api/users/boss", {"role": "reader"}, 422),
        ("/api/users/boss", {"disabled": True}, 422),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    door: Proxy, boss: dict[str, str], path: str, asked: dict[str, Any], status: int
) -> None:
    before = users(door, boss)
    answer = change(door, boss, path, **asked)
    assert (answer.status, bool(json.loads(answer.body)["detail"])) == (status, True)
    assert users(door, boss) == before


def test_a_restricted_administrator_changes_nobody(door: Proxy, boss: dict[str, str]) -> None:
    change(door, boss, "/api/users/other", restriction={"labels": ["trial"]})
    other = cookie(sign_in(door, "other"))
    assert ask(door, "GET", "/api/users", other).status == 403
    assert change(door, other, "/api/users/other", restriction=None).status == 403
