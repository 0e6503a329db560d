"""DICOM RLE (PS3.5 annex G), written fast enough for a demonstration."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode(frame: NDArray[Any]) -> bytes:
    """Give the RLE frame of an image [row, column] or [row, column, sample]."""
    segments = [_segment(plane) for plane in _byte_planes(frame)]
    offsets = np.zeros(16, "<u4")
    offsets[0] = len(segments)
    offsets[1 : len(segments) + 1] = 64 + np.cumsum([0, *map(len, segments)])[:-1]
    return offsets.tobytes() + b"".join(segments)


def _byte_planes(frame: NDArray[Any]) -> list[NDArray[np.uint8]]:
    """Split into planes of bytes: by sample, the most significant byte first."""
    samples = frame.reshape(*frame.shape[:2], -1)
    size = frame.dtype.itemsize
    as_bytes = np.ascontiguousarray(samples.astype(frame.dtype.newbyteorder(">"))).view(np.uint8)
    return [as_bytes[:, :, index] for index in range(samples.shape[2] * size)]


def _segment(plane: NDArray[np.uint8]) -> bytes:
    """Code row by row, as the standard demands; the segment's length is even."""
    coded = b"".join(_row(row) for row in plane)
    return coded + b"\x00" * (len(coded) % 2)


def _row(row: NDArray[np.uint8]) -> bytes:
    """Code runs of three and more as runs, and what lies between them as it is."""
    edges = np.flatnonzero(np.diff(row)) + 1
    out, literal, data = bytearray(), 0, row.tobytes()
    for start, stop in pairwise([0, *edges.tolist(), len(data)]):
        if stop - start > 2:
            _put_literal(out, data[literal:start])
            _put_run(out, data[start], stop - start)
            literal = stop
    _put_literal(out, data[literal:])
    return bytes(out)


def _put_literal(out: bytearray, data: bytes) -> None:
    for start in range(0, len(data), 128):
        piece = data[start : start + 128]
        out.append(len(piece) - 1)
        out += piece


def _put_run(out: bytearray, value: int, length: int) -> None:
    while length > 1:
        piece = min(length, 128)
        out += bytes((257 - piece, value))
        length -= piece
    if length:
        _put_literal(out, bytes((value,)))
