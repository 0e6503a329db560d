"""How the edge holds a file until it is proven, and what becomes of the room when it is not."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.control import Control
from pacs_proxy.errors import Interrupted, ServicesInterrupted
from pacs_proxy.services.headers import repr_digest
from pacs_proxy.upstream.attempts import Attempts
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.retry import Policy
from pacs_proxy.upstream.transport import Request
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.upstream.wire import Head
from pacs_proxy.web import download
from pacs_proxy.web.hold import Hold
from pacs_proxy.web.peer import Answer
from pacs_proxy.web.relay import KEY, Edge
from tests.upstream.world import World

DATA = bytes(range(256)) * 100
HEADERS = {
    "etag": '"md5-x"',
    "content-length": str(len(DATA)),
    "repr-digest": repr_digest(hashlib.md5(DATA).digest()),
}


class Body:
    def __init__(self, data: bytes) -> None:
        self.head, self._left = Head(200, HEADERS, len(DATA)), data

    def skip(self, count: int) -> None:
        self._left = self._left[count:]

    def fill(self, view: memoryview) -> int:
        if not self._left:
            raise Interrupted("cut")
        count = min(len(view), len(self._left))
        view[:count], self._left = self._left[:count], self._left[count:]
        return count


class Peer:
    """The data side, sending these bytes each time."""

    def __init__(self, world: World, data: bytes) -> None:
        self._world, self._data = world, data

    def attempts(self, interest: Interest) -> Attempts:
        return Attempts(self._world.shared, self._world.interest(), concerns_object=False)

    def answer(self, request: Request, interest: Interest) -> Answer:
        return Answer(Head(200, HEADERS, 0), b"")

    @contextmanager
    def opened(self, node: int, request: Request, interest: Interest) -> Iterator[Body]:
        yield Body(self._data)


@pytest.fixture
def world(control: Control) -> World:
    return World(control, policy=Policy(deadline=2.0))


@pytest.fixture
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    control = Control(tmp_path_factory.mktemp("control") / "page")
    yield control
    control.close()


def asked(world: World, data: bytes, hold: Hold, verify_first: int = 1 << 20) -> list[bytes]:
    app = Flask(__name__)
    peer = Peer(world, data)
    app.extensions[KEY] = Edge(peer, Watch(), hold, verify_first, 1.0, 1.0, 1)  # type: ignore[arg-type]
    with app.test_request_context("/api/pacs/instances/x/file"):
        g.interest = world.interest()
        response = download.file()
        pieces = list(response.response)
        response.close()
    return [bytes(piece) for piece in pieces]  # type: ignore[arg-type]


def test_room_is_free_again_when_the_answer_is_over(world: World) -> None:
    hold = Hold(len(DATA))
    assert b"".join(asked(world, DATA, hold)) == DATA
    assert hold.take(len(DATA))


@pytest.mark.parametrize("wrong", [b"", DATA[:-1] + b"?"], ids=["nothing", "changed"])
def test_room_is_free_again_when_the_file_never_came_right(world: World, wrong: bytes) -> None:
    hold = Hold(len(DATA))
    with pytest.raises(ServicesInterrupted):
        asked(world, wrong, hold)
    assert hold.take(len(DATA))


def test_without_room_a_file_still_passes_with_its_last_piece_held_back(world: World) -> None:
    hold = Hold(len(DATA) - 1)
    assert b"".join(asked(world, DATA, hold)) == DATA
    with pytest.raises(ServicesInterrupted):
        asked(world, DATA[:-1] + b"?", hold)


@given(
    st.lists(st.binary(min_size=1, max_size=30), min_size=1),
    st.integers(0, 200),
    st.integers(1, 200),
)
def test_a_cut_is_that_part_and_ends_only_after_all_pieces(
    pieces: list[bytes], start: int, length: int
) -> None:
    whole, came = b"".join(pieces), list[int]()
    start = start % len(whole)
    stop = min(len(whole), start + length)

    def all_pieces() -> Generator[memoryview, None, None]:
        for number, piece in enumerate(pieces):
            yield memoryview(piece)
            came.append(number)

    got = b""
    for part in download._cut(all_pieces(), start, stop):
        got += part
        # The end leaves when the last piece has been asked for and proven.
        assert len(got) < stop - start or len(came) == len(pieces)
    assert got == whole[start:stop]
