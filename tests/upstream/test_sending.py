"""A body leaves once, exactly as long as announced, and whose fault a failure is stays clear."""

import time
from collections.abc import Callable, Iterator

import pytest

from pacs_proxy.errors import (
    BodyCut,
    BodyStalled,
    Doubtful,
    Interrupted,
    PacsProxyError,
    Silent,
    Unreachable,
)
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Node, Pool
from pacs_proxy.upstream.sending import Sendable, Sending
from pacs_proxy.upstream.transport import Request, Transport
from tests.fakes.receiver import Receiver, Script, Taken
from tests.upstream.test_sending_pieces import Paper

PIECE = bytes(range(256)) * 4096
SHORT = 0.3


class Sender:
    """Our transport in front of one receiver."""

    def __init__(self, port: int, read_seconds: float = 10.0) -> None:
        self.pool = Pool(Node("127.0.0.1", port), 8, 5.0)
        pace = Pace(3.0, 1.0, 0.25, read_seconds, 16 << 10)
        self._transport = Transport((self.pool,), pace, 5.0, {})

    def send(self, request: Request) -> tuple[int, bytes]:
        with self._transport.send(0, request, Interest()) as answer:
            return answer.head.status, answer.read()

    def put(self, *pieces: bytes, length: int | None = None, **more: float) -> tuple[int, bytes]:
        total = sum(map(len, pieces)) if length is None else length
        return self.send(Request("/x", "PATCH", Sendable(total, iter(pieces)), **more))  # type: ignore[arg-type]

    def close(self) -> None:
        for link in self.pool._idle:
            link.close()


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[Receiver, Sender]]]:
    opened: list[tuple[Receiver, Sender]] = []

    def make(*scripts: Script, **more: float) -> tuple[Receiver, Sender]:
        receiver = Receiver(scripts or [Taken.serve])
        opened.append((receiver.__enter__(), Sender(receiver.port, **more)))
        return opened[-1]

    yield make
    for receiver, sender in opened:
        sender.close()
        receiver.__exit__()


Start = Callable[..., tuple[Receiver, Sender]]


@pytest.mark.parametrize("method", ["PATCH", "POST", "PUT", "DELETE"])
def test_every_byte_arrives_in_one_frame_of_its_length(start: Start, method: str) -> None:
    receiver, sender = start(lambda taken: taken.serve(1))
    body = Sendable(3 * len(PIECE) + 7, iter([PIECE, b"", memoryview(PIECE), PIECE + b"the end"]))
    assert sender.send(Request("/x", method, body)) == (200, b"ok")
    taken = receiver.connections[0]
    assert taken.head.startswith(f"{method} /x HTTP/1.1\r\n".encode())
    assert taken.head.count(b"Content-Length: %d" % body.length) == 1
    assert b"Transfer-Encoding" not in taken.head
    assert taken.body == 3 * PIECE + b"the end"


def test_a_body_of_no_bytes_is_a_body(start: Start) -> None:
    receiver, sender = start(lambda taken: taken.serve(1))
    assert sender.put() == (200, b"ok")
    assert b"Content-Length: 0" in receiver.connections[0].head


def test_one_connection_carries_body_after_body(start: Start) -> None:
    receiver, sender = start()
    assert [sender.put(PIECE)[0] for _ in range(5)] == [200] * 5
    assert len(receiver.connections) == 1


def refuse_at_once(taken: Taken) -> None:
    """As a server that will not read the body: answer, and then a reset for what still comes."""
    taken.take_head()
    taken.answer(413, b"too large", "Connection: close")


def endless() -> Iterator[bytes]:
    while True:
        yield PIECE


def test_an_answer_before_the_end_is_read_instead_of_a_broken_pipe(start: Start) -> None:
    _, sender = start(refuse_at_once)
    asked = Sendable(1 << 40, endless())
    assert sender.send(Request("/x", "PATCH", asked)) == (413, b"too large")


def test_an_early_answer_that_leaves_the_connection_open_leaves_no_rest_for_the_next(
    start: Start,
) -> None:
    def answer_and_read_on(taken: Taken) -> None:
        taken.take_head()
        taken.answer(408, b"slow")
        taken.hear_out()

    receiver, sender = start(answer_and_read_on, Taken.serve)
    assert sender.send(Request("/x", "PATCH", Sendable(1 << 40, endless()))) == (408, b"slow")
    assert sender.put(PIECE) == (200, b"ok")
    assert len(receiver.connections) == 2


@pytest.mark.parametrize("after", [1, 300_000])
def test_what_broke_off_after_a_byte_may_have_been_acted_on(start: Start, after: int) -> None:
    def break_off(taken: Taken) -> None:
        taken.take(after)
        taken.reset()

    receiver, sender = start(break_off)
    with pytest.raises(Doubtful) as caught:
        sender.put(*[PIECE] * 20)
    assert not caught.value.retryable
    assert len(receiver.connections) == 1


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 O", b"garbage\r\n\r\n"])
def test_an_answer_that_cannot_be_used_leaves_a_doubt(start: Start, answer: bytes) -> None:
    def take_and_mumble(taken: Taken) -> None:
        taken.take_all()
        taken.sock.sendall(answer)

    receiver, sender = start(take_and_mumble)
    with pytest.raises(Doubtful):
        sender.put(PIECE)
    with pytest.raises(Doubtful):
        sender.send(Request("/x", "POST", b"{}"))
    assert len(receiver.connections) == 2


def test_silence_after_the_last_byte_leaves_a_doubt(start: Start) -> None:
    _, sender = start(Taken.hear_out, read_seconds=SHORT)
    with pytest.raises(Doubtful):
        sender.put(PIECE)


def test_one_that_takes_nothing_more_is_given_up_in_time(start: Start) -> None:
    _, sender = start(Taken.ignore, read_seconds=SHORT)
    began = time.monotonic()
    with pytest.raises(Doubtful):
        sender.send(Request("/x", "PATCH", Sendable(1 << 40, endless())))
    assert time.monotonic() - began < 20


def serve_one_and_leave(taken: Taken) -> None:
    taken.serve(1)


def linger_then_reset(taken: Taken) -> None:
    """Keep a connection, and end it only when the next request is on its way."""
    taken.serve(1)
    taken.sock.recv(1)
    taken.reset()


def test_a_pooled_connection_that_ended_is_replaced_while_no_byte_has_left(start: Start) -> None:
    receiver, sender = start(serve_one_and_leave, Taken.serve)
    assert sender.put(PIECE) == (200, b"ok")
    receiver.join()
    assert sender.put(PIECE, PIECE) == (200, b"ok")
    assert receiver.connections[1].body == PIECE + PIECE


def test_a_search_is_sent_again_on_a_fresh_connection(start: Start) -> None:
    receiver, sender = start(linger_then_reset, Taken.serve)
    search = Request("/tools/find", "POST", b"{}", repeatable=True)
    assert sender.send(search) == sender.send(search) == (200, b"ok")
    assert len(receiver.connections) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_changes_something_is_never_sent_again_blindly(start: Start, method: str) -> None:
    receiver, sender = start(linger_then_reset, Taken.serve)
    request = Request("/instances", method, b"{}" if method != "DELETE" else None)
    assert sender.send(request) == (200, b"ok")
    with pytest.raises(Doubtful):
        sender.send(request)
    assert len(receiver.connections) == 1


def raising(error: Exception) -> Iterator[bytes]:
    yield PIECE
    raise error


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), BrokenPipeError(), TimeoutError(), OSError(), ValueError()]
)
def test_a_failure_of_the_source_is_ours_and_breaks_the_connection(
    start: Start, error: Exception
) -> None:
    receiver, sender = start(Taken.take_all, Taken.serve)
    with pytest.raises(BodyCut):
        sender.send(Request("/x", "PATCH", Sendable(2 * len(PIECE), raising(error))))
    receiver.join()
    assert receiver.connections[0].body == PIECE
    assert sender.put(PIECE) == (200, b"ok")


def test_an_error_of_our_own_in_the_source_comes_out_as_it_is(start: Start) -> None:
    _, sender = start(Taken.take_all)
    with pytest.raises(BodyStalled):
        sender.send(Request("/x", "PATCH", Sendable(2 * len(PIECE), raising(BodyStalled("")))))


@pytest.mark.parametrize("pieces", [(b"1234",), (b"123456",), (b"12345", b"6"), ()], ids=str)
def test_a_body_of_another_length_than_announced_is_never_a_whole_request(
    start: Start, pieces: tuple[bytes, ...]
) -> None:
    _, sender = start(Taken.take_all)
    with pytest.raises(BodyCut):
        sender.put(*pieces, length=5)


def test_without_a_connection_nothing_has_been_acted_on(start: Start) -> None:
    receiver, sender = start()
    receiver.__exit__()
    with pytest.raises(Unreachable):
        sender.put(PIECE)


def test_head_is_answered_by_headers_alone_and_keeps_its_connection(start: Start) -> None:
    def describe(taken: Taken) -> None:
        taken.take_head()
        taken.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        taken.serve(1)

    receiver, sender = start(describe)
    assert sender.send(Request("/file", "HEAD")) == (200, b"")
    assert sender.send(Request("/x")) == (200, b"ok")
    assert len(receiver.connections) == 1


def test_bodies_take_no_connection_reserved_for_questions(start: Start) -> None:
    receiver, sender = start(read_seconds=5.0)
    taken = [sender.pool.take(question=False, seconds=0) for _ in range(6)]
    question = Request("/x")
    assert sender.send(question) == (200, b"ok")
    for link in taken:
        sender.pool.give(link, question=False, reusable=False)
    assert len(receiver.connections) == 1


def test_one_that_only_drips_is_given_up(start: Start) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 0.2
        return now[0]

    paper = Paper(iter([1] * 1000))
    sending = Sending(Sendable(1000, iter([bytes(1000)])), 1.0, 100, clock)
    with pytest.raises(TimeoutError):
        sending.run(paper)  # type: ignore[arg-type]
    assert sending.sent < 10


def test_a_slow_source_is_not_held_against_the_other_side() -> None:
    now = [0.0]

    def slowly() -> Iterator[bytes]:
        for _ in range(10):
            now[0] += 100.0
            yield b"x"

    paper = Paper(iter(()))
    Sending(Sendable(10, slowly()), 1.0, 100, lambda: now[0]).run(paper)  # type: ignore[arg-type]
    assert len(paper.got) == 10


def test_the_kinds_of_failure_keep_their_meaning() -> None:
    assert issubclass(Doubtful, Interrupted)
    assert not issubclass(Doubtful, Unreachable)
    assert not issubclass(BodyCut, (Interrupted, Unreachable, Silent))
    assert issubclass(BodyCut, PacsProxyError)
