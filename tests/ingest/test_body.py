"""A body is counted, inflated within bounds, and never taken for whole when it is not."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import BadRequest, BodyCut, PacsProxyError
from pacs_proxy.errors.uploads import TooLarge
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.body import PIECE, identity

MOST = 16 << 20
DATA = Random(3).randbytes(40_000) + bytes(3 << 20)


def reading(data: bytes, step: int = 1 << 30) -> Callable[[int], bytes]:
    """A stream that gives at most `step` bytes at a time."""
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + min(size, step)]
        at += len(piece)
        return piece

    return read


def drain(pieces: Iterator[bytes], came: bytearray) -> None:
    for piece in pieces:
        came.extend(piece)


def plain(size: int | None) -> tus.Chunk:
    return tus.Chunk(0, size)


def coded(size: int | None) -> tus.Chunk:
    return tus.Chunk(0, size, bytes(32), is_gzip=True)


@given(st.integers(500, 70_000))
def test_all_bytes_come_whatever_the_pieces(step: int) -> None:
    data = DATA[:60_000]
    assert b"".join(identity(reading(data, step), plain(len(data)), len(data), MOST)) == data
    squeezed = gzip.compress(data)
    wire = reading(squeezed, step)
    assert b"".join(identity(wire, coded(len(squeezed)), len(data), MOST)) == data


def test_what_gzip_grows_to_comes_in_small_pieces() -> None:
    squeezed = gzip.compress(DATA)
    pieces = list(identity(reading(squeezed), coded(len(squeezed)), len(DATA), MOST))
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces)) <= PIECE


@given(st.integers(0, 59_999))
def test_a_body_cut_anywhere_is_told(at: int) -> None:
    data, came = DATA[:60_000], bytearray()
    with pytest.raises(BodyCut, match=f"Only {at} of 60000"):
        drain(identity(reading(data[:at], 7_000), plain(60_000), 1 << 20, MOST), came)
    assert came == data[:at]


@given(st.data())
def test_gzip_cut_or_damaged_anywhere_is_never_whole(draw: st.DataObject) -> None:
    data = DATA[:5_000]
    squeezed = bytearray(gzip.compress(data, mtime=0))
    at = draw.draw(st.integers(0, len(squeezed) - 1))
    if draw.draw(st.booleans()):
        squeezed = squeezed[:at]
    else:
        squeezed[at] ^= 1 << draw.draw(st.integers(0, 7))
    wire = reading(bytes(squeezed))
    try:
        came = b"".join(identity(wire, coded(len(squeezed)), len(data), MOST))
    except PacsProxyError:
        return
    # A flip in the header's free fields changes nothing.
    assert came == data


@pytest.mark.parametrize("megabytes", [4, 200])
def test_a_bomb_ends_at_what_the_file_lacks(megabytes: int) -> None:
    bomb = gzip.compress(bytes(megabytes << 20))
    came = bytearray()
    with pytest.raises(TooLarge):
        drain(identity(reading(bomb), coded(len(bomb)), 2 << 20, MOST), came)
    assert len(came) <= 2 << 20


def test_bytes_behind_the_gzip_data_are_refused() -> None:
    wire = gzip.compress(b"abc") + b"x"
    with pytest.raises(BadRequest):
        list(identity(reading(wire), coded(len(wire)), 10, MOST))


def test_zlib_is_not_gzip() -> None:
    wire = zlib.compress(b"abc")
    with pytest.raises(BadRequest):
        list(identity(reading(wire), coded(len(wire)), 10, MOST))


@pytest.mark.parametrize("announced", [101, None])
def test_one_request_carries_no_more_than_its_cap(announced: int | None) -> None:
    with pytest.raises(TooLarge) as refused:
        list(identity(reading(bytes(101)), plain(announced), 1000, 100))
    assert refused.value.limit == 100


def test_a_body_of_unknown_length_ends_at_the_files_length() -> None:
    assert b"".join(identity(reading(b"12345"), plain(None), 5, MOST)) == b"12345"
    with pytest.raises(TooLarge):
        list(identity(reading(b"123456"), plain(None), 5, MOST))


def test_nothing_behind_the_announced_length_is_read() -> None:
    read = reading(b"12345GET / HTTP/1.1")
    assert b"".join(identity(read, plain(5), 5, MOST)) == b"12345"
    assert read(3) == b"GET"
