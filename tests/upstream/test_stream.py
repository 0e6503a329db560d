"""Whatever breaks on the way, a file comes whole and right, or with fewer bytes and an error."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.errors import Busy, Corrupt, Interrupted, NotFound, PacsProxyError, Silent, Stalled
from pacs_proxy.upstream import stream
from pacs_proxy.upstream.attempts import Attempts
from pacs_proxy.upstream.stream import Expected, Pieces, proven, resumed
from tests.upstream.world import World, control_in

ERRORS = [Interrupted("cut"), Stalled("still"), Silent("nothing"), Busy("full")]
# Small numbers, so that small files come in many pieces; both ways of keeping them are met.
SIZES = {"SMALLEST": 4, "LARGEST": 16, "BUFFER": 64}

# Not st.binary: its values are mostly shorter than one buffer.
FILES = st.builds(
    lambda size, seed: Random(seed).randbytes(size), st.integers(1, 300), st.integers(0, 9)
)
CUTS = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 200)), st.sampled_from(ERRORS)), max_size=12
)


@contextmanager
def small_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SIZES.items():
            patch.setattr(stream, name, value)
        patch.setattr(Pieces, "_spare", [])
        yield


@contextmanager
def attempts() -> Iterator[Attempts]:
    with TemporaryDirectory() as folder, control_in(Path(folder)) as control:
        yield World(control, is_back=lambda: True).attempts()


Cut = tuple[int | None, PacsProxyError]


@dataclass
class Line:
    """Delivers `data`; each opening breaks as the next cut says, and none after the last.

    A cut of None comes before the source is open at all.
    """

    data: bytes
    cuts: list[Cut]
    opened: list[int] = field(default_factory=list)
    held: bool = False

    @contextmanager
    def open_at(self, node: int, offset: int) -> Iterator["Source"]:
        assert not self.held, "the last connection was not given back"
        self.opened.append(offset)
        cut = self.cuts.pop(0) if self.cuts else (len(self.data), ERRORS[0])
        if cut[0] is None:
            raise cut[1]
        self.held = True
        try:
            yield Source(self.data[offset:], cut[0], cut[1])
        finally:
            self.held = False


@dataclass
class Source:
    """As `Body`: bytes before a break are given first, the error by the next call."""

    data: bytes
    left: int
    error: PacsProxyError

    def fill(self, view: memoryview) -> int:
        if not self.left:
            raise self.error
        count = min(len(view), len(self.data), self.left)
        view[:count] = self.data[:count]
        self.data, self.left = self.data[count:], self.left - count
        return count


def taken_late(chunks: Iterator[memoryview]) -> Iterator[bytes]:
    """Copies each chunk only when the next one has come: for so long it must stay as it is."""
    held: memoryview | None = None
    for chunk in chunks:
        if held is not None:
            yield bytes(held)
        held = chunk
    if held is not None:
        yield bytes(held)


@given(FILES, CUTS)
def test_any_cuts_give_the_same_bytes_and_none_is_asked_for_twice(
    data: bytes, cuts: list[Cut]
) -> None:
    line, got = Line(data, list(cuts)), list[bytes]()
    with small_pieces(), attempts() as tries:
        got.extend(taken_late(resumed(line.open_at, len(data), tries)))
    assert b"".join(got) == data
    assert line.opened == sorted(line.opened)
    assert not line.held


@given(FILES, CUTS, st.integers(0, 299))
def test_a_line_that_never_mends_gives_fewer_bytes_and_an_error(
    data: bytes, cuts: list[Cut], reach: int
) -> None:
    """From `reach` on nothing comes any more; bytes before it are kept and are right."""
    reach = min(reach, len(data) - 1)
    got = list[int]()

    @contextmanager
    def open_at(node: int, offset: int) -> Iterator[Source]:
        yield Source(data[offset:], max(0, reach - offset), Interrupted("cut"))

    with small_pieces(), attempts() as tries, pytest.raises(Interrupted):
        got.extend(byte for chunk in resumed(open_at, len(data), tries) for byte in chunk)
    assert bytes(got) == data[:reach]


@given(FILES, st.integers(0, 200))
def test_a_definite_answer_ends_it_at_once(data: bytes, at: int) -> None:
    line = Line(data, [(at, Interrupted("cut")), (None, NotFound("gone"))])
    with small_pieces(), attempts() as tries:
        if at >= len(data):
            assert b"".join(map(bytes, resumed(line.open_at, len(data), tries))) == data
            return
        with pytest.raises(NotFound):
            list(resumed(line.open_at, len(data), tries))
    assert len(line.opened) == 2


def test_leaving_in_the_middle_gives_the_connection_back() -> None:
    line = Line(bytes(300), [])
    with small_pieces(), attempts() as tries:
        chunks = resumed(line.open_at, 300, tries)
        next(chunks)
        assert line.held
        chunks.close()
    assert not line.held


def expected(data: bytes) -> Expected:
    return Expected(len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())


def split(data: bytes, sizes: list[int]) -> list[memoryview]:
    chunks, view = [], memoryview(data)
    for size in sizes:
        chunks.append(view[:size])
        view = view[size:]
    return [chunk for chunk in [*chunks, view] if chunk]


@given(FILES, st.lists(st.integers(1, 50), max_size=20))
def test_right_bytes_pass_whole_however_they_are_cut(data: bytes, sizes: list[int]) -> None:
    assert b"".join(map(bytes, proven(split(data, sizes), expected(data)))) == data


@given(FILES, FILES, st.lists(st.integers(1, 50), max_size=20))
def test_wrong_bytes_never_reach_full_length(right: bytes, wrong: bytes, sizes: list[int]) -> None:
    wrong = wrong[: len(right)]
    got = list[int]()
    if wrong == right:
        return
    with pytest.raises(Corrupt) as caught:
        got.extend(byte for piece in proven(split(wrong, sizes), expected(right)) for byte in piece)
    assert len(got) < len(right)
    assert caught.value.evidence


@given(FILES, st.integers(0, 299), CUTS)
def test_a_flip_behind_any_cuts_never_reaches_full_length(
    data: bytes, place: int, cuts: list[Cut]
) -> None:
    flipped = bytearray(data)
    flipped[place % len(data)] ^= 1
    line, got = Line(bytes(flipped), list(cuts)), list[int]()
    with small_pieces(), attempts() as tries:
        pieces = proven(resumed(line.open_at, len(data), tries), expected(data))
        with pytest.raises(Corrupt):
            got.extend(len(piece) for piece in pieces)
    assert sum(got) < len(data)


def test_without_a_stored_digest_the_length_is_what_is_proven() -> None:
    assert list(proven([memoryview(b"abc")], Expected(3, None))) == [b"abc"]
    with pytest.raises(Corrupt):
        list(proven([memoryview(b"ab")], Expected(3, None)))


@given(FILES, st.lists(st.integers(1, 50), max_size=20))
def test_the_last_piece_leaves_only_when_nothing_more_comes(data: bytes, sizes: list[int]) -> None:
    chunks = split(data, sizes)
    left = iter(chunks)
    taken = 0
    for piece in proven(left, expected(data)):
        taken += len(piece)
        assert taken < len(data) or next(left, None) is None


def test_equal_wrong_bytes_have_equal_evidence() -> None:
    seen = set()
    for _ in range(2):
        with pytest.raises(Corrupt) as caught:
            list(proven([memoryview(b"abd")], expected(b"abc")))
        seen.add(caught.value.evidence)
    assert len(seen) == 1


def test_pieces_grow_on_a_quick_line_and_shrink_on_a_slow_one() -> None:
    times = iter([0.0, 0.01, 0.0, 0.01, 0.0, 1.0, 0.0, 0.01])
    source = Source(bytes(1000), 1000, ERRORS[0])
    with small_pieces():
        pieces = Pieces(1000, lambda: next(times))
        assert [len(pieces.next(source, 500)) for _ in range(4)] == [4, 16, 16, 4]


def test_a_file_that_fits_comes_in_one_piece() -> None:
    with small_pieces(), Pieces(64) as pieces:
        assert len(pieces.next(Source(bytes(64), 64, ERRORS[0]), 64)) == 64


def test_buffers_are_used_again() -> None:
    with small_pieces():
        with Pieces(30) as first:
            kept = {id(buffer) for buffer in first._buffers}
        with Pieces(30) as second:
            assert {id(buffer) for buffer in second._buffers} == kept
