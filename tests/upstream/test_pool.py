"""Connections: never more than allowed, never stale, never left lying about."""

import socket
from collections.abc import Iterator

import pytest

from pacs_proxy.errors import Busy, Unreachable
from pacs_proxy.upstream.pool import Link, Node, Pool, authorization
from tests.fakes import Door, FakeOrthanc
from tests.upstream.world import Clock


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pool(orthanc: FakeOrthanc, clock: Clock) -> Iterator[Pool]:
    pool = Pool(Node.parse(orthanc.url), 8, 0.4, clock)
    yield pool
    for link in pool._idle:
        link.close()


def taken(pool: Pool, question: bool = False) -> Link:
    link = pool.take(question=question, seconds=0)
    if not link.is_open:
        link.connect(1.0)
    return link


def give(pool: Pool, *links: Link, reusable: bool = True) -> None:
    for link in links:
        pool.give(link, question=False, reusable=reusable)


def test_a_connection_just_given_is_taken_again(pool: Pool) -> None:
    link = taken(pool)
    give(pool, link)
    again = taken(pool)
    assert again is link
    give(pool, again)


def test_one_that_lay_idle_for_too_long_is_closed(pool: Pool, clock: Clock) -> None:
    link = taken(pool)
    give(pool, link)
    clock.now += 0.41
    fresh = taken(pool)
    assert fresh is not link
    assert not link.is_open
    give(pool, fresh)


def test_old_ones_below_one_in_use_are_closed_in_time(pool: Pool, clock: Clock) -> None:
    links = [taken(pool) for _ in range(4)]
    give(pool, *links)
    for _ in range(10):
        clock.now += 0.2
        give(pool, taken(pool))
    assert [link.is_open for link in links].count(True) == 1


def test_one_not_reusable_is_closed(pool: Pool) -> None:
    link = taken(pool)
    give(pool, link, reusable=False)
    assert not link.is_open


def test_one_whose_other_side_has_left_is_not_kept(pool: Pool, orthanc: FakeOrthanc) -> None:
    link = taken(pool)
    assert orthanc.wait_for(connections=1)
    orthanc.kill()
    give(pool, link)
    assert not link.is_open


def test_bodies_leave_room_for_questions(pool: Pool) -> None:
    bodies = [taken(pool) for _ in range(6)]
    with pytest.raises(Busy):
        taken(pool)
    questions = [taken(pool, question=True) for _ in range(2)]
    with pytest.raises(Busy):
        taken(pool, question=True)
    give(pool, *bodies, reusable=False)
    for link in questions:
        pool.give(link, question=True, reusable=False)


def test_a_refused_connection_is_unreachable(orthanc: FakeOrthanc) -> None:
    orthanc.kill()
    with pytest.raises(Unreachable):
        Link(Node.parse(orthanc.url), None).connect(1.0)


def test_a_hanging_door_lets_connect_pass(pool: Pool, orthanc: FakeOrthanc) -> None:
    """The kernel's backlog answers; only the silence afterwards tells."""
    orthanc.door = Door.HANGING
    give(pool, taken(pool), reusable=False)


def test_breaking_off_a_closed_connection_is_no_error(pool: Pool) -> None:
    link = taken(pool)
    link.abort()
    give(pool, link, reusable=False)
    link.abort()
    Link(pool.node, None).abort()


def test_a_connection_closed_while_it_is_broken_off_is_no_error(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the thread that watches for departures would end, and with it all watching."""
    link = taken(pool)
    reader, sock = link.reader, link.sock

    class Closing:
        def setsockopt(self, *_: object) -> None: ...

        def shutdown(self, how: int) -> None:
            link._sock = None
            raise OSError

    link._sock = Closing()  # type: ignore[assignment]
    link.abort()
    reader.close()
    sock.close()


@pytest.mark.parametrize(
    ("url", "node"),
    [
        ("http://a", Node("a", 80)),
        ("https://a", Node("a", 443, tls=True)),
        ("http://a:8042/orthanc", Node("a", 8042, "/orthanc")),
        ("http://[::1]:8042", Node("::1", 8042)),
    ],
)
def test_an_address_is_read_as_written(url: str, node: Node) -> None:
    assert Node.parse(url) == node


def test_credentials_are_sent_only_where_there_are_any() -> None:
    assert authorization("", "secret") == {}
    assert authorization("a", "ü:b") == {"Authorization": "Basic YTrDvDpi"}


def test_sockets_have_no_delay(pool: Pool) -> None:
    link = taken(pool)
    assert link.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    give(pool, link, reusable=False)
