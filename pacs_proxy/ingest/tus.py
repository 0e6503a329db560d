"""tus 1.0.0 as rules without I/O: (state, request) → (state, answer).

Core with creation, creation-with-upload, termination, checksum and expiration. Two rules are
ours: a chunk with a checksum is taken whole or not at all, and a gzip-coded chunk needs one.
Offsets, lengths and checksums always mean the file's own bytes, whatever the coding.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

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

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
# tus wants sha1 offered; ours is sha256.
ALGORITHMS = {"sha256": 32, "sha1": 20}
MEDIA = "application/offset+octet-stream"
CODING = "gzip"

# As many digits as any file has; longer ones are somebody's joke.
_NUMBER = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_KEY = re.compile(r"[!-+\--~]{1,64}\Z", re.ASCII)
_LONGEST_METADATA = 6 << 10
GONE = {
    "expired": "Nobody went on with this upload for too long; begin it again.",
    "cancelled": "This upload was cancelled.",
    "lost": "The server no longer has the first part of this file; begin it again.",
}

Headers = Mapping[str, str]


@dataclass(frozen=True)
class State:
    """What the rules know of an upload; `ended` is why no more bytes are taken, if so."""

    length: int
    offset: int = 0
    ended: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the last byte is there."""
        return self.offset == self.length


@dataclass(frozen=True)
class Chunk:
    """One body: where it goes, its bytes on the wire (None: chunked), what it must be."""

    offset: int
    size: int | None
    sha256: bytes | None = None
    is_gzip: bool = False
    sha1: bytes | None = None

    @property
    def is_checked(self) -> bool:
        """Whether the client says what the bytes must be: then they come whole or not at all."""
        return self.sha256 is not None or self.sha1 is not None


@dataclass(frozen=True)
class Creation:
    """A new upload; `chunk` when the request brings its first bytes along."""

    length: int
    metadata: Mapping[str, str]
    chunk: Chunk | None = None


@dataclass(frozen=True)
class Received:
    """What came of a chunk: its own bytes that lie on the disk, and why it ended early if so."""

    count: int
    sha256: bytes
    failure: PacsProxyError | None = None
    sha1: bytes = b""


def greeting(largest: int) -> dict[str, str]:
    """The headers of the answer to OPTIONS."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(largest),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Accept-Encoding": CODING,
    }


def require_version(headers: Headers) -> None:
    """WrongVersion (412) unless the client speaks 1.0.0; every method but OPTIONS asks."""
    if headers.get("Tus-Resumable") != VERSION:
        raise WrongVersion(f"Send Tus-Resumable: {VERSION}; no other version is spoken here.")


def creation(headers: Headers) -> Creation:
    """Read the headers of a POST."""
    require_version(headers)
    if "Upload-Defer-Length" in headers:
        raise BadRequest("Upload-Defer-Length is not offered; give Upload-Length.")
    length = _number(headers, "Upload-Length")
    metadata = parsed_metadata(headers.get("Upload-Metadata", ""))
    has_body = headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers
    if not has_body:
        return Creation(length, metadata)
    return Creation(length, metadata, _chunk(headers, 0))


def patch(headers: Headers) -> Chunk:
    """Read the headers of a PATCH."""
    require_version(headers)
    return _chunk(headers, _number(headers, "Upload-Offset"))


def admit(state: State, chunk: Chunk) -> int:
    """How many of the file's own bytes may come now; raises instead when none may."""
    require_open(state)
    if chunk.offset != state.offset:
        raise OffsetConflict(
            f"The upload goes on at {state.offset}, not at {chunk.offset}; ask with HEAD."
        )
    room = state.length - state.offset
    if not chunk.is_gzip and chunk.size is not None and chunk.size > room:
        raise TooLarge("The chunk goes beyond the announced length.", room, chunk.size)
    return room


def require_open(state: State) -> None:
    """UploadGone (410) for an upload that is over without being whole."""
    if state.ended in GONE:
        kind = UploadExpired if state.ended == "expired" else UploadGone
        raise kind(GONE[state.ended])


def take(state: State, chunk: Chunk, received: Received) -> tuple[State, PacsProxyError | None]:
    """The state after a chunk, and the error to answer with; None is success.

    Call it with what is durable: the offset it gives is a promise.
    """
    if chunk.is_checked:
        failure = received.failure or _mismatch(chunk, received)
        if failure:
            return state, failure
    return replace(state, offset=state.offset + received.count), received.failure


def placed(state: State, expires: str = "") -> dict[str, str]:
    """The headers that tell where an upload is; `expires` is an HTTP date while it is open."""
    headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(state.offset)}
    return {**headers, "Upload-Expires": expires} if expires and not state.is_whole else headers


def parsed_metadata(header: str) -> dict[str, str]:
    """Upload-Metadata: keys with base64 values, each of them UTF-8 here."""
    if len(header) > _LONGEST_METADATA:
        raise BadRequest(f"Upload-Metadata may have {_LONGEST_METADATA} characters.")
    pairs = [pair.strip().partition(" ") for pair in header.split(",") if pair.strip()]
    names = [name for name, _, _ in pairs]
    if not all(_KEY.match(name) for name in names) or len(set(names)) != len(names):
        raise BadRequest("Upload-Metadata needs different ASCII keys without spaces and commas.")
    return {name: _text(value.strip()) for name, _, value in pairs}


def _text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise BadRequest("Upload-Metadata values must be UTF-8 in base64.") from None


def _chunk(headers: Headers, offset: int) -> Chunk:
    if headers.get("Content-Type", "").strip().lower() != MEDIA:
        raise WrongMedia(f"Send the bytes as Content-Type: {MEDIA}.")
    is_chunked = "Transfer-Encoding" in headers
    size = None if is_chunked else _number(headers, "Content-Length")
    digests = _digests(headers.get("Upload-Checksum"))
    coding = headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", CODING}:
        raise WrongMedia(f"Content-Encoding may be {CODING} or nothing.")
    if coding == CODING and not digests:
        raise BadRequest(f"A chunk coded with {CODING} needs an Upload-Checksum.")
    sha256, sha1 = digests.get("sha256"), digests.get("sha1")
    return Chunk(offset, size, sha256, coding == CODING, sha1)


def _digests(header: str | None) -> dict[str, bytes]:
    """By algorithm; empty without a header."""
    if header is None:
        return {}
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        names = " or ".join(ALGORITHMS)
        raise BadRequest(f"Upload-Checksum must be {names} and a digest in base64.")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != ALGORITHMS[algorithm]:
        raise BadRequest(f"Upload-Checksum must hold the digest of {algorithm} in base64.")
    return {algorithm: digest}


def _number(headers: Headers, name: str) -> int:
    value = headers.get(name, "")
    if not _NUMBER.match(value):
        raise BadRequest(f"{name} must be given as a whole number of bytes.")
    return int(value)


def _mismatch(chunk: Chunk, received: Received) -> PacsProxyError | None:
    pairs = ((chunk.sha256, received.sha256), (chunk.sha1, received.sha1))
    if all(wanted in (None, got) for wanted, got in pairs):
        return None
    return ChecksumMismatch("The chunk differs from its checksum; send it again.")


def cut(got: int, announced: int) -> BodyCut:
    """The error for a body that ended early."""
    return BodyCut(f"Only {got} of {announced} bytes came; ask with HEAD and go on from there.")
