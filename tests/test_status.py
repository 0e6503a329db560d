"""Health, readiness and the archive's state, for balancers and for the viewer."""

from collections.abc import Iterator

import pytest

from tests.conftest import StartProxy
from tests.fakes import Always, FakeOrthanc, Never, faults
from tests.fakes.exchange import Fault
from tests.server import Answer, Proxy


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeOrthanc, Proxy]]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, deadline_seconds=0.5) as server:
        yield orthanc, server


@pytest.fixture
def orthanc(running: tuple[FakeOrthanc, Proxy]) -> Iterator[FakeOrthanc]:
    running[0].requests.clear()
    yield running[0]
    running[0].plan = Never()


@pytest.fixture
def server(running: tuple[FakeOrthanc, Proxy]) -> Proxy:
    return running[1]


def body(answer: Answer) -> bytes:
    assert answer.status == 200
    return answer.body


def test_healthz_asks_nobody(server: Proxy, orthanc: FakeOrthanc) -> None:
    assert body(server.get("/healthz")) == b'{"status":"ok"}\n'
    assert orthanc.requests == []


def test_status_asks_nobody_while_all_is_well(server: Proxy, orthanc: FakeOrthanc) -> None:
    assert b'"archive":"ok"' in body(server.get("/api/pacs/status"))
    assert orthanc.requests == []


def test_readyz_asks_whether_it_is_an_orthanc(server: Proxy, orthanc: FakeOrthanc) -> None:
    assert body(server.get("/readyz")) == b'{"status":"ok"}\n'
    assert [request.target for request in orthanc.requests] == ["/system"]


@pytest.mark.parametrize(
    "fault", [faults.html_200, faults.json_200, faults.unauthorized, faults.status(404)], ids=str
)
def test_readyz_believes_no_stranger(server: Proxy, orthanc: FakeOrthanc, fault: Fault) -> None:
    orthanc.plan = Always(fault, routes=None)
    answer = server.get("/readyz")
    assert answer.status == 503
    assert b"no Orthanc" in answer.body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_answer_head_too(server: Proxy, path: str) -> None:
    answer = server.get(path, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_an_archive_that_was_never_there_makes_it_unready(proxy: StartProxy) -> None:
    with FakeOrthanc() as orthanc:
        pass
    server = proxy(orthanc.url, deadline_seconds=0.3)
    assert server.get("/readyz").status == 503
    assert server.get("/healthz").status == 200
