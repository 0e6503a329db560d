"""Bytes that two servers could read in two ways: refused, or read once (C13-C16), at every door."""

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pacs_proxy.demo.orthanc import free_port
from tests.fakes import FakeOrthanc
from tests.front import configured, is_here, nginx
from tests.server import Proxy
from tests.split import Edge, Services
from tests.waiting import PATIENCE, until

# Were it taken for a request of its own, it would be answered with what nobody asked for.
HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SIZED = f"Content-Length: {len(HIDDEN)}"
# Seconds for an answer behind an answer, which would be one too many.
ANOTHER = 0.5

Lines = tuple[str, ...]
PROBES: dict[str, tuple[Lines, bytes]] = {
    "CL and TE": ((SIZED, "Transfer-Encoding: chunked"), b"0\r\n\r\n" + HIDDEN),
    "TE and CL": (("Transfer-Encoding: chunked", "Content-Length: 4"), b"0\r\n\r\n" + HIDDEN),
    "two CL": (("Content-Length: 0", SIZED), HIDDEN),
    "two equal CL": ((SIZED, SIZED), HIDDEN),
    "a list of CL": ((f"Content-Length: 0, {len(HIDDEN)}",), HIDDEN),
    "a signed CL": (("Content-Length: +5",), b"12345" + HIDDEN),
    "a negative CL": (("Content-Length: -1",), HIDDEN),
    "a hexadecimal CL": (("Content-Length: 0x5",), b"12345" + HIDDEN),
    "an underscore in CL": (("Content-Length: 0_5",), b"12345" + HIDDEN),
    "an empty CL": (("Content-Length: ",), HIDDEN),
    "TE xchunked": (("Transfer-Encoding: xchunked",), b"0\r\n\r\n" + HIDDEN),
    "TE chunked, identity": (("Transfer-Encoding: chunked, identity",), b"0\r\n\r\n" + HIDDEN),
    "TE with a control character": (("Transfer-Encoding: \x0bchunked",), b"0\r\n\r\n" + HIDDEN),
    "two TE": (("Transfer-Encoding: chunked", "Transfer-Encoding: x"), b"0\r\n\r\n" + HIDDEN),
    "a space before the colon": (("Transfer-Encoding : chunked",), b"0\r\n\r\n" + HIDDEN),
    "a folded line": (("X-A: b", " Transfer-Encoding: chunked"), b"0\r\n\r\n" + HIDDEN),
    "NUL in a value": (("X-A: b\0c",), b""),
    "CR in a value": (("X-A: b\rTransfer-Encoding: chunked",), b""),
    "an extension with a bare LF": (
        ("Transfer-Encoding: chunked",),
        b"0;a\nb\r\n\r\n" + HIDDEN,
    ),
    "a signed chunk": (("Transfer-Encoding: chunked",), b"+5\r\n12345\r\n0\r\n\r\n"),
    "a chunk 0x5": (("Transfer-Encoding: chunked",), b"0x5\r\n12345\r\n0\r\n\r\n"),
    "a chunk 0_5": (("Transfer-Encoding: chunked",), b"0_5\r\n12345\r\n0\r\n\r\n"),
    "a chunk of 2^64": (("Transfer-Encoding: chunked",), b"10000000000000000\r\nx"),
    "a chunk without its end": (("Transfer-Encoding: chunked",), b"5\r\n123456\r\n0\r\n\r\n"),
    "two hosts": (("Host: evil.example",), b""),
}
# nginx reads these itself, once, and passes on a body that it has framed anew.
READ_ONCE = {"an extension with a bare LF", "two TE"}


@dataclass(frozen=True)
class Door:
    """Where to knock; `log` tells what the server behind it heard."""

    name: str
    port: int


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    with ExitStack() as running:
        orthanc = running.enter_context(FakeOrthanc())
        alone = running.enter_context(Proxy(orthanc.url))
        services = running.enter_context(Services(orthanc.url))
        # It answers a body that does not come as soon as that is silent.
        role = Edge(services.url, front_proxies="127.0.0.1", upload_body_seconds=1)
        edge = running.enter_context(role)
        ports = {"alone": alone.port, "services": services.port, "edge": edge.port}
        if is_here():
            conf = Path(folder, "nginx.conf")
            conf.write_text(configured(port, edge.port, folder, free_port()))
            running.enter_context(nginx(conf, port))
            ports["nginx"] = port
        yield {name: Door(name, port) for name, port in ports.items()}


@pytest.fixture(params=["alone", "services", "edge", "nginx"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    if request.param not in doors:
        pytest.skip("apt-get install nginx-light")
    return doors[request.param]


def knock(port: int, data: bytes) -> bytes:
    """Everything that comes until the other side closes.

    Who keeps the line after an answer has a while for another, and then hears that no more comes.
    """
    heard = b""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock,
        suppress(ConnectionResetError, BrokenPipeError),
    ):
        sock.sendall(data)
        while piece := _next(sock, is_first=not heard):
            heard += piece
    return heard


def _next(sock: socket.socket, *, is_first: bool) -> bytes:
    if not is_first:
        sock.settimeout(ANOTHER)
        with suppress(TimeoutError):
            return sock.recv(1 << 16)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(PATIENCE)
    return sock.recv(1 << 16)


def request(first: str, *lines: str, body: bytes = b"", host: str = "127.0.0.1") -> bytes:
    named = (f"Host: {host}",) if host else ()
    return "\r\n".join([first, *named, *lines, "", ""]).encode("latin-1") + body


def statuses(heard: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", heard)]


@pytest.mark.parametrize("probe", PROBES)
def test_what_could_mean_two_things_is_refused(door: Door, probe: str) -> None:
    lines, body = PROBES[probe]
    heard = knock(door.port, request("POST /api/uploads HTTP/1.1", *lines, body=body))
    found = statuses(heard)
    assert b"smuggled" not in heard
    # A body that turns out wrong behind an answer is said to be so; nothing in it is a request.
    after = len(re.findall(rb'"code": ?"unintelligible"', heard)) if len(found) > 1 else 0
    assert len(found) - after <= 1 + (door.name == "nginx" and probe in READ_ONCE), heard
    assert all(status >= 400 for status in found), heard


@pytest.mark.parametrize(
    ("first", "host", "lines"),
    [
        ("GET /healthz HTTP/1.1", "", ()),
        ("GET http://evil.example/healthz HTTP/1.1", "127.0.0.1", ()),
        ("GET /healthz HTTP/1.1", "evil.example", ()),
        ("CONNECT 127.0.0.1:8042 HTTP/1.1", "127.0.0.1", ()),
        ("GET 127.0.0.1:8042 HTTP/1.1", "127.0.0.1", ()),
        ("GET /healthz HTTP/1.0", "127.0.0.1", ("Transfer-Encoding: chunked",)),
        ("GET /healthz HTTP/2.0", "127.0.0.1", ()),
        ("GET /healthz HTTP/9.9", "127.0.0.1", ()),
        ("GET /health z HTTP/1.1", "127.0.0.1", ()),
        ("GÖT /healthz HTTP/1.1", "127.0.0.1", ()),
        ("GET /?" + "a" * 40_000 + " HTTP/1.1", "127.0.0.1", ()),
        ("GET /healthz HTTP/1.1", "127.0.0.1", ("X-A: " + "b" * 40_000,)),
        ("GET /healthz HTTP/1.1", "127.0.0.1", tuple(f"X-{n}: {'y' * 300}" for n in range(150))),
    ],
)
def test_what_is_no_request_to_us_is_refused(
    door: Door, first: str, host: str, lines: Lines
) -> None:
    if door.name == "services" and host == "evil.example":
        pytest.skip("names are the edge's to judge; here nobody is answered without its key")
    heard = knock(door.port, request(first, "Connection: close", *lines, host=host))
    assert len(statuses(heard)) <= 1
    assert not heard or min(statuses(heard)) >= 400, heard[:200]


EVERY_ANSWER = (
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "X-Frame-Options: DENY",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Content-Security-Policy: default-src 'none'",
    "Cache-Control: ",
)


@pytest.mark.parametrize(
    "data",
    [
        request("GET /healthz HTTP/1.1"),
        request("GET /nothing HTTP/1.1"),
        request("BREW /healthz HTTP/1.1"),
        request("PUT /healthz HTTP/1.1", "Content-Length: 0"),
        request("GET /?" + "a" * 40_000 + " HTTP/1.1"),
        request("GET /healthz HTTP/1.1", "X-A: " + "b" * 40_000),
        request("GET /healthz HTTP/1.1", "Content-Length: +5"),
        request("GET /healthz HTTP/1.1", "Transfer-Encoding: x"),
        request("GET /healthz HTTP/1.1", "Expect: nothing"),
        request("GET /healthz HTTP/1.1", host="evil.example"),
        request("GET /healthz HTTP/1.1", host=""),
        request("GET /metrics HTTP/1.1", "X-A : b"),
        request("POST /api/uploads HTTP/1.1", "Content-Length: 99999999999"),
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)  # fmt: skip
def test_every_answer_of_every_door_has_the_security_headers_once(door: Door, data: bytes) -> None:
    heard = knock(door.port, data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    for answer in heard.split(b"HTTP/1.1 ")[1:]:
        head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
        assert {line: head.count(f"\r\n{line}") for line in EVERY_ANSWER} == dict.fromkeys(
            EVERY_ANSWER, 1
        ), head
        assert not any(word in answer.lower() for word in (b"evil.example", b"nonsense", b"aaaaa"))


def test_what_is_refused_is_logged_without_a_word_of_it(doors: dict[str, Door]) -> None:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url) as alone:
        for data in (
            b"GET /wado?objectUID=CANARY 1 HTTP/1.1\r\n\r\n",
            request("GET /x HTTP/1.1", "X-CANARY : CANARY"),
            request("GET /x?CANARY HTTP/1.1", "Content-Length: CANARY"),
            request("GET /x?CANARY HTTP/1.1", "Transfer-Encoding: CANARY"),
            request("GET /" + "CANARY" * 2000 + " HTTP/1.1"),
        ):
            assert b"CANARY" not in knock(alone.port, data)
        until(lambda: alone.log.count('"refused"') >= 5)
        assert "CANARY" not in alone.log


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP"])
def test_no_client_says_where_it_comes_from(door: Door, name: str) -> None:
    """`/metrics` is for this machine; who is somewhere else says the socket, or our own front."""
    lines = ("Connection: close", f"{name}: 9.9.9.9")
    heard = knock(door.port, request("GET /metrics HTTP/1.1", *lines))
    expected = {
        "alone": {200, 400},
        "services": {401, 400},
        "edge": {200, 403, 400},
        "nginx": {404},
    }
    [status] = statuses(heard)
    assert status in expected[door.name] | {403}


def test_no_upgrade_to_another_protocol(door: Door) -> None:
    settings = "AAMAAABkAAQAoAAAAAIAAAAA"
    lines = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", f"HTTP2-Settings: {settings}")
    heard = knock(door.port, request("GET /healthz HTTP/1.1", *lines))
    assert statuses(heard) == [200]
    assert b"PRI" not in heard
