"""Each fault does on the wire what its name says, seen by a raw socket."""

import gzip
import zlib
from collections.abc import Mapping
from time import monotonic

import pytest

from tests.fakes import Always, FakeOrthanc, Scripted, faults
from tests.fakes.conftest import DATA, INSTANCE
from tests.fakes.exchange import Fault
from tests.fakes.listener import NONE, QUIET, Heard, ask, connect, fetch, hear
from tests.waiting import PATIENCE, until

BYTES = f"/instances/{INSTANCE}/attachments/dicom/data"
SIZE = len(DATA)


def met(
    orthanc: FakeOrthanc,
    fault: Fault,
    headers: Mapping[str, str] = NONE,
    quiet: float | None = None,
    least: int = 0,
) -> Heard:
    orthanc.plan = Scripted([fault])
    heard = fetch(orthanc.port, BYTES, headers, quiet, least)
    until(lambda: orthanc.faults)
    assert [(n, f.name) for n, _, f in orthanc.faults] == [(0, fault.name)]
    return heard


def length(heard: Heard) -> int:
    return int(heard.header("Content-Length")[0])


@pytest.mark.parametrize(("at", "count"), [(1000, 1000), (0.5, SIZE // 2), (-1, SIZE - 1), (0, 0)])
def test_rst_after_sends_that_much_and_resets(
    orthanc: FakeOrthanc, at: int | float, count: int
) -> None:
    heard = met(orthanc, faults.rst_after(at))
    assert (heard.body, heard.end, length(heard)) == (DATA[:count], "rst", SIZE)


def test_fin_after_sends_that_much_and_closes(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.fin_after(1000))
    assert (heard.body, heard.end, length(heard)) == (DATA[:1000], "fin", SIZE)


@pytest.mark.parametrize(("reset", "end"), [(False, "fin"), (True, "rst")])
def test_vanish_ends_without_a_byte(orthanc: FakeOrthanc, reset: bool, end: str) -> None:
    heard = met(orthanc, faults.vanish(reset))
    assert (heard.data, heard.end) == (b"", end)


def test_stall_after_is_silent_and_ends_when_the_reader_leaves(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.stall_after(1000), quiet=QUIET, least=1000)
    assert (heard.body, heard.end, length(heard)) == (DATA[:1000], "quiet", SIZE)
    assert orthanc.wait_for(connections=0)


def test_a_stall_with_an_end_delivers_the_rest(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Scripted([faults.stall_after(1000, 0.3)])
    started = monotonic()
    assert fetch(orthanc.port, BYTES).body == DATA
    assert monotonic() - started > 0.3


def test_stall_before_headers_says_nothing(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.stall_before_headers(), quiet=QUIET)
    assert (heard.data, heard.end) == (b"", "quiet")


def test_slow_first_byte_is_late_and_whole(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Scripted([faults.slow_first_byte(0.3)])
    started = monotonic()
    assert fetch(orthanc.port, BYTES).body == DATA
    assert monotonic() - started > 0.3


def test_drip_keeps_its_rate(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Scripted([faults.drip(100.0, SIZE - 40)])
    started = monotonic()
    assert fetch(orthanc.port, BYTES).body == DATA
    assert monotonic() - started > 0.35


def test_headers_cut_ends_inside_the_headers(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.headers_cut(60))
    assert (len(heard.data), heard.end) == (60, "fin")
    assert heard.data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in heard.data


def test_no_length_has_no_framing_at_all(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.no_length(0.5))
    assert (heard.body, heard.end) == (DATA[: SIZE // 2], "fin")
    assert heard.header("Content-Length") == heard.header("Transfer-Encoding") == []
    assert heard.header("Connection") == ["close"]


@pytest.mark.parametrize(
    ("where", "ending"),
    [("in", DATA[: SIZE // 2 + SIZE // 4][-20:]), ("between", b"\r\n"), ("after", b"\r\n0\r\n")],
)
def test_chunked_cut_ends_where_it_says(orthanc: FakeOrthanc, where: str, ending: bytes) -> None:
    heard = met(orthanc, faults.chunked_cut(where))
    assert heard.header("Transfer-Encoding") == ["chunked"]
    assert heard.end == "fin"
    assert not heard.data.endswith(b"0\r\n\r\n")
    assert (ending[:8] in heard.body) if where == "in" else heard.data.endswith(ending)


def test_short_length_agrees_with_its_short_body(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.short_length(100))
    assert (heard.body, length(heard), heard.end) == (DATA[:-100], SIZE - 100, "quiet")


def test_long_length_promises_more_than_comes(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.long_length(100))
    assert (heard.body, length(heard), heard.end) == (DATA, SIZE + 100, "fin")


@pytest.mark.parametrize(
    ("fault", "lengths"),
    [
        (faults.duplicate_length, [str(SIZE), str(SIZE)]),
        (faults.conflicting_length, [str(SIZE), "17"]),
        (faults.negative_length, ["-1"]),
    ],
)
def test_odd_lengths_are_sent_as_named(
    orthanc: FakeOrthanc, fault: Fault, lengths: list[str]
) -> None:
    heard = met(orthanc, fault)
    assert (heard.header("Content-Length"), heard.body) == (lengths, DATA)


def test_length_and_chunked_come_together(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.length_and_chunked, quiet=PATIENCE)
    assert heard.header("Content-Length") == [str(SIZE)]
    assert heard.header("Transfer-Encoding") == ["chunked"]
    assert heard.body.endswith(b"\r\n0\r\n\r\n")


def test_extra_bytes_follow_on_a_connection_that_stays_open(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Scripted([faults.extra_bytes(b"EVIL")])
    with connect(orthanc.port) as sock:
        ask(sock, BYTES)
        heard = hear(sock, least=SIZE + 200)
        assert (heard.body, length(heard)) == (DATA + b"EVIL", SIZE)
        ask(sock, BYTES)
        assert hear(sock).body == DATA


def test_bit_flip_changes_one_bit_and_keeps_length_and_etag(orthanc: FakeOrthanc) -> None:
    good = fetch(orthanc.port, BYTES)
    heard = met(orthanc, faults.bit_flip(500, 3))
    changed = [(i, a ^ b) for i, (a, b) in enumerate(zip(heard.body, DATA, strict=True)) if a != b]
    assert changed == [(500, 8)]
    assert heard.header("ETag") == good.header("ETag")


def test_always_the_same_flip_is_the_same_wrong_file_each_time(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Always(faults.bit_flip(500))
    first, second = fetch(orthanc.port, BYTES).body, fetch(orthanc.port, BYTES).body
    assert first == second != DATA


def test_wrong_range_is_honest_about_other_bytes(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.wrong_range(8), {"Range": "bytes=100-"})
    assert (heard.status, heard.body) == (206, DATA[108:])
    assert heard.header("Content-Range") == [f"bytes 108-{SIZE - 1}/{SIZE}"]


def test_lying_range_claims_what_was_asked(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.lying_range(8), {"Range": "bytes=100-"})
    assert (heard.status, heard.body) == (206, DATA[108:])
    assert heard.header("Content-Range") == [f"bytes 100-{SIZE - 9}/{SIZE}"]


def test_changed_etag_is_on_the_206(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.changed_etag("ab" * 16), {"Range": "bytes=100-"})
    assert (heard.status, heard.body) == (206, DATA[100:])
    assert heard.header("ETag") == [f'"0-{"ab" * 16}"']


def test_overwritten_after_cuts_and_is_another_file_next_time(orthanc: FakeOrthanc) -> None:
    before = orthanc.store.get(INSTANCE)
    heard = met(orthanc, faults.overwritten_after(1000, DATA[::-1]))
    after = orthanc.store.get(INSTANCE)
    assert (heard.body, heard.end) == (DATA[:1000], "fin")
    assert fetch(orthanc.port, BYTES).body == DATA[::-1]
    assert before is not None
    assert after is not None
    assert before.uuid != after.uuid
    assert before.md5 != after.md5


@pytest.mark.parametrize(
    ("fault", "code", "body"),
    [
        (faults.html_200, 200, faults.HTML),
        (faults.empty_200, 200, b""),
        (faults.status(404), 404, b""),
        (faults.unauthorized, 401, b""),
        (faults.forbidden, 403, b""),
        (faults.status(500), 500, b""),
        (faults.with_body_204, 204, DATA),
    ],
)
def test_another_answer_comes_well_framed(
    orthanc: FakeOrthanc, fault: Fault, code: int, body: bytes
) -> None:
    heard = met(orthanc, fault)
    assert (heard.status, heard.body, length(heard)) == (code, body, len(body))


def test_json_200_redirect_and_retry_after_carry_their_headers(orthanc: FakeOrthanc) -> None:
    orthanc.plan = Scripted(
        [faults.json_200, faults.redirect("http://198.51.100.1/"), faults.status(503, 2)]
    )
    json_, moved, busy = (fetch(orthanc.port, BYTES) for _ in range(3))
    assert json_.header("Content-Type") == ["application/json; charset=utf-8"]
    assert (moved.status, moved.header("Location")) == (302, ["http://198.51.100.1/"])
    assert (busy.status, busy.header("Retry-After")) == (503, ["2"])


def test_gzip_truncated_cannot_be_unpacked_to_the_end(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.gzip_truncated(0.5))
    assert heard.header("Content-Encoding") == ["gzip"]
    assert length(heard) == len(heard.body)
    with pytest.raises(EOFError):
        gzip.decompress(heard.body)


def test_gzip_bomb_unpacks_to_its_size(orthanc: FakeOrthanc) -> None:
    heard = met(orthanc, faults.gzip_bomb(8 << 20))
    assert len(heard.body) < 20_000
    assert len(zlib.decompress(heard.body, wbits=31)) == 8 << 20
