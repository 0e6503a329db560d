"""The archive's own address, when nothing else helps: written down first, and only where set."""

import json
from collections.abc import Iterator

import pytest

from tests.conftest import StartProxy
from tests.fakes import Door, FakeOrthanc
from tests.server import Proxy
from tests.services.test_auditing import add, records

ARCHIVE = "https://orthanc.hospital.example/pacs/"


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as orthanc:
        yield orthanc


@pytest.fixture
def server(proxy: StartProxy, orthanc: FakeOrthanc) -> Proxy:
    return proxy(orthanc.url, emergency_url=ARCHIVE, deadline_seconds=0.5)


def events(server: Proxy) -> list[tuple[str, str, str]]:
    found = [row for row in records(server) if row["event"] == "study.emergency"]
    return [(row["outcome"], row["patient"], row["detail"]) for row in found]


def test_the_address_is_given_and_the_journal_knows_to_whom(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    instance = add(orthanc, 1)
    answer = server.get(f"/api/pacs/instances/{instance}/direct", method="POST")
    assert json.loads(answer.body) == {
        "url": f"https://orthanc.hospital.example/pacs/instances/{instance}/file"
    }
    about = json.dumps({"instance": instance}, separators=(",", ":"))
    assert events(server) == [("begun", "P1", about), ("done", "P1", about)]


def test_an_archive_that_we_cannot_reach_is_no_reason_to_refuse_it(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    instance = add(orthanc, 2)
    orthanc.door = Door.RESET
    answer = server.get(f"/api/pacs/instances/{instance}/direct", method="POST")
    assert answer.status == 200
    [(_, _, detail), _] = events(server)
    assert json.loads(detail)["instance"] == instance


def test_where_no_address_is_set_nobody_is_given_one(
    proxy: StartProxy, orthanc: FakeOrthanc
) -> None:
    server, instance = proxy(orthanc.url), add(orthanc, 3)
    answer = server.get(f"/api/pacs/instances/{instance}/direct", method="POST")
    assert answer.status == 404
    assert "PACS_PROXY_EMERGENCY_URL" in json.loads(answer.body)["detail"]
    assert json.loads(server.get("/api/session").body)["direct"] is False
