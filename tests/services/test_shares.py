"""A link lets a guest in to one study alone, until it ends; the journal knows by whom."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import select, update

from pacs_proxy import doorkeeper
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Share
from pacs_proxy.database import Database
from pacs_proxy.settings import Settings
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.postgres import Postgres
from tests.server import Proxy
from tests.services.test_access import (
    JSON,
    PASSWORD,
    ask,
    cookie,
    dripped,
    guest,
    opened,
    settings,
    shared,
    sign_in,
    until_refused,
)
from tests.services.test_auditing import records

INSTANCE, OTHER, LARGE = (orthanc_id("shares", name) for name in ("own", "other", "large"))
STUDY, OTHERS = orthanc_id("Study", "1.5.1"), orthanc_id("Study", "1.5.2")
SIZE = 48 << 20
WORDS = "four quiet words here"
Headers = dict[str, str]


def add(orthanc: FakeOrthanc, name: str, study: str, size: int = 5000) -> None:
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": name}
    tags = {"PatientID": f"P{study}", "PatientName": "Canary^Bird", "Modality": "CT", **uids}
    orthanc.add(orthanc_id("shares", name), bytes(128) + b"DICM" + bytes(size), tags=tags)


@pytest.fixture(scope="module")
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as orthanc:
        add(orthanc, "own", "1.5.1")
        add(orthanc, "large", "1.5.1", SIZE)
        add(orthanc, "other", "1.5.2")
        yield orthanc


@pytest.fixture(scope="module")
def door(orthanc: FakeOrthanc) -> Iterator[Proxy]:
    with Proxy(orthanc.url, workers=2, sign_in=1, share_days=30) as server:
        for name, role in [("ann", "reader"), ("ben", "reader"), ("boss", "admin")]:
            doorkeeper.add_user(settings(server), name, role, PASSWORD)
        yield server


@pytest.fixture(scope="module")
def ann(door: Proxy) -> Headers:
    return cookie(sign_in(door, "ann"))


@pytest.fixture(scope="module")
def boss(door: Proxy) -> Headers:
    return cookie(sign_in(door, "boss"))


def made(door: Proxy, who: Headers, **asked: Any) -> dict[str, Any]:
    answer = shared(door, who, STUDY, **asked)
    assert answer.status == 201
    found: dict[str, Any] = json.loads(answer.body)
    return found


def end_now(door: Proxy, share: str) -> None:
    """As time does."""
    with (
        closing(Database(settings(door).database_address)) as database,
        database.write() as session,
    ):
        session.execute(update(Share).where(Share.id == share).values(expires=time.time()))


def test_a_guest_sees_the_study_and_nothing_else(door: Proxy, ann: Headers) -> None:
    who = guest(door, ann, STUDY)
    told = json.loads(door.get("/api/session", who).body)
    assert (told["role"], told["study"]) == ("guest", STUDY)
    assert told["permissions"] == ["public", "study.read"]
    assert told["until"] == pytest.approx(time.time() + 86_400, abs=60)
    series = json.loads(door.get(f"/api/pacs/studies/{STUDY}", who).body)["series"]
    assert door.get(f"/api/pacs/series/{series[0]['id']}", who).status == 200
    assert door.file(INSTANCE, who).status == 200
    assert door.file(OTHER, who).status == 404
    assert door.get(f"/api/pacs/studies/{OTHERS}", who).status == 404
    forbidden = ["studies", "news", "studies?patient_id=P1.5.1", f"instances/{INSTANCE}/download"]
    for path in [f"/api/pacs/{name}" for name in forbidden] + ["/api/users", "/api/shares"]:
        assert door.get(path, who).status == 403
    assert shared(door, who, STUDY).status == 403


def test_no_account_is_named_to_a_guest(door: Proxy, ann: Headers) -> None:
    answer = opened(door, made(door, ann)["secret"])
    who = cookie(answer)
    paths = [
        "/api/session",
        f"/api/pacs/studies/{STUDY}",
        f"/api/pacs/studies/{STUDY}/measurements",
    ]
    for told in [answer, *(door.get(path, who) for path in paths)]:
        assert told.status == 200
        assert b'"ann"' not in told.body


def test_the_secret_is_shown_once_and_kept_nowhere(door: Proxy, ann: Headers) -> None:
    share = made(door, ann)
    assert len(share["secret"]) == 22  # 128 bits
    assert share["secret"] not in door.get("/api/shares", ann).body.decode()
    cookie(opened(door, share["secret"]))
    with closing(Database(settings(door).database_address)) as database, database.read() as session:
        kept = session.scalars(select(Share).where(Share.id == share["id"])).one()
        assert share["secret"] not in repr(vars(kept))
    assert share["secret"] not in json.dumps(records(door))
    assert share["secret"] not in door.log


def test_a_passphrase_is_asked_for_and_tries_of_it_are_counted(door: Proxy, ann: Headers) -> None:
    secret = made(door, ann, passphrase=WORDS)["secret"]
    assert opened(door, secret).problem["code"] == "passphrase_required"
    wrong = [opened(door, secret, passphrase=f"guess {n}") for n in range(3)]
    assert {(one.status, one.problem["code"]) for one in wrong} == {(401, "passphrase_refused")}
    assert opened(door, secret, passphrase=WORDS).status == 200
    for n in range(10):
        assert opened(door, secret, passphrase=f"guess {n}").status == 401
    answer = opened(door, secret, passphrase=WORDS)
    assert (answer.status, answer.problem["code"]) == (429, "too_many_tries")
    assert int(answer.headers["Retry-After"]) > 0
    assert WORDS not in json.dumps(records(door))


def test_a_weak_passphrase_and_strange_ends_are_refused(door: Proxy, ann: Headers) -> None:
    assert shared(door, ann, STUDY, passphrase="short").status == 422
    for days in (0, 31, -1, 1.5, "1", None, True):
        assert shared(door, ann, STUDY, days=days).status == 400


@pytest.mark.parametrize("how", ["revoked", "expired", "disabled"])
def test_the_end_of_a_link_is_the_end_of_its_guests(door: Proxy, boss: Headers, how: str) -> None:
    """On all workers, within five seconds, and of what is on its way."""
    doorkeeper.add_user(settings(door), how, "reader", PASSWORD)
    mine = cookie(sign_in(door, how))
    share = made(door, mine)
    who = cookie(opened(door, share["secret"]))
    assert all(door.get("/api/session", who).status == 200 for _ in range(12))
    assert len(door.file(LARGE, who).body) > SIZE
    connection = door.connect()
    connection.request("GET", f"/api/pacs/instances/{LARGE}/file", headers=who)
    response = connection.getresponse()
    assert response.read(1000)
    if how == "revoked":
        assert ask(door, "DELETE", f"/api/shares/{share['id']}", mine).status == 204
    elif how == "expired":
        end_now(door, share["id"])
    else:
        doorkeeper.change_user(settings(door), how, is_disabled=True)
    assert dripped(response) < SIZE
    connection.close()
    assert until_refused(door, who)
    answer = opened(door, share["secret"])
    assert (answer.status, answer.problem["code"]) == (404, "share_ended")
    assert {**answer.problem, "request_id": ""} == {
        **opened(door, "never-made-by-anybody").problem,
        "request_id": "",
    }


def test_a_link_reaches_no_further_than_who_made_it(door: Proxy, ann: Headers) -> None:
    """Restricted afterwards, he lets nobody see what he does not see himself."""
    doorkeeper.add_user(settings(door), "shrinking", "reader", PASSWORD)
    secret = made(door, cookie(sign_in(door, "shrinking")))["secret"]
    assert door.file(INSTANCE, cookie(opened(door, secret))).status == 200
    nothing = Restriction.of(labels=["nothing has it"])
    doorkeeper.restrict_user(settings(door), "shrinking", nothing)
    assert door.file(INSTANCE, cookie(opened(door, secret))).status == 404


def test_own_links_are_listed_and_revoked_by_their_maker(door: Proxy, ann: Headers) -> None:
    ben = cookie(sign_in(door, "ben"))
    share = made(door, ben, days=7)

    def ids(who: Headers, query: str = "") -> set[str]:
        items = json.loads(door.get(f"/api/shares{query}", who).body)["items"]
        return {one["id"] for one in items}

    assert ids(ben) == ids(ben, f"?study={STUDY}") == {share["id"]}
    assert ids(ben, f"?study={OTHERS}") == set()
    assert share["id"] not in ids(ann)
    assert ask(door, "DELETE", f"/api/shares/{share['id']}", ann).status == 404
    assert ask(door, "DELETE", f"/api/shares/{share['id']}", ben).status == 204
    assert ids(ben) == set()


def test_the_journal_tells_who_shared_what_and_each_opening(door: Proxy, ann: Headers) -> None:
    share = made(door, ann, days=7)
    name = f"share:{share['id']}"
    who = cookie(opened(door, share["secret"]))
    assert door.file(INSTANCE, who).status == 200
    assert door.file(OTHER, who).status == 404
    assert ask(door, "DELETE", f"/api/shares/{share['id']}", ann).status == 204
    told = [row for row in records(door) if share["id"] in row["detail"] + row["principal"]]
    assert [(row["event"], row["outcome"], row["principal"]) for row in told] == [
        ("share.changed", "done", "ann"),
        ("share.opened", "done", name),
        ("study.read", "done", name),
        ("access.denied", "done", name),
        ("share.changed", "begun", "ann"),
        ("share.changed", "done", "ann"),
    ]
    of_study = [row for row in told if row["event"] != "access.denied"]
    assert {(row["study"], row["patient"]) for row in of_study} == {(STUDY, "P1.5.1")}
    assert json.loads(told[1]["detail"])["by"] == "ann"


def test_a_guest_takes_the_place_of_whoever_was_in_that_browser(door: Proxy) -> None:
    mine = cookie(sign_in(door, "ben"))
    body = json.dumps({"secret": made(door, mine)["secret"]}).encode()
    who = cookie(ask(door, "POST", "/api/session/share", {**JSON, "Cookie": mine["Cookie"]}, body))
    assert who["Cookie"] != mine["Cookie"]
    assert until_refused(door, mine)


def test_another_sites_page_opens_no_link(door: Proxy, ann: Headers) -> None:
    body = json.dumps({"secret": made(door, ann)["secret"]}).encode()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert ask(door, "POST", "/api/session/share", {**JSON, **headers}, body).status == 403


def test_the_house_may_ask_for_passphrases_or_switch_links_off(orthanc: FakeOrthanc) -> None:
    with Proxy(orthanc.url, sign_in=1, share_passphrase=1) as server:
        doorkeeper.add_user(settings(server), "ann", "reader", PASSWORD)
        mine = cookie(sign_in(server, "ann"))
        assert shared(server, mine, STUDY).status == 422
        secret = made(server, mine, passphrase=WORDS)["secret"]
        server.kill()
        server.env["PACS_PROXY_SHARE_DAYS"] = "0"
        server.start()
        assert shared(server, mine, STUDY, passphrase=WORDS).status == 422
        assert opened(server, secret, passphrase=WORDS).status == 404


def test_deleting_the_study_ends_its_links(orthanc: FakeOrthanc) -> None:
    """Also those that would lead to it again when it comes again."""
    add(orthanc, "short-lived", "1.5.9")
    study, instance = orthanc_id("Study", "1.5.9"), orthanc_id("shares", "short-lived")
    with Proxy(orthanc.url, sign_in=1) as server:
        doorkeeper.add_user(settings(server), "boss", "admin", PASSWORD)
        boss = cookie(sign_in(server, "boss"))
        secret = json.loads(shared(server, boss, study).body)["secret"]
        assert ask(server, "DELETE", f"/api/pacs/instances/{instance}", boss).status == 200
        add(orthanc, "short-lived", "1.5.9")
        assert opened(server, secret).status == 404


def test_on_postgresql_links_are_the_same(orthanc: FakeOrthanc, postgres: Postgres) -> None:
    server = Proxy(orthanc.url, sign_in=1)
    server.env["DATABASE_URL"] = url = postgres.make()
    kept = Settings(data_dir=str(server.data), database_url=url)
    doorkeeper.add_user(kept, "ann", "reader", PASSWORD)
    with server:
        mine = cookie(sign_in(server, "ann"))
        share = made(server, mine)
        who = cookie(opened(server, share["secret"]))
        assert server.file(INSTANCE, who).status == 200
        assert ask(server, "DELETE", f"/api/shares/{share['id']}", mine).status == 204
        assert until_refused(server, who)
