"""What leaves is in the journal first; what cannot be written down does not leave."""

import json
import os
import signal
import sqlite3
from contextlib import closing
from random import Random
from typing import Any

import pytest

from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.permissions import PUBLIC
from pacs_proxy.access.verification import verify
from pacs_proxy.database import Database
from pacs_proxy.services.routes import ROUTES
from tests.conftest import StartProxy
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.waiting import until

ROUNDS = 30


def add(orthanc: FakeOrthanc, number: int, size: int = 5000) -> str:
    """One instance in a study of its own; gives the instance's identifier."""
    tags = {
        "StudyInstanceUID": f"1.2.{number}",
        "SeriesInstanceUID": f"1.3.{number}",
        "SOPInstanceUID": f"1.4.{number}",
        "PatientID": f"P{number}",
    }
    instance = orthanc_id("audit", str(number))
    orthanc.add(instance, bytes(128) + b"DICM" + Random(number).randbytes(size), tags=tags)
    return instance


def records(server: Proxy) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(server.data / "pacs-proxy.db")) as plain:
        plain.row_factory = sqlite3.Row
        return [dict(row) for row in plain.execute("SELECT * FROM audit ORDER BY seq")]


def of_patient(server: Proxy, patient: str) -> list[str]:
    return [row["event"] for row in records(server) if row["patient"] == patient]


def is_sound(server: Proxy) -> bool:
    with closing(Database(f"sqlite:///{server.data}/pacs-proxy.db")) as database:
        return verify(database, Checkpoint(server.data / "audit.checkpoint")).is_whole


PATHS = [
    "/api/pacs/instances/{id}/file",
    "/api/pacs/instances/{id}/file?a=b",
    "/api/pacs/instances/{id}/download",
    "/wado?requestType=WADO&studyUID=1.2.{n}&seriesUID=1.3.{n}&objectUID=1.4.{n}",
]


@pytest.mark.parametrize(("number", "path"), list(enumerate(PATHS)))
def test_every_way_to_a_study_is_written_down_with_whose_it_is(
    server: Proxy, orthanc: FakeOrthanc, number: int, path: str
) -> None:
    instance = add(orthanc, number)
    for _ in range(3):
        assert server.get(path.format(id=instance, n=number)).status == 200
    found = [row for row in records(server) if row["patient"] == f"P{number}"]
    assert [row["event"] for row in found] == [
        "study.exported" if "download" in path else "study.read"
    ]
    assert found[0]["study_uid"] == f"1.2.{number}"
    assert (found[0]["principal"], found[0]["address"]) == ("local", "127.0.0.1")
    assert len(found[0]["request"]) == 16


def test_what_does_not_leave_is_not_written_down(server: Proxy, orthanc: FakeOrthanc) -> None:
    gone = orthanc_id("audit", "gone")
    before = len(records(server))
    for path in PATHS:
        assert server.get(path.format(id=gone, n=77)).status == 404
    assert len(records(server)) == before


def test_a_search_is_written_down_with_its_terms(server: Proxy, orthanc: FakeOrthanc) -> None:
    assert server.get("/api/pacs/studies?patient_id=NOBODY-4711").status == 200
    last = records(server)[-1]
    assert last["event"] == "study.searched"
    assert json.loads(last["detail"])["terms"] == {"patient_id": "NOBODY-4711"}


def test_nobody_is_named_in_the_log(server: Proxy, orthanc: FakeOrthanc) -> None:
    server.get("/api/pacs/studies?patient_id=NOBODY-4711")
    server.file(add(orthanc, 4712))
    assert "4711" not in server.log
    assert "P4712" not in server.log


def test_what_names_an_object_of_the_archive_is_audited() -> None:
    for route in ROUTES:
        if any(f"<{level}>" in route.rule for level in ("study", "series", "instance")):
            assert route.event, route.rule
        if route.permission == PUBLIC:
            assert not route.event, route.rule


def test_counts_follow_and_a_stopped_server_has_written_them(
    proxy: StartProxy, orthanc: FakeOrthanc
) -> None:
    server = proxy(orthanc.url)
    instance = add(orthanc, 500)
    size = sum(len(server.file(instance).body) for _ in range(4))
    os.kill(server.pid, signal.SIGTERM)
    until(lambda: len(of_patient(server, "P500")) >= 2)
    counted = records(server)[-1]
    figures = {"of": "study.read", "answers": 4, "bytes": size}
    assert (counted["event"], json.loads(counted["detail"])) == ("study.counted", figures)
    assert is_sound(server)


def refusal(server: Proxy, instance: str) -> tuple[int, str, str]:
    answer = server.file(instance)
    problem = answer.problem if answer.status >= 400 else {"code": "", "detail": ""}
    return answer.status, problem["code"], problem["detail"]


def test_a_locked_journal_refuses_new_studies_and_recovers(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    known, new = add(orthanc, 600), add(orthanc, 601)
    assert server.file(known).status == 200
    with closing(sqlite3.connect(server.data / "pacs-proxy.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, code, detail = refusal(server, new)
        assert (status, code) == (503, "audit_unavailable")
        assert "administrator" in detail
        assert server.get(f"/api/pacs/instances/{new}/download").status == 503
        # It is written down already: reading on is no new access.
        assert server.file(known).status == 200
        other.execute("ROLLBACK")
    assert of_patient(server, "P601") == []
    assert server.file(new).status == 200
    assert of_patient(server, "P601") == ["study.read"]


def test_a_journal_without_room_refuses(proxy: StartProxy, orthanc: FakeOrthanc) -> None:
    """The database may not grow by a page: what a full disk is to it."""
    server = proxy(orthanc.url)
    name = server.data / "pacs-proxy.db"
    first = add(orthanc, 700)
    assert server.file(first).status == 200
    with closing(sqlite3.connect(name)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    fill = [add(orthanc, number) for number in range(701, 720)]
    name.chmod(0o400)
    limit = (name.stat().st_size,) * 2
    import resource

    for pid in server.workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
    statuses = [server.file(instance).status for instance in fill]
    assert set(statuses) <= {200, 503}
    assert 503 in statuses
    for number, status in zip(range(701, 720), statuses, strict=True):
        assert (of_patient(server, f"P{number}") == ["study.read"]) == (status == 200)
    assert is_sound(server)
