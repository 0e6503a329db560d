"""Through the edge everything is as from the data side: exact, resumed, proven, under one id."""

import base64
import hashlib
import http.client
import json
import socket
import threading
import time
from random import Random

import pytest

from tests.fakes import Always, FakeOrthanc, Link, faults
from tests.fakes.receiver import Receiver, Taken
from tests.fakes.trouble import Script, Trouble, fin_at, flip_at, rst_at, stall_at
from tests.server import Answer, Proxy
from tests.split import KEY, Edge, Services
from tests.waiting import PATIENCE, until
from tests.web.conftest import Split

SMALL = bytes(128) + b"DICM" + Random(20).randbytes(300_000)
LARGE = bytes(128) + b"DICM" + Random(21).randbytes(20 << 20)
OTHERS = {"Date", "X-Request-Id", "Connection", "Server"}


@pytest.fixture
def small(split: Split, instance: str) -> str:
    split.orthanc.add(instance, SMALL)
    return instance


@pytest.fixture
def large(split: Split, instance: str) -> str:
    split.orthanc.add(instance, LARGE)
    return instance


def path(instance: str) -> str:
    return f"/api/pacs/instances/{instance}/file"


def direct(split: Split, address: str, method: str = "GET", **headers: str) -> Answer:
    return split.services.get(address, {"X-Internal-Key": KEY, **headers}, method)


def next_meets(line: Link, *troubles: Trouble) -> None:
    """The connections made from now on; none that lies idle is used again."""
    line.weather = Script(*[None] * line.accepted, *troubles)
    line.cut()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_is_the_same_with_the_same_headers(split: Split, small: str, method: str) -> None:
    through = split.edge.get(path(small), method=method)
    at_home = direct(split, path(small), method)
    assert (through.status, through.body) == (at_home.status, at_home.body)
    assert through.headers["Content-Length"] == str(len(SMALL))
    assert kept(through) == kept(at_home)


@pytest.mark.parametrize("size", [640 << 10, (640 << 10) + 1, 3 << 20, 8 << 20, (8 << 20) + 1])
def test_a_file_of_any_size_is_the_stored_one(split: Split, instance: str, size: int) -> None:
    data = Random(size).randbytes(size)
    split.orthanc.add(instance, data)
    assert split.edge.get(path(instance)).body == data


def kept(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OTHERS}


@pytest.mark.parametrize(
    "wanted", [(0, 0), (100, 299_999), (5_000_000, 5_000_099), (20 << 20, None)]
)
def test_a_part_of_a_file_is_that_part(
    split: Split, large: str, wanted: tuple[int, int | None]
) -> None:
    first, last = wanted
    got = split.edge.file(large, {"Range": f"bytes={first}-{'' if last is None else last}"})
    end = len(LARGE) - 1 if last is None else last
    assert (got.status, got.body) == (206, LARGE[first : end + 1])
    assert got.headers["Content-Range"] == f"bytes {first}-{end}/{len(LARGE)}"


def test_a_range_behind_the_end_is_said_with_the_size(split: Split, small: str) -> None:
    got = split.edge.file(small, {"Range": "bytes=9999999-"})
    assert (got.status, got.headers["Content-Range"]) == (416, f"bytes */{len(SMALL)}")


def test_a_file_known_already_is_not_sent_again(split: Split, small: str) -> None:
    tag = split.edge.file(small).headers["ETag"]
    assert tag == f'"md5-{hashlib.md5(SMALL).hexdigest()}"'
    before = split.line.carried["down"]
    known = split.edge.file(small, {"If-None-Match": tag})
    assert (known.status, known.body) == (304, b"")
    assert split.line.carried["down"] - before < 2_000


@pytest.mark.parametrize(
    "trouble",
    [rst_at(6_000_000), fin_at(6_000_000), stall_at(6_000_000, 0.5), rst_at(len(LARGE))],
    ids=str,
)
def test_a_cut_between_the_two_is_no_cut_for_the_reader(
    split: Split, large: str, trouble: Trouble
) -> None:
    next_meets(split.line, trouble)
    assert split.edge.file(large).body == LARGE
    assert trouble in [met for _, met in split.line.met]


def test_a_small_file_changed_on_the_way_is_fetched_again(split: Split, small: str) -> None:
    next_meets(split.line, flip_at(100_000))
    assert split.edge.file(small).body == SMALL
    assert flip_at(100_000) in [met for _, met in split.line.met]


def test_a_large_file_changed_on_the_way_is_never_whole(split: Split, large: str) -> None:
    next_meets(split.line, flip_at(9_000_000))
    with pytest.raises(http.client.IncompleteRead):
        split.edge.file(large)
    next_meets(split.line, flip_at(1_000_000))
    with pytest.raises(http.client.IncompleteRead) as caught:
        split.edge.file(large, {"Range": "bytes=3000000-9000000"})
    assert len(caught.value.partial) < 6_000_001
    assert split.edge.file(large).body == LARGE


def test_a_list_changed_on_the_way_is_asked_for_again(split: Split, small: str) -> None:
    honest = direct(split, "/api/pacs/studies")
    digest = base64.b64encode(hashlib.md5(honest.body).digest()).decode()
    assert honest.headers["Repr-Digest"] == f"md5=:{digest}:"
    for at in range(0, 900, 40):
        next_meets(split.line, flip_at(at))
        assert split.edge.get("/api/pacs/studies").body == honest.body


def test_errors_of_the_data_side_pass_with_one_id_in_both_logs(split: Split, instance: str) -> None:
    got = split.edge.file(instance)
    assert (got.status, got.problem["code"]) == (404, "not_found")
    name = got.headers["X-Request-Id"]
    assert got.problem["request_id"] == name
    for server in (split.edge, split.services):
        assert logged(server, name)["status"] == 404


def logged(server: Proxy, name: str) -> dict[str, object]:
    """The line of a request's answer; the edge's log comes through a pipe, a moment later."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(line) for line in server.log.splitlines() if name in line]
        answered = [line for line in lines if line["message"] == "answered"]
        if answered:
            found: dict[str, object] = answered[-1]
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_id_or_key_of_the_client_goes_no_further(split: Split, small: str) -> None:
    named = {"X-Request-Id": "a" * 16, "X-Internal-Key": "b" * 32}
    got = split.edge.file(small, named)
    assert (got.status, got.headers["X-Request-Id"] == "a" * 16) == (200, False)


def test_only_the_headers_that_may_pass_reach_the_data_side() -> None:
    def answer(taken: Taken) -> None:
        taken.take_all()
        lines = taken.head.decode().split("\r\n")
        name = next(line for line in lines if line.startswith("X-Request-Id: "))
        taken.answer(404, b"", name, "X-Secret: 1", "Server: x", "X-Powered-By: y")

    with Receiver([answer]) as stranger, Edge(stranger.url) as edge:
        sent = {"Cookie": "a=b", "X-Forwarded-For": "1.2.3.4", "Forwarded": "x", "Accept": "a/b"}
        got = edge.get("/api/pacs/studies?limit=3", sent)
        head = stranger.connections[-1].head.decode()
    names = {line.partition(":")[0] for line in head.split("\r\n")[1:]}
    assert got.status == 404
    assert head.startswith("GET /api/pacs/studies?limit=3 HTTP/1.1")
    assert names == {
        "Host", "Accept", "Accept-Encoding", "Cookie",
        "X-Internal-Key", "X-Request-Id", "X-Edge-Client",
    }  # fmt: skip
    assert "X-Edge-Client: 127.0.0.1" in head
    assert f"Host: 127.0.0.1:{edge.port}" in head
    assert not {"X-Secret", "X-Powered-By"} & set(got.headers)


def test_a_stranger_in_place_of_the_data_side_is_not_believed(split: Split) -> None:
    with (
        FakeOrthanc() as stranger,
        Edge(stranger.url, deadline_seconds=0.3) as edge,
    ):
        stranger.set_answer("GET /api/pacs/studies", {"items": []})
        got = edge.get("/api/pacs/studies")
    assert (got.status, got.problem["code"]) == (502, "services_interrupted")


def test_another_key_is_named_as_the_cause_and_not_passed_as_a_sign_in(split: Split) -> None:
    with Edge(split.services.url, key="f" * 32) as edge:
        got = edge.get("/api/pacs/studies")
    assert (got.status, got.problem["code"]) == (502, "services_interrupted")
    assert "INTERNAL_API_KEY" in got.problem["detail"]
    assert "f" * 32 not in edge_log(edge)


def edge_log(edge: Proxy) -> str:
    try:
        return edge.log
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_other_host_names_are_refused_by_the_edge(split: Split, host: str) -> None:
    for address in ("/", "/api/pacs/studies", path("0" * 8)):
        assert split.edge.get(address, {"Host": host}).status == 400


def test_overrides_are_refused_at_the_edge(split: Split, small: str) -> None:
    assert split.edge.get(path(small) + "?_method=DELETE").status == 400
    assert split.edge.file(small, {"X-HTTP-Method-Override": "DELETE"}).status == 400


def test_figures_of_the_data_side_are_not_to_be_had_through_the_edge(
    split: Split, small: str
) -> None:
    assert split.edge.file(small).status == 200
    assert split.edge.metric("pacs_http_requests_total") > 0
    assert split.edge.metric("pacs_spool_misses_total") == 0
    assert "pacs_spool_misses_total 0" not in direct(split, "/metrics").body.decode()


def test_the_archives_absence_is_told_and_the_data_sides_own_is_told_apart(split: Split) -> None:
    split.line.refuse()
    split.line.cut()
    began = time.monotonic()
    got = split.edge.get("/api/pacs/status")
    assert (got.status, got.problem["code"]) == (503, "services_unreachable")
    assert got.headers["Retry-After"] == "1"
    assert time.monotonic() - began < 20  # it is not held for half a minute
    assert split.edge.get("/readyz").status == 503
    assert split.edge.get("/healthz").status == 200
    split.line.accept()
    until_ready(split.edge)


def until_ready(edge: Proxy) -> None:
    until(lambda: edge.get("/readyz").status == 200)


def test_a_list_asked_for_while_the_data_side_is_away_comes_when_it_is_back(split: Split) -> None:
    split.line.refuse()
    split.line.cut()
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(split.edge.get("/api/pacs/studies").status))
    thread.start()
    until(lambda: "upstream failed" in split.edge.log)
    split.line.accept()
    thread.join(PATIENCE)
    assert got == [200]


def test_the_data_side_killed_in_mid_download_costs_the_reader_nothing(
    orthanc_alone: FakeOrthanc, instance: str
) -> None:
    orthanc_alone.add(instance, LARGE)
    with (
        Services(orthanc_alone.url) as services,
        Link("127.0.0.1", services.port, rate=2e6) as line,
        Edge(line.url) as edge,
    ):
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(edge.file(instance).body))
        thread.start()
        until(lambda: line.carried["down"] > 1_000_000)
        services.kill()
        line.rate = None
        assert line.carried["down"] < len(LARGE)
        services.start()
        thread.join(PATIENCE)
        assert got == [LARGE]


@pytest.fixture
def orthanc_alone() -> object:
    with FakeOrthanc() as orthanc:
        yield orthanc


def test_a_reader_that_leaves_frees_the_data_side(split: Split, large: str) -> None:
    split.orthanc.plan = Always(faults.stall_after(0.5), routes={"data"})
    with socket.create_connection(("127.0.0.1", split.edge.port)) as sock:
        sock.sendall(f"GET {path(large)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert split.orthanc.wait_for(connections=1)
    assert split.orthanc.wait_for(connections=0)
