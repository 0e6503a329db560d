"""A file's bytes, each exactly once (`resumed`) and proven before the last leaves (`proven`)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from pacs_proxy import metrics
from pacs_proxy.errors import Busy, Corrupt, UpstreamError
from pacs_proxy.upstream.attempts import Attempts

SMALLEST, LARGEST = 16 << 10, 256 << 10
# Holds a CT or MR slice of 512 x 512 with its header.
BUFFER = 640 << 10
_QUICK = 0.05
_SPARE_BUFFERS = 16


class Source(Protocol):
    """What `resumed` reads from."""

    def fill(self, view: memoryview) -> int:
        """Read until `view` is full or the body ends."""


@dataclass(frozen=True)
class Expected:
    """What the archive says it stored; `md5` is None where it keeps none."""

    size: int
    md5: str | None


Opener = Callable[[int, int], AbstractContextManager[Source]]


def resumed(
    open_at: Opener, size: int, attempts: Attempts, pieces: Pieces | None = None
) -> Generator[memoryview, None, None]:
    """Yield every byte once, reopening at the offset reached when the link breaks.

    `open_at(node, offset)` gives a source positioned there. A chunk stays valid until the
    second next one is asked for; its buffer is `pieces`', which whoever holds the last chunk
    back must keep open for as long.
    """
    offset, pieces = 0, pieces or Pieces(size)
    while offset < size:
        node = attempts.node()
        try:
            with open_at(node, offset) as source:
                while offset < size:
                    chunk = pieces.next(source, size - offset)
                    offset += len(chunk)
                    attempts.reached(offset)
                    yield chunk
            attempts.shared.health.succeeded(node)
        except (UpstreamError, Busy) as error:
            attempts.failed(error, node)
            metrics.UPSTREAM_RESUMES.inc(1 if offset else 0)


class Pieces:
    """Chunks of one file, in one buffer that files hand on: fresh memory costs more than a copy.

    A file that fits it lies there as a whole: nothing of it leaves before its digest. Larger
    ones come in two parts of it in turn, 16 KiB first, growing while the link is quick; with a
    second buffer each, 64 of them at once would take 40 MiB more.
    """

    _spare: ClassVar[list[memoryview]] = []

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._fits = size <= BUFFER
        self._buffers = [self._buffer()]
        whole = self._buffers[0]
        self._parts = [whole[:LARGEST], whole[LARGEST : 2 * LARGEST]]
        self._length, self._at, self._clock = SMALLEST, 0, clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spare.extend(self._buffers)
        del self._spare[_SPARE_BUFFERS:]

    def next(self, source: Source, left: int) -> memoryview:
        """The next chunk, at most `left` bytes long; it overwrites none that may be held back."""
        return self._beside(source, left) if self._fits else self._in_turn(source, left)

    def _beside(self, source: Source, left: int) -> memoryview:
        view = self._buffers[0][self._at : self._at + left]
        count = source.fill(view)
        self._at += count
        return view[:count]

    def _in_turn(self, source: Source, left: int) -> memoryview:
        """The parts change places only when a chunk has come.

        After a cut the same one is filled again: the other holds the last chunk, which `proven`
        has not handed on yet.
        """
        began = self._clock()
        view = self._parts[1][: min(self._length, left)]
        count = source.fill(view)
        self._parts.reverse()
        quick = self._clock() - began < _QUICK
        self._length = min(self._length * 4, LARGEST) if quick else SMALLEST
        return view[:count]

    @classmethod
    def _buffer(cls) -> memoryview:
        try:
            return cls._spare.pop()
        except IndexError:
            return memoryview(bytearray(BUFFER))


def proven(chunks: Iterable[memoryview], expected: Expected) -> Generator[memoryview, None, None]:
    """Yield the chunks, holding the last one back until length and digest agree.

    Raises Corrupt: nobody ever gets the full length of a wrong file.
    """
    digest, length = hashlib.md5(usedforsecurity=False), 0
    held: memoryview | None = None
    for chunk in chunks:
        digest.update(chunk)
        length += len(chunk)
        if held is not None:
            yield held
        held = chunk
    found = digest.hexdigest()
    if length != expected.size or expected.md5 not in {None, found}:
        metrics.UPSTREAM_CORRUPT.inc()
        raise Corrupt(
            f"Expected {expected.size} bytes with MD5 {expected.md5}, got {length} with {found}.",
            evidence=f"{length} {found}",
        )
    if held is not None:
        yield held
