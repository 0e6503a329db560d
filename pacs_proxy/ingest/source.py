"""Bytes of a file read forwards through a small window: values are passed over, not read."""

from __future__ import annotations

import os
import zlib
from typing import Protocol

from pacs_proxy.errors import BadUpload

_WINDOW = 1 << 15
_BLOCK = 1 << 16
# DEFLATE reaches 1 : 1 032; nothing medical comes near either bound.
_INFLATED_LIMIT = 1 << 30
_INFLATED_RATIO = 100
_INFLATED_FREE = 64 << 20


class Source(Protocol):
    """`size` bytes, read at growing offsets only."""

    size: int

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes from `at`, fewer only at the end."""


class BytesSource:
    """Bytes that are at hand."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, at: int, count: int) -> bytes:
        """As `Source.read`."""
        return self._data[at : at + count]


class FileSource:
    """An open file, or the part of it that begins at `start`; its offset is not moved."""

    def __init__(self, descriptor: int, size: int, start: int = 0) -> None:
        self._descriptor, self._start = descriptor, start
        self.size = size - start

    def read(self, at: int, count: int) -> bytes:
        """As `Source.read`."""
        return os.pread(self._descriptor, min(count, max(0, self.size - at)), self._start + at)


class Part:
    """A source from `start` on."""

    def __init__(self, whole: Source, start: int) -> None:
        self._whole, self._start = whole, start
        self.size = whole.size - start

    def read(self, at: int, count: int) -> bytes:
        """As `Source.read`."""
        return self._whole.read(self._start + at, count)


class Inflated:
    """A deflated data set (PS3.5 A.5), inflated as it is read and never held whole."""

    def __init__(self, packed: Source) -> None:
        self._packed = packed
        self._rewind()
        self.size = self._measure()
        self._rewind()

    def read(self, at: int, count: int) -> bytes:
        """As `Source.read`; the bytes before `at` are gone."""
        while self._at + len(self._ready) < at + count and not self._is_over():
            self._drop(at)
            self._ready += self._more()
        self._drop(at)
        return self._ready[:count]

    def _rewind(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._next = self._at = 0
        self._ready, self._has_more = b"", True

    def _measure(self) -> int:
        """The whole length, found by inflating once; refuses what grows beyond reason."""
        most = min(_INFLATED_LIMIT, max(_INFLATED_FREE, _INFLATED_RATIO * self._packed.size))
        size = 0
        while not self._is_over():
            size += len(self._more())
            if size > most:
                raise BadUpload(
                    "inflates_too_much",
                    "The file is deflated and grows beyond all reason when it is inflated. "
                    "Export it without compression.",
                )
        if not self._inflate.eof:
            raise BadUpload("truncated", "The file ends too early. Copy or export it again.")
        return size

    def _is_over(self) -> bool:
        return self._inflate.eof or not self._has_more

    def _more(self) -> bytes:
        packed = self._inflate.unconsumed_tail
        if not packed:
            packed = self._packed.read(self._next, _BLOCK)
            self._next += len(packed)
        try:
            piece = self._inflate.decompress(packed, _BLOCK)
        except zlib.error:
            raise BadUpload(
                "inflate",
                "The file says it is deflated, and cannot be inflated. Export it again.",
            ) from None
        self._has_more = bool(piece) or self._next < self._packed.size
        return piece

    def _drop(self, at: int) -> None:
        gone = min(max(0, at - self._at), len(self._ready))
        self._ready, self._at = self._ready[gone:], self._at + gone


class Window:
    """The part of a source that is looked at; moves forwards only."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.size = source.size
        self.buffer = b""
        self.base = 0

    def find(self, at: int, count: int, ahead: int = _WINDOW) -> int:
        """Where in `buffer` the byte `at` is; `count` bytes follow it, fewer only at the end."""
        offset = at - self.base
        if offset + count > len(self.buffer):
            self._move(at, max(count, ahead))
            offset = 0
        return offset

    def value(self, at: int, count: int) -> bytes:
        """A short value."""
        offset = self.find(at, count)
        return self.buffer[offset : offset + count]

    def _move(self, at: int, count: int) -> None:
        kept = self.buffer[at - self.base :] if at >= self.base else b""
        more = self._source.read(at + len(kept), count - len(kept))
        self.buffer, self.base = kept + more, at
