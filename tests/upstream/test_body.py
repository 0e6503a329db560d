"""One answer's body: what came is kept, silence and dripping end it, and clean is clean."""

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader
from typing import cast

import pytest

from pacs_proxy.errors import Interrupted, Stalled, UpstreamError
from pacs_proxy.upstream.body import ANSWER_LIMIT, Body
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.wire import Head
from tests.upstream.world import Clock

WINDOW = 0.25


@dataclass
class Script:
    """What each receive brings: bytes after some seconds, or an error."""

    clock: Clock
    steps: list[tuple[float, bytes | OSError]]
    given: list[bool] = field(default_factory=list)

    def readinto1(self, view: memoryview) -> int:
        seconds, what = self.steps.pop(0) if self.steps else (0.0, b"")
        self.clock.now += seconds
        if isinstance(what, OSError):
            raise what
        count = min(len(view), len(what))
        view[:count] = what[:count]
        if what[count:]:
            self.steps.insert(0, (0.0, what[count:]))
        return count


Bodies = Callable[..., tuple[Body, Script]]


@pytest.fixture
def body() -> Bodies:
    def make(length: int, *steps: tuple[float, bytes | OSError]) -> tuple[Body, Script]:
        script = Script(Clock(), list(steps))
        pace = Pace(3.0, 1.0, 0.25, 60.0, 16384)
        head = Head(200, {}, length)
        reader = cast("BufferedReader", script)
        return Body(head, reader, script.given.append, pace, WINDOW, script.clock), script

    return make


def view(size: int) -> memoryview:
    return memoryview(bytearray(size))


def test_a_view_is_filled_from_many_receives(body: Bodies) -> None:
    made, _ = body(6, (0, b"ab"), (0, b"cd"), (0, b"ef"))
    target = view(10)
    assert made.fill(target) == 6
    assert bytes(target[:6]) == b"abcdef"
    assert made.fill(target) == 0


def test_nothing_beyond_the_length_is_read(body: Bodies) -> None:
    made, script = body(4, (0, b"abcdEVIL"))
    assert made.fill(view(100)) == 4
    assert script.steps == [(0.0, b"EVIL")]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ((0, b""), Interrupted),
        ((0, ConnectionResetError()), Interrupted),
        ((0, TimeoutError()), Stalled),
    ],
)
def test_bytes_before_a_break_come_first_and_the_error_after(
    body: Bodies, step: tuple[float, bytes | OSError], error: type[Interrupted]
) -> None:
    made, _ = body(10, (0, b"abc"), step)
    assert made.fill(view(10)) == 3
    with pytest.raises(error):
        made.fill(view(7))
    with pytest.raises(error):
        made.fill(view(7))


def test_a_drip_is_noticed_within_two_windows(body: Bodies) -> None:
    made, script = body(10_000, *[(0.1, b"x")] * 100)
    began = script.clock.now
    assert made.fill(view(10_000)) > 0
    with pytest.raises(Stalled):
        made.fill(view(10_000))
    assert script.clock.now - began < 2 * WINDOW


def test_a_slow_but_steady_body_is_no_drip(body: Bodies) -> None:
    made, _ = body(100_000, *[(0.1, b"x" * 1000)] * 100)
    assert made.fill(view(100_000)) == 100_000


def test_the_last_bytes_may_take_their_time(body: Bodies) -> None:
    made, _ = body(2, (0.9, b"a"), (0.9, b"b"))
    assert made.fill(view(1)) == 1
    assert made.fill(view(1)) == 1


def test_skipping_reads_and_drops(body: Bodies) -> None:
    made, _ = body(8, (0, b"abc"), (0, b"defgh"))
    made.skip(5)
    target = view(3)
    made.fill(target)
    assert bytes(target) == b"fgh"


def test_a_break_while_skipping_is_a_break(body: Bodies) -> None:
    made, _ = body(8, (0, b"abc"))
    with pytest.raises(Interrupted):
        made.skip(5)


def test_a_short_answer_is_read_whole_or_not_at_all(body: Bodies) -> None:
    assert body(4, (0, b"ab"), (0, b"cd"))[0].read() == b"abcd"
    with pytest.raises(Interrupted):
        body(4, (0, b"ab"))[0].read()


def test_an_answer_too_large_to_hold_is_refused_before_it_is_read(body: Bodies) -> None:
    made, script = body(ANSWER_LIMIT + 1, (0, b"abc"))
    with pytest.raises(UpstreamError):
        made.read()
    assert len(script.steps) == 1


@pytest.mark.parametrize(("read", "clean"), [(4, True), (3, False), (0, False)])
def test_only_a_body_read_to_its_end_gives_its_connection_back_clean(
    body: Bodies, read: int, clean: bool
) -> None:
    made, script = body(4, (0, b"abcd"))
    with made:
        if read:
            made.fill(view(read))
    made.close()
    assert script.given == [clean]
