"""The bad line does what it is told, and otherwise carries every byte."""

from socket import socket
from time import monotonic

import pytest

from tests.fakes import FakeOrthanc, Link
from tests.fakes.conftest import DATA, INSTANCE
from tests.fakes.listener import QUIET, ask, at_the_door, connect, fetch, hear
from tests.fakes.trouble import (
    Course,
    Script,
    Storm,
    Trouble,
    fin_at,
    flip_at,
    rst_at,
    stall_at,
)
from tests.waiting import PATIENCE, until

FILE = f"/instances/{INSTANCE}/file"


def honest(orthanc: FakeOrthanc) -> bytes:
    return fetch(orthanc.port, FILE).data


def linked(orthanc: FakeOrthanc, *script: Trouble) -> Link:
    return Link("127.0.0.1", orthanc.port, weather=Script(*script))


def test_a_fair_line_carries_every_byte_and_the_end(orthanc: FakeOrthanc) -> None:
    big = bytes(range(256)) * 20_000
    orthanc.add("big", big)
    orthanc.idle = 1.0
    with Link("127.0.0.1", orthanc.port) as link, connect(link.port) as sock:
        ask(sock, "/instances/big/file")
        assert hear(sock).body == big
        assert hear(sock, PATIENCE).end == "fin"
        assert link.carried["down"] > len(big)


@pytest.mark.parametrize(("trouble", "end"), [(rst_at(500), "rst"), (fin_at(500), "fin")])
def test_a_cut_comes_after_exactly_that_many_bytes(
    orthanc: FakeOrthanc, trouble: Trouble, end: str
) -> None:
    with linked(orthanc, trouble) as link:
        heard = fetch(link.port, FILE)
        assert (heard.data, heard.end) == (honest(orthanc)[:500], end)
        assert fetch(link.port, FILE).body == DATA
        assert link.met == [(0, trouble)]
    assert orthanc.wait_for(connections=0)


def test_a_stall_says_nothing_more_and_frees_the_server_when_the_client_leaves(
    orthanc: FakeOrthanc,
) -> None:
    with linked(orthanc, stall_at(500)) as link:
        heard = fetch(link.port, FILE, quiet=QUIET, least=500)
        assert (heard.data, heard.end) == (honest(orthanc)[:500], "quiet")
        assert orthanc.wait_for(connections=0)


def test_a_stall_for_a_while_is_only_late(orthanc: FakeOrthanc) -> None:
    with linked(orthanc, stall_at(500, seconds=0.3)) as link:
        started = monotonic()
        assert fetch(link.port, FILE).body == DATA
        assert monotonic() - started > 0.3


def test_a_flip_changes_that_bit_and_no_other(orthanc: FakeOrthanc) -> None:
    with linked(orthanc, flip_at(1000, bit=2)) as link:
        good, bad = honest(orthanc), fetch(link.port, FILE).data
    changed = [(i, a ^ b) for i, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b]
    assert changed == [(1000, 4)]


def took(sock: socket) -> float:
    """Seconds of one question and its answer."""
    started = monotonic()
    ask(sock, "/system")
    assert hear(sock).status == 200
    return monotonic() - started


def test_latency_is_waited_once_each_way_and_can_be_changed(orthanc: FakeOrthanc) -> None:
    with Link("127.0.0.1", orthanc.port, latency=0.15) as link, connect(link.port) as sock:
        assert took(sock) > 0.3
        link.latency = 0.0
        until(lambda: took(sock) < 0.3)


def test_bandwidth_is_shared_by_all_connections(orthanc: FakeOrthanc) -> None:
    orthanc.add("big", bytes(100_000))
    with (
        Link("127.0.0.1", orthanc.port, rate=400_000) as link,
        connect(link.port) as one,
        connect(link.port) as two,
    ):
        started = monotonic()
        for sock in (one, two):
            ask(sock, "/instances/big/file")
        assert [len(hear(sock).body) for sock in (one, two)] == [100_000, 100_000]
        assert monotonic() - started > 0.45


def test_paused_nothing_passes_and_resumed_everything_does(orthanc: FakeOrthanc) -> None:
    with Link("127.0.0.1", orthanc.port) as link, connect(link.port) as sock:
        link.pause()
        ask(sock, FILE)
        assert hear(sock, QUIET).data == b""
        link.resume()
        assert hear(sock).body == DATA


@pytest.mark.parametrize(("reset", "end"), [(True, "rst"), (False, "fin")])
def test_cut_breaks_the_connections_there_are(orthanc: FakeOrthanc, reset: bool, end: str) -> None:
    with Link("127.0.0.1", orthanc.port) as link, connect(link.port) as sock:
        ask(sock, FILE)
        hear(sock)
        link.cut(reset)
        assert hear(sock, PATIENCE).end == end
        assert fetch(link.port, FILE).body == DATA


def test_refused_and_accepted_again_on_the_same_port(orthanc: FakeOrthanc) -> None:
    with Link("127.0.0.1", orthanc.port) as link:
        link.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(link.port)
        link.accept()
        assert fetch(link.port, FILE).body == DATA


def test_a_server_that_is_away_looks_reset(orthanc: FakeOrthanc) -> None:
    with Link("127.0.0.1", orthanc.port) as link:
        orthanc.kill()
        assert at_the_door(link.port) == (b"", "rst")


def test_a_storm_replays_and_goes_on_along_a_connection() -> None:
    storms = [Storm(5, every=1000, kinds=["flip"]) for _ in range(2)]
    met = [[*Course(storm.troubles(3)).split(bytes(100_000))] for storm in storms]
    flips = [part for part in met[0] if isinstance(part, Trouble)]
    assert met[0] == met[1]
    assert 60 < len(flips) < 150


def test_a_course_gives_back_all_bytes_however_they_are_cut_up() -> None:
    troubles = [flip_at(0), flip_at(3), stall_at(3), flip_at(9)]
    for step in range(1, 12):
        course = Course(troubles)
        pieces = [bytes(10)[i : i + step] for i in range(0, 10, step)]
        parts = [part for piece in pieces for part in course.split(piece)]
        whole = b"".join(part for part in parts if isinstance(part, bytes))
        assert whole == bytes([1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        assert [part for part in parts if isinstance(part, Trouble)] == troubles


def test_who_is_just_being_taken_in_when_it_ends_is_let_go(orthanc: FakeOrthanc) -> None:
    """A connection left open is an error of whichever test happens to meet it."""
    for _ in range(20):
        with Link("127.0.0.1", orthanc.port) as link:
            callers = [socket() for _ in range(8)]
            for caller in callers:
                caller.setblocking(False)
                caller.connect_ex(("127.0.0.1", link.port))
        ends = {hear(caller, QUIET).end for caller in callers if is_connected(caller)}
        assert ends <= {"fin", "rst"}, ends
        for caller in callers:
            caller.close()


def is_connected(caller: socket) -> bool:
    """Not when it was refused: the door was closed before."""
    try:
        caller.getpeername()
    except OSError:
        return False
    return True
