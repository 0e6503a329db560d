"""The short ways, before Flask and from the socket itself, answer exactly as the long one does."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from tests.fakes import Always, FakeOrthanc, faults
from tests.fakes.listener import Heard, hear
from tests.server import Answer, Proxy
from tests.waiting import PATIENCE

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
OTHER = "a689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
GONE = "00000000-00000000-00000000-00000000-00000000"
DATA = bytes(128) + b"DICM" + Random(3).randbytes(60_000)
LARGE = bytes(128) + b"DICM" + Random(6).randbytes(9 << 20)
FILE = f"/api/pacs/instances/{ID}/file"
# What differs between any two answers, and the words that quote it.
OWN = {"Date", "X-Request-Id"}


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> None:
    orthanc.add(ID, DATA)


@pytest.fixture
def kept(server: Proxy) -> Iterator[socket.socket]:
    """A connection that gunicorn has answered on before: what follows may go the shortest way."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as sock:
        assert sent(sock, "/healthz").status == 200
        yield sock


def sent(sock: socket.socket, target: str, *headers: str, host: str = "localhost") -> Heard:
    sock.sendall(request(target, *headers, host=host))
    return hear(sock)


def request(target: str, *headers: str, host: str = "localhost") -> bytes:
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def all_ways(server: Proxy, path: str, headers: dict[str, str]) -> list[Answer]:
    """A query goes the long way, a new connection the short one, a known one the shortest."""
    with closing(server.connect()) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        shortest = Answer(answer.status, answer.headers, answer.read())
    return [server.get(f"{path}?a=b", headers), server.get(path, headers), shortest]


def seen(answer: Answer) -> tuple[object, ...]:
    headers = sorted(pair for pair in answer.headers.items() if pair[0] not in OWN)
    assert len(answer.headers["X-Request-Id"]) == 16
    if answer.status < 400:
        return answer.status, headers, answer.body
    return answer.status, headers, {**answer.problem, "request_id": ""}


@pytest.mark.parametrize("kind", ["file", "display"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"Range": "bytes=5-70"}, {"Range": "bytes=99999999-"}, {"If-None-Match": "*"},
     {"Range": "bytes=0-9", "If-Range": '"other"'}, {"X-HTTP-Method-Override": "DELETE"}],
)  # fmt: skip
def test_all_ways_give_the_same_answer(server: Proxy, kind: str, headers: dict[str, str]) -> None:
    long, short, shortest = all_ways(server, f"/api/pacs/instances/{ID}/{kind}", headers)
    assert seen(short) == seen(long)
    assert seen(shortest) == seen(long)


@pytest.mark.parametrize("kind", ["file", "display"])
def test_all_ways_fail_alike(server: Proxy, orthanc: FakeOrthanc, kind: str) -> None:
    long, short, shortest = all_ways(server, f"/api/pacs/instances/{GONE}/{kind}", {})
    assert seen(short) == seen(shortest) == seen(long)
    assert long.status == 404
    orthanc.add(OTHER, DATA[::-1])
    orthanc.plan = Always(faults.status(401))
    long, short, shortest = all_ways(server, f"/api/pacs/instances/{OTHER}/{kind}", {})
    assert seen(short) == seen(shortest) == seen(long)
    assert long.status == 502


def test_all_ways_are_counted_alike(server: Proxy) -> None:
    rule = "/api/pacs/instances/<instance>/file"
    name = f'pacs_http_requests_total{{route="{rule}",status="200"}}'
    before = server.metric(name)
    all_ways(server, FILE, {})
    assert server.metric(name) == before + 3


@pytest.mark.parametrize(
    ("target", "headers", "host"),
    [
        (FILE, ("Content-Length: +5",), "localhost"),
        (FILE, ("Content-Length: 5", "Transfer-Encoding: chunked"), "localhost"),
        (FILE, ("Host: other",), "localhost"),
        (FILE, ("X-A : b",), "localhost"),
        (FILE, ("Expect: 200-ok",), "localhost"),
        (FILE, (), "evil.example"),
        (FILE, ("X-Method-Override: PUT",), "localhost"),
        (f"{FILE}?_method=DELETE", (), "localhost"),
        (f"{FILE}/..", (), "localhost"),
        (f"/api/pacs/instances/{ID.upper()}/file", (), "localhost"),
        (f"/api/pacs/instances/{ID}%00/file", (), "localhost"),
        (f"http://127.0.0.1/instances/{ID}/file", (), "localhost"),
    ],
)
def test_a_known_connection_opens_no_other_door(
    orthanc: FakeOrthanc, kept: socket.socket, target: str, headers: tuple[str, ...], host: str
) -> None:
    heard = sent(kept, target, *headers, host=host)
    assert 400 <= heard.status < 500
    assert heard.data.count(b"HTTP/1.1 ") == 1
    assert orthanc.requests == []


def test_a_request_in_pieces_and_two_at_once_are_understood(kept: socket.socket) -> None:
    first, rest = request(FILE)[:40], request(FILE)[40:]
    kept.sendall(first)
    assert hear(kept, 0.1).data == b""
    kept.sendall(rest)
    assert hear(kept).body == DATA
    kept.sendall(request(FILE) + request("/healthz", "Connection: close"))
    both = hear(kept, PATIENCE).data
    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert DATA in both


def test_a_body_nobody_asked_for_is_no_second_request(kept: socket.socket) -> None:
    body = request("/api/pacs/status")
    heard = sent(kept, FILE, f"Content-Length: {len(body)}")
    assert heard.status == 200
    kept.sendall(body)
    assert hear(kept, 0.2).data.count(b"HTTP/1.1 ") == 0


def test_a_client_that_says_so_is_not_kept(kept: socket.socket) -> None:
    heard = sent(kept, FILE, "Connection: close")
    assert (heard.status, heard.end) == (200, "fin")
    assert heard.header("Connection") == ["close"]


def test_a_large_body_that_turns_out_wrong_breaks_a_known_connection_too(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    orthanc.add(OTHER, LARGE)
    orthanc.plan = Always(faults.bit_flip(-1))
    with closing(server.connect()) as connection:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.request("GET", f"/api/pacs/instances/{OTHER}/file")
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
