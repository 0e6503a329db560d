"""HTTP heads are read strictly: what was cut, doubled or odd is refused and never guessed at."""

import io
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import Interrupted
from pacs_proxy.upstream.wire import Head, Unanswered, read_head, request_head

GOOD = b'HTTP/1.1 200 OK\r\nETag: "0-ab"\r\nKeep-Alive: timeout=1\r\nContent-Length: 12\r\n\r\n'


def reader_of(data: bytes) -> io.BufferedReader:
    return cast("io.BufferedReader", io.BufferedReader(io.BytesIO(data)))


def read(data: bytes) -> Head:
    return read_head(reader_of(data))


def test_a_head_is_status_headers_and_length() -> None:
    found = read(GOOD + b"body")
    assert (found.status, found.length, found.keeps_open) == (200, 12, True)
    assert found.headers["etag"] == '"0-ab"'


def test_what_follows_the_head_is_left_for_the_body() -> None:
    reader = reader_of(GOOD + b"body")
    read_head(reader)
    assert reader.read() == b"body"


@given(st.integers(1, len(GOOD) - 1))
def test_a_head_cut_anywhere_is_no_head(at: int) -> None:
    with pytest.raises(Interrupted):
        read(GOOD[:at])


def test_no_byte_at_all_is_no_answer() -> None:
    with pytest.raises(Unanswered):
        read(b"")


@pytest.mark.parametrize(
    "change",
    [
        (b"HTTP/1.1", b"HTTP/2"),
        (b"HTTP/1.1", b"ICY"),
        (b"200 OK", b"2OO OK"),
        (b"200 OK", b"OK"),
        (b"12", b"-1"),
        (b"12", b"+12"),
        (b"12", b"0x12"),
        (b"12", b"1_2"),
        (b"12", b"1 2"),
        (b"12", b"12, 12"),
        (b"12", b""),
        (b"12", "١٢".encode()),
        (b"Content-Length: 12\r\n", b""),
        (b"Content-Length: 12\r\n", b"Content-Length : 12\r\n"),
        (b"Content-Length: 12\r\n", b" Content-Length: 12\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\nContent-Length: 13\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\nTransfer-Encoding: chunked\r\n"),
        (b"Content-Length: 12\r\n", b"Transfer-Encoding: chunked\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\nTransfer-Encoding: identity\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\nContent-Encoding: gzip\r\n"),
        (b"Content-Length: 12\r\n", b'Content-Length: 12\r\nETag: "0-cd"\r\n'),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\nnonsense\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\n folded\r\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\n"),
        (b"Content-Length: 12\r\n", b"Content-Length: 12\r\n: empty\r\n"),
        (b"Keep-Alive", b"X" * 20_000),
        (b"Keep-Alive: timeout=1\r\n", b"".join(b"X-%d: y\r\n" % n for n in range(200))),
    ],
    ids=str,
)
def test_what_is_odd_is_refused(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(Interrupted):
        read(GOOD.replace(*change))


@pytest.mark.parametrize(
    "value", [b"close", b"Close", b"CLOSE", b"close, TE", b"keep-alive, close"]
)
def test_a_connection_that_will_close_is_not_kept(value: bytes) -> None:
    assert not read(GOOD.replace(b"Keep-Alive: timeout=1", b"Connection: " + value)).keeps_open


def test_http_1_0_does_not_keep_a_connection_unasked() -> None:
    old = GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")
    assert not read(old).keeps_open
    kept = old.replace(b"Keep-Alive: timeout=1", b"Connection: keep-alive")
    assert read(kept).keeps_open


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_an_honest_refusal(data: bytes) -> None:
    try:
        found = read(data)
    except (Interrupted, Unanswered):
        return
    assert found.length >= 0


def test_a_request_is_what_was_asked_and_ends_cleanly() -> None:
    sent = request_head("POST", "/tools/find", {"Host": "a:1", "Accept-Encoding": "identity"}, 2)
    assert sent == (
        b"POST /tools/find HTTP/1.1\r\nHost: a:1\r\nAccept-Encoding: identity\r\n"
        b"Content-Length: 2\r\n\r\n"
    )


@pytest.mark.parametrize("head", [GOOD, GOOD.replace(b"Content-Length: 12\r\n", b"")])
def test_after_head_no_body_follows_whatever_length_is_named(head: bytes) -> None:
    reader = reader_of(head + b"HTTP/1.1 200 the next answer")
    assert read_head(reader, "HEAD").length == 0
    assert reader.read().startswith(b"HTTP/1.1 200 the next")


def test_a_file_known_already_has_its_length_and_no_body() -> None:
    found = read(GOOD.replace(b"200 OK", b"304 Not Modified"))
    assert (found.length, found.headers["content-length"]) == (0, "12")


def test_an_answer_without_content_needs_no_length_and_must_not_have_one() -> None:
    empty = GOOD.replace(b"200 OK", b"204 No Content")
    assert read(empty.replace(b"Content-Length: 12\r\n", b"")).length == 0
    assert read(empty.replace(b"12", b"0")).length == 0
    with pytest.raises(Interrupted):
        read(empty)


@pytest.mark.parametrize("odd", [b"Content-Length: x", b"Transfer-Encoding: chunked"])
def test_an_odd_frame_is_refused_where_no_body_follows_too(odd: bytes) -> None:
    with pytest.raises(Interrupted):
        read_head(reader_of(GOOD.replace(b"Content-Length: 12", odd)), "HEAD")


@pytest.mark.parametrize("bad", ["/a\r\nX: y", "/a\nX: y", "/a\r"])
def test_a_line_break_never_leaves_in_a_request(bad: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        request_head("GET", bad, {}, None)
    with pytest.raises(ValueError, match="line break"):
        request_head("GET", "/", {"X": bad}, None)
