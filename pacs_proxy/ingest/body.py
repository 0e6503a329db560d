"""A request's body as the file's own bytes: counted, inflated, never more than it has room."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

from pacs_proxy.errors import BadRequest, BodyCut
from pacs_proxy.errors.uploads import TooLarge
from pacs_proxy.ingest import tus

PIECE = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS

# Up to so many bytes of the body; fewer or none only at its end. Raises UploadFailed.
Read = Callable[[int], bytes]


def identity(read: Read, chunk: tus.Chunk, room: int, most: int) -> Iterator[bytes]:
    """The chunk's own bytes in pieces of at most 1 MiB.

    room: bytes the file still lacks; most: bytes of one request on the wire. Whatever is wrong
    is raised after the pieces that came before it.
    """
    wire = counted(read, chunk.size, most)
    return _inflated(wire, room) if chunk.is_gzip else _bounded(wire, room)


def counted(read: Read, announced: int | None, most: int) -> Iterator[bytes]:
    """The body as it comes; BodyCut when it ends early, which gunicorn passes as complete."""
    if announced is not None and announced > most:
        raise TooLarge(f"One request may carry {most} bytes; send smaller chunks.", most, announced)
    got, end = 0, most + 1 if announced is None else announced
    while got < end:
        piece = read(min(PIECE, end - got))
        if not piece:
            break
        got += len(piece)
        yield piece
    if announced is None and got > most:
        raise TooLarge(f"One request may carry {most} bytes; send smaller chunks.", most, got)
    if announced is not None and got < announced:
        raise tus.cut(got, announced)


def _bounded(wire: Iterator[bytes], room: int) -> Iterator[bytes]:
    """Only a chunked body can be longer than it may: others were refused by their length."""
    left = room
    for piece in wire:
        if len(piece) > left:
            raise _beyond(room)
        left -= len(piece)
        yield piece


def _inflated(wire: Iterator[bytes], room: int) -> Iterator[bytes]:
    """One gzip member (RFC 1952); what it may grow to is what the file still lacks."""
    inflate, left = zlib.decompressobj(_GZIP), room
    for coded in wire:
        for piece in _grown(inflate, coded):
            left -= len(piece)
            if left < 0:
                raise _beyond(room)
            yield piece
        if inflate.unused_data:
            raise BadRequest("There are bytes behind the gzip data.")
    if not inflate.eof:
        raise BodyCut("The gzip data ends early; send the chunk again.")


def _grown(inflate: zlib._Decompress, coded: bytes) -> Iterator[bytes]:
    """All that one piece grows to; what it did not need is `unused_data`."""
    try:
        while piece := inflate.decompress(coded, PIECE):
            yield piece
            # More may be in its window even when no input is left.
            coded = inflate.unconsumed_tail
    except zlib.error:
        raise BadRequest("The body is not gzip, or was damaged; send the chunk again.") from None


def _beyond(room: int) -> TooLarge:
    return TooLarge("The chunk goes beyond the announced length.", room, room + 1)
