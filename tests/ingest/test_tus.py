"""The rules of tus 1.0, and what they promise whatever order requests come in."""

import base64
import hashlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pacs_proxy.errors import BadRequest, BodyCut, PacsProxyError
from pacs_proxy.errors.uploads import (
    ChecksumMismatch,
    OffsetConflict,
    TooLarge,
    UploadExpired,
    UploadGone,
    WrongMedia,
    WrongVersion,
)
from pacs_proxy.ingest import tus

BASE = {"Tus-Resumable": "1.0.0"}
PATCH = {**BASE, "Content-Type": tus.MEDIA, "Upload-Offset": "0", "Content-Length": "5"}
DIGEST = hashlib.sha256(b"hello").digest()
CHECKSUM = "sha256 " + base64.b64encode(DIGEST).decode()


@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0.1", "1.0.0 "])
def test_another_version_is_412(version: str | None) -> None:
    headers = {"Upload-Length": "1"} | ({} if version is None else {"Tus-Resumable": version})
    with pytest.raises(WrongVersion):
        tus.creation(headers)
    with pytest.raises(WrongVersion):
        tus.patch(headers)


@pytest.mark.parametrize("length", ["", "-1", "+1", "1.0", "0x1", "1" * 16, "٣", "1\n", "a"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Length"):
        tus.creation({**BASE, "Upload-Length": length})


def test_a_length_must_be_known() -> None:
    with pytest.raises(BadRequest, match="Defer"):
        tus.creation({**BASE, "Upload-Defer-Length": "1"})


def test_creation_with_and_without_first_bytes() -> None:
    plain = tus.creation({**BASE, "Upload-Length": "10", "Content-Length": "0"})
    assert plain == tus.Creation(10, {})
    with_body = {**PATCH, "Upload-Length": "10", "Upload-Checksum": CHECKSUM}
    assert tus.creation(with_body).chunk == tus.Chunk(0, 5, DIGEST)


@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","),
                min_size=1, max_size=20),
        st.text(max_size=40), max_size=6,
    )
)  # fmt: skip
def test_metadata_comes_through(pairs: dict[str, str]) -> None:
    header = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
    assert tus.parsed_metadata(header) == pairs


@pytest.mark.parametrize(
    "header", ["a !!", "a YQ==,a YQ==", "ä YQ==", "a /w==", "a b c", "x" * 65 + " YQ=="]
)
def test_metadata_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Metadata"):
        tus.parsed_metadata(header)


def test_bytes_must_say_that_they_are_bytes() -> None:
    for media in ("application/json", "text/plain", "", "multipart/form-data; boundary=x"):
        with pytest.raises(WrongMedia):
            tus.patch({**PATCH, "Content-Type": media})


@pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip"])
def test_an_unknown_coding_is_415(coding: str) -> None:
    with pytest.raises(WrongMedia):
        tus.patch({**PATCH, "Content-Encoding": coding, "Upload-Checksum": CHECKSUM})


def test_gzip_needs_a_checksum() -> None:
    with pytest.raises(BadRequest, match="Checksum"):
        tus.patch({**PATCH, "Content-Encoding": "gzip"})
    coded = tus.patch({**PATCH, "Content-Encoding": "gzip", "Upload-Checksum": CHECKSUM})
    assert coded.is_gzip


@pytest.mark.parametrize(
    "checksum", ["", "sha256", "sha256 !", "sha1 YQ==", "md5 YQ==", CHECKSUM[7:], "SHA256 YQ=="]
)
def test_a_checksum_we_cannot_check_is_refused(checksum: str) -> None:
    with pytest.raises(BadRequest, match="Upload-Checksum"):
        tus.patch({**PATCH, "Upload-Checksum": checksum})


@pytest.mark.parametrize("offset", [0, 4, 6, 10])
def test_only_the_right_offset_is_admitted(offset: int) -> None:
    with pytest.raises(OffsetConflict):
        tus.admit(tus.State(10, 5), tus.Chunk(offset, 1))


def test_a_chunk_beyond_the_length_is_refused_before_it_comes() -> None:
    with pytest.raises(TooLarge) as refused:
        tus.admit(tus.State(10, 5), tus.Chunk(5, 6))
    assert (refused.value.limit, refused.value.got) == (5, 6)
    # What a coded body grows to is not known yet: it gets no more than the rest.
    assert tus.admit(tus.State(10, 5), tus.Chunk(5, 6, DIGEST, is_gzip=True)) == 5


@pytest.mark.parametrize(
    ("ended", "kind"), [("expired", UploadExpired), ("cancelled", UploadGone), ("lost", UploadGone)]
)
def test_an_upload_that_is_over_takes_nothing(ended: str, kind: type[PacsProxyError]) -> None:
    with pytest.raises(kind):
        tus.admit(tus.State(10, 0, ended), tus.Chunk(0, 5))


def test_a_chunk_with_a_checksum_is_taken_whole_or_not_at_all() -> None:
    state, chunk = tus.State(10), tus.Chunk(0, 5, DIGEST)
    assert tus.take(state, chunk, tus.Received(5, DIGEST)) == (tus.State(10, 5), None)
    unchanged, failure = tus.take(state, chunk, tus.Received(5, bytes(32)))
    assert (unchanged, type(failure)) == (state, ChecksumMismatch)
    unchanged, failure = tus.take(state, chunk, tus.Received(3, DIGEST, tus.cut(3, 5)))
    assert (unchanged, type(failure)) == (state, BodyCut)


def test_sha1_is_understood_as_tus_demands() -> None:
    digest = hashlib.sha1(b"hello").digest()
    header = "sha1 " + base64.b64encode(digest).decode()
    chunk = tus.patch({**PATCH, "Upload-Checksum": header})
    assert chunk.sha1 == digest
    state = tus.State(10)
    _, failure = tus.take(state, chunk, tus.Received(5, DIGEST, None, digest))
    assert failure is None
    unchanged, failure = tus.take(state, chunk, tus.Received(5, DIGEST, None, bytes(20)))
    assert (unchanged, type(failure)) == (state, ChecksumMismatch)


def test_without_a_checksum_what_came_is_kept() -> None:
    cut = tus.cut(3, 5)
    assert tus.take(tus.State(10), tus.Chunk(0, 5), tus.Received(3, b"", cut)) == (
        tus.State(10, 3),
        cut,
    )


def test_only_an_unfinished_upload_expires() -> None:
    assert "Upload-Expires" in tus.placed(tus.State(10, 5), "a date")
    assert "Upload-Expires" not in tus.placed(tus.State(10, 10), "a date")


@dataclass
class Disk:
    """What the server of the model has: a file, and the state that it promised."""

    state: tus.State
    file: bytearray = field(default_factory=bytearray)
    acknowledged: int = 0


class AnyOrder(RuleBasedStateMachine):
    """Requests of one file, cut, flipped, repeated, out of order, with crashes in between."""

    @initialize(data=st.binary(min_size=1, max_size=200))
    def begin(self, data: bytes) -> None:
        self.data, self.keys = data, {"key": Disk(tus.State(len(data)))}

    @property
    def disk(self) -> Disk:
        return self.keys["key"]

    @rule()
    def create_again(self) -> None:
        self.keys.setdefault("key", Disk(tus.State(len(self.data))))

    @rule(
        at=st.integers(0, 200),
        right=st.booleans(),
        size=st.integers(0, 200),
        checked=st.booleans(),
        cut=st.one_of(st.none(), st.integers(0, 200)),
        flip=st.booleans(),
        crash=st.sampled_from(["", "", "before commit", "before answer"]),
    )
    def send(
        self,
        at: int,
        right: bool,
        size: int,
        checked: bool,
        cut: int | None,
        flip: bool,
        crash: str,
    ) -> None:
        offset = self.disk.state.offset if right else at
        body = self.data[offset : offset + size]
        digest = hashlib.sha256(body).digest() if checked else None
        chunk = tus.Chunk(offset, len(body), digest)
        try:
            room = tus.admit(self.disk.state, chunk)
        except PacsProxyError:
            return
        assert len(body) <= room
        # Damage without a checksum cannot be seen by anybody; the client's checksum sees it.
        arrived = bytes([*body[:-1], body[-1] ^ 1]) if flip and checked and body else body
        arrived = arrived if cut is None else arrived[:cut]
        failure = tus.cut(len(arrived), len(body)) if len(arrived) < len(body) else None
        self.disk.file[offset : offset + len(arrived)] = arrived
        received = tus.Received(len(arrived), hashlib.sha256(arrived).digest(), failure)
        after, _ = tus.take(self.disk.state, chunk, received)
        if crash == "before commit":
            return
        assert after.offset >= self.disk.state.offset
        self.disk.state = after
        if crash != "before answer":
            self.disk.acknowledged = after.offset

    @invariant()
    def nothing_acknowledged_is_lost_or_wrong(self) -> None:
        offset = self.disk.state.offset
        assert self.disk.acknowledged <= offset <= len(self.data)
        assert bytes(self.disk.file[:offset]) == self.data[:offset]


TestAnyOrder = AnyOrder.TestCase
