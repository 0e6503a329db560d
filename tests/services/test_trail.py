"""The journal over HTTP: for admins alone, page by page, and every look at it is written down."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pacs_proxy import doorkeeper
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.permissions import ACCOUNT_ROLES
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.verification import Verdicts
from pacs_proxy.database import Database
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Answer, Proxy
from tests.services.test_access import PASSWORD, ask, cookie, settings, sign_in

COUNT = 12


@pytest.fixture(scope="module")
def door() -> Iterator[Proxy]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, sign_in=1) as server:
        for role in ACCOUNT_ROLES:
            doorkeeper.add_user(settings(server), role, role, PASSWORD)
        jar = cookie(sign_in(server, "reader"))
        for number in range(COUNT):
            tags = dict.fromkeys(("StudyInstanceUID", "SeriesInstanceUID"), f"1.2.{number}")
            instance = orthanc_id("trail", str(number))
            data = bytes(128) + b"DICM" + bytes(2000)
            orthanc.add(instance, data, tags={**tags, "PatientID": f"P{number}"})
            assert ask(server, "GET", f"/api/pacs/instances/{instance}/file", jar).status == 200
        yield server


@pytest.fixture(scope="module")
def admin(door: Proxy) -> dict[str, str]:
    return cookie(sign_in(door, "admin"))


def asked(door: Proxy, jar: dict[str, str], **terms: object) -> Answer:
    return ask(door, "GET", f"/api/audit?{urlencode(terms)}", jar)


def items(door: Proxy, jar: dict[str, str], **terms: object) -> list[dict[str, Any]]:
    answer = asked(door, jar, **terms)
    assert answer.status == 200
    assert "private" in answer.headers["Cache-Control"]
    found: list[dict[str, Any]] = json.loads(answer.body)["items"]
    return found


@pytest.mark.parametrize("role", ["reader", "technologist"])
def test_it_is_for_admins(door: Proxy, admin: dict[str, str], role: str) -> None:
    assert ask(door, "GET", "/api/audit", {}).status == 401
    assert asked(door, cookie(sign_in(door, role))).status == 403
    denied = [r for r in items(door, admin, user=role) if r["event"] == "access.denied"]
    assert denied[0]["detail"]["permission"] == "audit.read"


def test_it_finds_by_patient_user_study_and_time(door: Proxy, admin: dict[str, str]) -> None:
    [found] = items(door, admin, patient="P3")
    assert (found["principal"], found["event"], found["study_uid"]) == (
        "reader", "study.read", "1.2.3",
    )  # fmt: skip
    assert items(door, admin, study="1.2.3") == [found]
    assert items(door, admin, patient="P3", user="admin") == []
    assert items(door, admin, patient="P3", until=found["at"]) == []
    assert items(door, admin, patient="P3", since=found["at"]) == [found]


def test_pages_follow_each_other_without_gap_or_repetition(
    door: Proxy, admin: dict[str, str]
) -> None:
    whole = items(door, admin, user="reader", limit=500)
    met, before = [], None
    while True:
        more: dict[str, object] = {"before": before} if before else {}
        answer = json.loads(asked(door, admin, user="reader", limit=5, **more).body)
        met += answer["items"]
        before = answer["next"]
        if before is None:
            break
    assert met == whole
    assert [record["seq"] for record in met] == sorted((r["seq"] for r in met), reverse=True)


def test_every_look_is_written_down_with_what_was_asked(door: Proxy, admin: dict[str, str]) -> None:
    items(door, admin, patient="P5")
    newest = items(door, admin, user="admin")[0]
    assert (newest["event"], newest["detail"]["terms"]) == ("audit.used", {"patient": "P5"})


@pytest.mark.parametrize(
    "terms",
    [{"since": "yesterday"}, {"limit": 0}, {"limit": 501}, {"before": "x"}, {"user": "a" * 200}],
)
def test_a_wrong_question_is_named(
    door: Proxy, admin: dict[str, str], terms: dict[str, object]
) -> None:
    assert asked(door, admin, **terms).status == 400


def test_who_reaches_a_part_of_the_studies_is_told_of_none(door: Proxy) -> None:
    doorkeeper.add_user(settings(door), "north", "admin", PASSWORD)
    doorkeeper.restrict_user(settings(door), "north", Restriction.of(institutions=["north"]))
    assert asked(door, cookie(sign_in(door, "north"))).status == 403


def test_it_finds_by_action(door: Proxy, admin: dict[str, str]) -> None:
    found = items(door, admin, action="session.begun", limit=500)
    assert {one["event"] for one in found} == {"session.begun"}
    assert len(found) >= len(ACCOUNT_ROLES)


def test_it_says_that_the_chain_is_whole_and_where_it_breaks(
    door: Proxy, admin: dict[str, str], tmp_path: Path
) -> None:
    whole = json.loads(ask(door, "GET", "/api/audit/chain", admin).body)
    assert (whole["whole"], whole["broken"]) == (True, None)
    assert whole["sound"] >= COUNT
    copy, known = tmp_path / "copy.db", settings(door)
    with closing(sqlite3.connect(known.data_path / "pacs-proxy.db")) as source:
        source.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as tampered, tampered:
        tampered.execute("DROP TRIGGER audit_no_update")
        tampered.execute("UPDATE audit SET principal = 'nobody' WHERE seq = 3")
    with closing(Database(f"sqlite:///{copy}")) as database:
        _, verdict = Verdicts(database, Checkpoint(known.checkpoint_path)).newest()
    assert (verdict.is_whole, verdict.broken) == (False, 3)


def test_the_table_has_the_same_records_and_no_formula(door: Proxy, admin: dict[str, str]) -> None:
    sign_in(door, "=HYPERLINK(1)")
    answer = ask(door, "GET", "/api/audit/csv?action=session.begun", admin)
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    listed = items(door, admin, action="session.begun", limit=500)
    assert [int(row["seq"]) for row in rows] == [one["seq"] for one in listed]
    assert rows[0]["principal"] == "'=HYPERLINK(1)"
    assert not any(cell[:1] in tuple("=+-@\t\r") for row in rows for cell in row.values() if cell)


@pytest.mark.parametrize("path", ["/api/audit/csv", "/api/audit/chain"])
def test_parts_of_it_are_for_who_may_read_it(door: Proxy, admin: dict[str, str], path: str) -> None:
    assert ask(door, "GET", path, {}).status == 401
    assert ask(door, "GET", path, cookie(sign_in(door, "reader"))).status == 403
    assert ask(door, "GET", path, admin).status == 200
