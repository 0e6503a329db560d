"""Every fault of the wire ends in the exact bytes or in an honest error (reliability.md 3a)."""

import hashlib
from collections.abc import Iterator
from random import Random
from threading import Thread

import pytest

from pacs_proxy.control import Control
from pacs_proxy.errors import (
    Changed,
    Corrupt,
    Damaged,
    Forbidden,
    NotFound,
    Refused,
    UpstreamError,
)
from pacs_proxy.upstream.interest import Abandoned, Interest
from tests.fakes import Always, FakeOrthanc, Manner, Plan, Scripted, faults
from tests.fakes.exchange import Fault
from tests.upstream.archive_client import IMPATIENT, Archive, archive
from tests.waiting import PATIENCE

INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + Random(1).randbytes(300_000)


@pytest.fixture(params=["with Range", "without Range"])
def orthanc(request: pytest.FixtureRequest) -> Iterator[FakeOrthanc]:
    with FakeOrthanc(manner=Manner(ranges=request.param == "with Range")) as fake:
        fake.add(INSTANCE, DATA)
        yield fake


@pytest.fixture
def there(orthanc: FakeOrthanc, control: Control) -> Iterator[Archive]:
    with archive(orthanc, control) as there:
        yield there


@pytest.fixture
def hasty(orthanc: FakeOrthanc, control: Control) -> Iterator[Archive]:
    with archive(orthanc, control, **IMPATIENT) as there:
        yield there


RECOVERED = {
    "U1 vanished": faults.vanish(),
    "U1 vanished by reset": faults.vanish(reset=True),
    "U2 reset": faults.rst_after(0.5),
    "U2 reset at the last byte": faults.rst_after(-1),
    "U3 ended early": faults.fin_after(0.5),
    "U3 ended before the first byte": faults.fin_after(0),
    "U4 no length": faults.no_length(0.5),
    "U4 no length, yet whole": faults.no_length(1.0),
    "U5 cut in a chunk": faults.chunked_cut("in"),
    "U5 cut between chunks": faults.chunked_cut("between"),
    "U5 cut after the zero": faults.chunked_cut("after"),
    "U9 length too small": faults.short_length(100),
    "U10 length too large": faults.long_length(100),
    "U10 two lengths": faults.conflicting_length,
    "U10 the same length twice": faults.duplicate_length,
    "U10 negative length": faults.negative_length,
    "U10 length and chunks": faults.length_and_chunked,
    "U11 bytes behind": faults.extra_bytes(),
    "U12 flip": faults.bit_flip(0.5),
    "U12 flip in the last byte": faults.bit_flip(-1),
    "U14 web page": faults.html_200,
    "U14 JSON": faults.json_200,
    "U14 nothing": faults.empty_200,
    "U15 headers cut": faults.headers_cut(0.6),
    "U15 status line cut": faults.headers_cut(5),
    "U16 gzip cut": faults.gzip_truncated(0.5),
    "U17 bomb": faults.gzip_bomb(64 << 20),
    "U21 busy": faults.status(503),
    "U22 error in passing": faults.status(500),
    "another range": faults.wrong_range(),
    "a lying range": faults.lying_range(),
}


SILENT = {
    "U6 drip": faults.drip(1.0, 0.3),
    "U6 fast drip": faults.drip(300.0, 0.3),
    "U7 stall": faults.stall_after(0.5),
    "U7 stall at the start": faults.stall_after(0),
    "U8 no answer": faults.stall_before_headers(),
}


@pytest.mark.parametrize("fault", RECOVERED.values(), ids=RECOVERED.keys())
def test_one_fault_costs_at_most_one_more_request(there: Archive, fault: Fault) -> None:
    there.orthanc.plan = Scripted([fault])
    assert fetched(there) == DATA
    assert there.orthanc.counts["data"] <= 2


@pytest.mark.parametrize("fault", RECOVERED.values(), ids=RECOVERED.keys())
def test_after_a_cut_the_same_fault_is_survived_too(there: Archive, fault: Fault) -> None:
    there.orthanc.plan = Scripted([faults.fin_after(0.4), fault])
    assert fetched(there) == DATA
    assert there.orthanc.counts["data"] <= 3


@pytest.mark.parametrize("fault", RECOVERED.values(), ids=RECOVERED.keys())
def test_nothing_of_a_faulty_answer_leaks_into_the_next(there: Archive, fault: Fault) -> None:
    there.orthanc.plan = Scripted([fault])
    fetched(there)
    assert [there.fetch(INSTANCE) == DATA for _ in range(5)] == [True] * 5


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT.keys())
def test_a_silence_is_noticed_and_survived(hasty: Archive, fault: Fault) -> None:
    """Alone and after a cut; nothing of it leaks. A busy machine may seem silent once more."""
    for script in ([fault], [faults.fin_after(0.4), fault]):
        hasty.orthanc.plan = Scripted(script)
        assert fetched(hasty) == DATA
        assert len(hasty.orthanc.faults) == len(script)
        hasty.orthanc.faults.clear()
    assert [hasty.fetch(INSTANCE) == DATA for _ in range(5)] == [True] * 5


@pytest.mark.parametrize("fault", SILENT.values(), ids=SILENT.keys())
def test_a_silence_after_a_question_is_survived(hasty: Archive, fault: Fault) -> None:
    hasty.orthanc.plan = Scripted([fault], routes={"info"})
    assert hasty.describe(INSTANCE).md5 == hashlib.md5(DATA).hexdigest()


QUESTIONS = {
    name: fault
    for name, fault in RECOVERED.items()
    if "range" not in name and "flip" not in name and "whole" not in name
}


@pytest.mark.parametrize("fault", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_description_survives_the_same_faults(there: Archive, fault: Fault) -> None:
    there.orthanc.plan = Scripted([fault], routes={"info"})
    assert there.describe(INSTANCE).md5 == hashlib.md5(DATA).hexdigest()


def fetched(there: Archive) -> bytes:
    """As the spool does: a whole wrong body is asked for again, from its beginning."""
    attempts = there.client.attempts(Interest())
    wanted = there.describe(INSTANCE)
    while True:
        try:
            return b"".join(bytes(piece) for piece in there.client.body(wanted, attempts))
        except Corrupt as error:
            attempts.failed(error)


def test_bytes_received_before_a_cut_are_kept(control: Control) -> None:
    with FakeOrthanc() as orthanc, archive(orthanc, control, stall_seconds=1.5) as there:
        orthanc.add(INSTANCE, DATA)
        orthanc.plan = Scripted([faults.rst_after(200_000), faults.stall_after(50_000)])
        assert there.fetch(INSTANCE) == DATA
        ranges = [r.headers["range"] for r in orthanc.requests if "range" in r.headers]
    last = len(DATA) - 1
    assert ranges == [f"bytes=200000-{last}", f"bytes=250000-{last}"]


@pytest.mark.parametrize(
    ("code", "error"), [(401, Refused), (403, Forbidden), (404, NotFound), (204, Refused)]
)
@pytest.mark.parametrize("route", ["info", "data"])
def test_a_definite_refusal_is_never_asked_twice(
    there: Archive, code: int, error: type[Exception], route: str
) -> None:
    there.orthanc.plan = Always(faults.status(code), routes={route})
    with pytest.raises(error):
        there.fetch(INSTANCE)
    assert there.orthanc.counts[route] == 1


def test_a_redirect_is_never_followed(there: Archive) -> None:
    with FakeOrthanc() as elsewhere:
        there.orthanc.plan = Always(faults.redirect(elsewhere.url), routes={"info", "data"})
        with pytest.raises(Refused):
            there.fetch(INSTANCE)
        assert elsewhere.accepted == 0


def test_a_rotten_disk_is_named_after_three_fetches(there: Archive) -> None:
    there.orthanc.store.damage(INSTANCE, faults.flipped(DATA, 0.5))
    with pytest.raises(Damaged):
        fetched(there)
    assert there.orthanc.counts["data"] == 3


def test_a_file_cut_short_on_the_disk_is_named_after_three_fetches(there: Archive) -> None:
    there.orthanc.store.damage(INSTANCE, DATA[:1000])
    with pytest.raises(Damaged):
        fetched(there)
    assert there.orthanc.counts["data"] == 3


def test_an_archive_that_cannot_read_the_file_is_named_after_three_fetches(
    there: Archive,
) -> None:
    there.orthanc.plan = Always(faults.status(500))
    with pytest.raises(Damaged):
        fetched(there)
    assert there.orthanc.counts["data"] == 3


def test_a_question_the_archive_cannot_answer_is_no_damaged_object(there: Archive) -> None:
    there.orthanc.plan = Always(faults.status(500), routes={"tools/find"})
    with pytest.raises(UpstreamError) as caught:
        there.client.post("/tools/find", {"Level": "Study", "Query": {}}, Interest())
    assert not isinstance(caught.value, Damaged)
    assert there.orthanc.counts["tools/find"] == 3


def test_an_object_replaced_between_two_tries_is_never_spliced(there: Archive) -> None:
    other = DATA[:132] + Random(2).randbytes(300_000)
    there.orthanc.plan = Scripted([faults.overwritten_after(0.5, other)])
    with pytest.raises(Changed):
        fetched(there)


def test_without_stored_digests_a_replaced_object_is_noticed_too(there: Archive) -> None:
    other = DATA[:132] + Random(2).randbytes(300_000)
    there.orthanc.add(INSTANCE, DATA, md5="")

    def act(x: object) -> bool:
        return replaced.act(x)  # type: ignore[arg-type]

    replaced = faults.overwritten_after(0.5, other)
    there.orthanc.plan = Scripted([Fault("overwritten", act)])
    before = there.describe(INSTANCE)
    with pytest.raises((Changed, UpstreamError)):
        there.body(before)


def test_a_stale_pooled_connection_costs_no_retry(there: Archive) -> None:
    there.orthanc.plan = Scripted([None, faults.vanish(), None, faults.vanish(reset=True)])
    assert [there.fetch(INSTANCE) == DATA for _ in range(4)] == [True] * 4
    assert there.health.choose(0) == 0


def test_a_connection_idle_for_too_long_is_not_used_again(
    orthanc: FakeOrthanc, control: Control
) -> None:
    with archive(orthanc, control, idle_seconds=1e-6) as there:
        for _ in range(3):
            there.fetch(INSTANCE)
    assert orthanc.accepted == 6


def test_a_connection_is_used_again_at_once(there: Archive) -> None:
    for _ in range(3):
        there.fetch(INSTANCE)
    assert there.orthanc.accepted == 1


def test_an_archive_that_closes_after_each_answer_is_served_all_the_same(
    there: Archive,
) -> None:
    """Orthanc with KeepAlive false, or a balancer that speaks HTTP/1.0."""

    def act(x: object) -> bool:
        x.wire.send(x.reply.without("Connection").sized_head()[:-4])  # type: ignore[attr-defined]
        x.wire.send(b"\r\nConnection: close\r\n\r\n" + x.reply.body)  # type: ignore[attr-defined]
        return x.raw()  # type: ignore[attr-defined, no-any-return]

    there.orthanc.plan = Always(Fault("close", act), routes={"info", "data"})
    assert there.fetch(INSTANCE) == DATA
    assert there.orthanc.counts["data"] == 1


def test_no_more_connections_than_the_pool_allows(control: Control) -> None:
    with (
        FakeOrthanc(plan=Always(faults.slow_first_byte(0.02))) as orthanc,
        archive(orthanc, control, pool_size=6) as there,
    ):
        orthanc.add(INSTANCE, DATA)
        got: list[bytes] = []
        threads = [Thread(target=lambda: got.append(there.fetch(INSTANCE))) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert orthanc.peak <= 6
    assert [data == DATA for data in got] == [True] * 24


def test_more_readers_than_connections_wait_instead_of_failing(control: Control) -> None:
    """The wait for our own connections is no silence of the archive."""
    with (
        FakeOrthanc(plan=Always(faults.slow_first_byte(0.6))) as orthanc,
        archive(orthanc, control, pool_size=2, first_byte_seconds=2.0) as there,
    ):
        orthanc.add(INSTANCE, DATA)
        got: list[object] = []

        def fetch() -> None:
            try:
                got.append(there.fetch(INSTANCE) == DATA)
            except Exception as error:  # noqa: BLE001 - shown by the assertion
                got.append(error)

        threads = [Thread(target=fetch) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == [True] * 5


@pytest.mark.parametrize("fault", [faults.stall_after(0.5), faults.stall_before_headers()], ids=str)
def test_a_reader_that_leaves_frees_the_archive_at_once(
    orthanc: FakeOrthanc, control: Control, fault: Fault
) -> None:
    interest, ended = Interest(), list[type]()
    with archive(orthanc, control) as there:
        wanted = there.describe(INSTANCE)
        orthanc.plan = Always(fault)

        def fetch() -> None:
            try:
                there.body(wanted, interest)
            except Abandoned as error:
                ended.append(type(error))

        thread = Thread(target=fetch)
        thread.start()
        while not orthanc.counts["data"]:
            thread.join(0.005)
        interest.lose()
        thread.join(PATIENCE)
        assert ended == [Abandoned]
        assert orthanc.wait_for(connections=0)
        assert there.health.choose(0) == 0


def test_a_thousand_fetches_through_the_mix_are_exact(control: Control) -> None:
    with (
        FakeOrthanc(Plan(seed=7, rate=0.2)) as orthanc,
        archive(orthanc, control, retry_rate=10_000, **IMPATIENT) as there,
    ):
        orthanc.add(INSTANCE, DATA)
        assert [fetched(there) == DATA for _ in range(200)] == [True] * 200
        # 250 by the faults alone; a busy machine seems silent now and then.
        assert orthanc.counts["data"] <= 400
