"""tus 1.0.0 as a black box; where ours differs from the reference on purpose, both are asserted."""

import hashlib
import http.client
import time
from base64 import b64encode
from random import Random
from urllib.parse import urlsplit

import pytest

from tests.conformance.conftest import Target
from tests.sender import BYTES, TUS, checksum, metadata
from tests.waiting import PATIENCE

DATA = Random(21).randbytes(300_000)


def expect(target: Target, status: int, *, ours: int, reference: int) -> None:
    """A difference on purpose; when the reference comes to agree, this line can go."""
    assert ours != reference
    assert status == (ours if target.is_ours else reference)


# --- core protocol ---


def test_options_lists_versions_extensions_and_the_largest_file(target: Target) -> None:
    answer = target.sender.ask("OPTIONS", target.sender.path)
    assert answer.status in {200, 204}
    assert "1.0.0" in answer.headers["Tus-Version"].split(",")
    assert answer.headers["Tus-Max-Size"] == "20000000"
    offered = set(answer.headers["Tus-Extension"].split(","))
    assert {"creation", "creation-with-upload", "termination", "expiration"} <= offered
    assert ("checksum" in offered) == target.is_ours


def test_an_upload_begins_at_nothing(target: Target) -> None:
    answer = target.sender.head(target.sender.create(100))
    assert answer.status == 200
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("0", "100")
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.body == b""


@pytest.mark.parametrize("size", [1, 65_536, 100_000, len(DATA)])
def test_pieces_of_any_size_make_the_file(target: Target, size: int) -> None:
    length = min(len(DATA), size * 7)
    where = target.sender.create(length)
    for at in range(0, length, size):
        answer = target.sender.patch(where, at, DATA[at : min(at + size, length)], {})
        assert answer.status == 204
        assert int(answer.headers["Upload-Offset"]) == min(at + size, length)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert target.sender.offset(where) == length
    assert target.kept(where) == DATA[:length]


@pytest.mark.parametrize("offset", [0, 99, 101, 300_000])
def test_another_offset_is_409_and_nothing_moves(target: Target, offset: int) -> None:
    where = target.sender.create(len(DATA), DATA[:100])
    assert target.sender.patch(where, offset, DATA[:50], {}).status == 409
    assert target.sender.offset(where) == 100


def test_an_offset_must_be_given_and_be_a_number(target: Target) -> None:
    where = target.sender.create(10)
    for headers in (BYTES, {**BYTES, "Upload-Offset": "x"}, {**BYTES, "Upload-Offset": "-1"}):
        status = target.sender.ask("PATCH", where, headers, b"hello").status
        # The reference calls a missing or malformed header 403 or 400, by version.
        assert status in ({400} if target.is_ours else {400, 403})


def test_bytes_that_do_not_say_so_are_refused(target: Target) -> None:
    where = target.sender.create(10)
    whole = {**TUS, "Upload-Offset": "0", "Content-Type": "application/octet-stream"}
    status = target.sender.ask("PATCH", where, whole, b"hello").status
    expect(target, status, ours=415, reference=400)
    assert target.sender.offset(where) == 0


def test_an_unknown_upload_is_404_without_an_offset(target: Target) -> None:
    where = f"{target.sender.path}/{'0' * 32}"
    answer = target.sender.head(where)
    assert answer.status == 404
    assert "Upload-Offset" not in answer.headers
    assert target.sender.patch(where, 0, b"x", {}).status == 404
    assert target.sender.delete(where).status == 404


def test_a_whole_upload_stays_where_it_is(target: Target) -> None:
    where = target.sender.create(5, b"hello")
    assert target.sender.offset(where) == 5
    assert target.sender.patch(where, 0, b"again", {}).status == 409
    assert target.kept(where) == b"hello"


def test_another_version_is_412_and_told_ours(target: Target) -> None:
    headers = {"Tus-Resumable": "0.2.2", "Upload-Length": "5"}
    answer = target.sender.ask("POST", target.sender.path, headers, b"")
    # The protocol wants 412.
    expect(target, answer.status, ours=412, reference=400)
    if target.is_ours:
        assert "1.0.0" in answer.headers["Tus-Version"]


def test_no_version_at_all_is_412(target: Target) -> None:
    status = target.sender.ask("POST", target.sender.path, {"Upload-Length": "5"}, b"").status
    # The protocol wants the header on every request.
    assert status == 412


def test_the_chunk_must_not_go_beyond_the_end(target: Target) -> None:
    where = target.sender.create(10)
    assert target.sender.patch(where, 0, bytes(11), {}).status in {400, 413}
    assert target.sender.offset(where) <= 10


def test_a_cut_chunk_leaves_what_came_and_goes_on_from_there(target: Target) -> None:
    where = target.sender.create(len(DATA))
    target.sender.cut(where, 0, DATA, 150_000)
    # As clients do: what was still on its way may move the offset a moment after it was told.
    deadline = time.monotonic() + PATIENCE
    status = 409
    while status in {409, 423}:
        assert time.monotonic() < deadline
        at = target.sender.offset(where)
        assert at <= 150_000
        status = target.sender.patch(where, at, DATA[at:], {}).status
    assert status == 204
    assert target.kept(where) == DATA


def test_method_overrides(target: Target) -> None:
    """The protocol wants them for old browsers; Orthanc would obey them, so we refuse them all."""
    where = target.sender.create(5)
    headers = {**BYTES, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    status = target.sender.ask("POST", where, headers, b"hello").status
    if target.is_ours:
        assert status in {400, 405}
    assert target.sender.offset(where) in ({0} if target.is_ours else {0, 5})


# --- creation, creation-with-upload ---


@pytest.mark.parametrize("length", ["", "-1", "x", "1.5", "0x10"])
def test_a_length_that_is_none_is_400(target: Target, length: str) -> None:
    headers = {**TUS, "Upload-Length": length} if length else TUS
    assert target.sender.ask("POST", target.sender.path, headers, b"").status == 400


def test_a_file_above_the_limit_is_413(target: Target) -> None:
    assert target.sender.post(20_000_001).status == 413
    assert target.sender.post(20_000_000).status == 201


def test_a_length_may_be_given_later(target: Target) -> None:
    """We always know it: what is refused before a byte must be judged by it."""
    headers = {**TUS, "Upload-Defer-Length": "1"}
    status = target.sender.ask("POST", target.sender.path, headers, b"").status
    expect(target, status, ours=400, reference=201)


def test_metadata_is_told_by_head(target: Target) -> None:
    given = metadata(name="Ä/IM 1", other="x")
    headers = {**TUS, "Upload-Length": "5", **given}
    answer = target.sender.ask("POST", target.sender.path, headers, b"")
    told = target.sender.head(urlsplit(answer.headers["Location"]).path).headers["Upload-Metadata"]
    assert told == given["Upload-Metadata"]


def test_malformed_metadata_is_400(target: Target) -> None:
    headers = {**TUS, "Upload-Length": "5", "Upload-Metadata": "name !!!"}
    assert target.sender.ask("POST", target.sender.path, headers, b"").status == 400


@pytest.mark.parametrize("size", [1, 1000, len(DATA)])
def test_the_first_bytes_may_come_along(target: Target, size: int) -> None:
    answer = target.sender.post(len(DATA), DATA[:size])
    assert answer.status == 201
    assert answer.headers["Upload-Offset"] == str(size)
    where = urlsplit(answer.headers["Location"]).path
    assert target.sender.offset(where) == size
    assert target.kept(where)[:size] == DATA[:size]


def test_an_empty_file_is_whole_at_once(target: Target) -> None:
    where = target.sender.create(0)
    assert target.sender.offset(where) == 0
    assert target.kept(where) == b""


def test_asking_twice_with_a_key_makes_one_upload(target: Target) -> None:
    """Browsers re-send a creation by themselves when a connection breaks."""
    places = {target.sender.create(5, key=f"twice-{target.name}") for _ in range(2)}
    assert len(places) == (1 if target.is_ours else 2)


# --- checksum ---


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_right_checksum_is_taken(target: Target, algorithm: str) -> None:
    where = target.sender.create(len(DATA))
    digest = b64encode(hashlib.new(algorithm, DATA).digest()).decode()
    headers = {"Upload-Checksum": f"{algorithm} {digest}"}
    assert target.sender.patch(where, 0, DATA, headers).status == 204
    assert target.kept(where) == DATA


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_wrong_checksum_is_460_and_discards_the_chunk(target: Target, algorithm: str) -> None:
    """The reference does not offer the extension: it would keep the damage."""
    where = target.sender.create(len(DATA))
    digest = b64encode(hashlib.new(algorithm, b"other").digest()).decode()
    headers = {"Upload-Checksum": f"{algorithm} {digest}"}
    status = target.sender.patch(where, 0, DATA, headers).status
    expect(target, status, ours=460, reference=204)
    assert target.sender.offset(where) == (0 if target.is_ours else len(DATA))


def test_an_unknown_algorithm_is_400(target: Target) -> None:
    where = target.sender.create(5)
    status = target.sender.patch(where, 0, b"hello", {"Upload-Checksum": "crc32 AAAA"}).status
    expect(target, status, ours=400, reference=204)


def test_a_cut_chunk_with_a_checksum_leaves_nothing(target: Target) -> None:
    where = target.sender.create(len(DATA))
    target.sender.cut(where, 0, DATA, 150_000, checksum(DATA))
    assert target.sender.offset(where) == 0 or not target.is_ours


# --- termination, expiration ---


def test_termination_ends_it_for_good(target: Target) -> None:
    where = target.sender.create(len(DATA), DATA[:100])
    assert target.sender.delete(where).status == 204
    assert target.sender.head(where).status in {404, 410}
    assert target.sender.patch(where, 100, DATA[100:], {}).status in {404, 410}
    assert target.sender.delete(where).status in {404, 410}


def test_an_unfinished_upload_says_when_it_expires(target: Target) -> None:
    created = target.sender.post(10)
    patched = target.sender.patch(urlsplit(created.headers["Location"]).path, 0, b"12345", {})
    for answer in (created, patched):
        assert answer.headers["Upload-Expires"].endswith("GMT")


# --- what travels ---


def test_a_body_of_unknown_length(target: Target) -> None:
    """curl -T - sends one; the edge must know what to expect, so that it can tell a cut."""
    where = target.sender.create(10)
    connection = http.client.HTTPConnection(*target.sender.address, timeout=PATIENCE)
    try:
        headers = {**BYTES, "Upload-Offset": "0", "Transfer-Encoding": "chunked"}
        connection.request("PATCH", where, iter([b"hello", b"world"]), headers, encode_chunked=True)
        status = connection.getresponse().status
    finally:
        connection.close()
    assert status == (411 if target.name == "edge" else 204)
