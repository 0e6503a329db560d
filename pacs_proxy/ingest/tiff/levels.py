"""Rows in, compressed tiles of every level out, in one pass; runs only in the jailed child."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Protocol

import imagecodecs
import numpy as np

from pacs_proxy.decoding.items import ITEM
from pacs_proxy.ingest.tiff.bands import Pixels, Sought
from pacs_proxy.ingest.tiff.plan import TILE

Emit = Callable[[Pixels], None]


class Sink(Protocol):
    """Takes the rows of a level in order."""

    def take(self, rows: Pixels) -> None:
        """The next rows: TILE of them, and fewer only at the end."""

    def end(self) -> None:
        """There are no more."""


class Frames:
    """Appends JPEG-LS frames to a file as items of encapsulated pixels, padded to even length."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def add(self, pixels: Pixels) -> None:
        """One frame."""
        coded = bytes(imagecodecs.jpegls_encode(np.ascontiguousarray(pixels)))
        coded += b"\0" * (len(coded) % 2)
        left = memoryview(ITEM + struct.pack("<I", len(coded)) + coded)
        while left:
            left = left[os.write(self._descriptor, left) :]


class Tiles:
    """Cuts bands into square tiles, row by row as TILED_FULL has them."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def take(self, rows: Pixels) -> None:
        """Tiles that reach beyond the picture repeat its last row and column."""
        columns = rows.shape[1]
        for left in range(0, columns, TILE):
            self._emit(_filled(rows[:, left : left + TILE]))

    def end(self) -> None:
        """Nothing is left over."""


class Whole:
    """Collects a level that is one frame."""

    def __init__(self, emit: Emit) -> None:
        self._emit, self._rows = emit, list[Pixels]()

    def take(self, rows: Pixels) -> None:
        """Rows are copied: whoever gives them will use their place again."""
        self._rows.append(rows.copy())

    def end(self) -> None:
        """The frame is complete."""
        self._emit(np.concatenate(self._rows))
        self._rows.clear()


class Level:
    """One level of a pyramid: gathers bands, feeds its sinks and the level of half the size."""

    def __init__(self, width: int, sought: Sought, sinks: list[Sink], below: Level | None) -> None:
        self._band = np.empty(sought.shape(TILE, width), sought.dtype)
        self._filled, self._sinks, self._below = 0, sinks, below

    def take(self, rows: Pixels) -> None:
        """Any number of rows, as they come."""
        while len(rows):
            part = rows[: TILE - self._filled]
            self._band[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            rows = rows[len(part) :]
            if self._filled == TILE:
                self._flush()

    def end(self) -> None:
        """The last band may be short."""
        if self._filled:
            self._flush()
        for sink in self._sinks:
            sink.end()
        if self._below:
            self._below.end()

    def _flush(self) -> None:
        rows = self._band[: self._filled]
        for sink in self._sinks:
            sink.take(rows)
        if self._below:
            self._below.take(halved(rows))
        self._filled = 0


def halved(rows: Pixels) -> Pixels:
    """The rounded mean of blocks of 2 x 2; an odd last row or column stands for two."""
    wide = rows.astype(np.uint32 if rows.dtype == np.uint16 else np.uint16)
    if wide.shape[0] % 2:
        wide = np.concatenate([wide, wide[-1:]])
    sums = np.add(wide[0::2], wide[1::2])
    if sums.shape[1] % 2:
        sums = np.concatenate([sums, sums[:, -1:]], axis=1)
    means = np.add(sums[:, 0::2], sums[:, 1::2]) + 2
    half: Pixels = np.right_shift(means, 2).astype(rows.dtype)
    return half


def _filled(tile: Pixels) -> Pixels:
    rows, columns = tile.shape[:2]
    if rows == TILE and columns == TILE:
        return tile
    beyond = [(0, TILE - rows), (0, TILE - columns), (0, 0)]
    return np.pad(tile, beyond[: tile.ndim], "edge")
