"""JPEG lossless, first-order prediction (process 14, selection value 1), for one component.

No library that we have writes selection value 1, the only one DICOM calls SV1.
"""

import numpy as np
from numpy.typing import NDArray

# One fixed code: lengths 2 2 3 3 4 5 … 16, the short ones for the commonest categories.
LENGTHS = np.array([2, 2, 3, 3, *range(4, 17)])


def encode(pixels: NDArray[np.uint8] | NDArray[np.uint16], precision: int) -> bytes:
    """Give the JPEG stream of one grey frame [row, column]."""
    difference = _differences(pixels.astype(np.int64), precision)
    category = _category(difference)
    order = np.argsort(-np.bincount(category, minlength=17), kind="stable")
    header = _header(pixels.shape[0], pixels.shape[1], precision, order)
    return header + _scan(difference, category, order) + b"\xff\xd9"


def _differences(pixels: NDArray[np.int64], precision: int) -> NDArray[np.int64]:
    """Predict from the left, the first column from above, the first pixel from mid-range."""
    before = np.empty_like(pixels)
    before[:, 1:] = pixels[:, :-1]
    before[1:, 0] = pixels[:-1, 0]
    before[0, 0] = 1 << (precision - 1)
    # Modulo 2^16, as T.81 H.1.2.1 says; 32768 has a category of its own.
    return ((pixels - before + 32767) % 65536 - 32767).ravel()


def _category(difference: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the bits of the magnitude."""
    edges = 1 << np.arange(17, dtype=np.int64)
    return np.searchsorted(edges, np.abs(difference), side="right")


def _codes() -> NDArray[np.int64]:
    """Number the canonical Huffman codes of LENGTHS."""
    codes, code = [], 0
    for length, previous in zip(LENGTHS, [LENGTHS[0], *LENGTHS[:-1]], strict=True):
        code <<= int(length - previous)
        codes.append(code)
        code += 1
    return np.array(codes)


def _scan(
    difference: NDArray[np.int64], category: NDArray[np.int64], order: NDArray[np.int64]
) -> bytes:
    """Write code and extra bits of every pixel, one after the other."""
    rank = np.argsort(order)[category]
    extra = np.where(category == 16, 0, category)
    low = np.where(difference < 0, difference - 1, difference) & ((1 << extra) - 1)
    bits = _packed((_codes()[rank] << extra) | low, LENGTHS[rank] + extra)
    return bits.replace(b"\xff", b"\xff\x00")


def _packed(value: NDArray[np.int64], length: NDArray[np.int64]) -> bytes:
    """Concatenate the low bits of each value, filled up with ones."""
    ends = np.cumsum(length)
    shift = np.repeat(ends, length) - 1 - np.arange(ends[-1])
    bits = (np.repeat(value, length) >> shift & 1).astype(np.uint8)
    return np.packbits(np.append(bits, np.ones(-len(bits) % 8, np.uint8))).tobytes()


def _header(rows: int, columns: int, precision: int, order: NDArray[np.int64]) -> bytes:
    counts = np.bincount(LENGTHS, minlength=17)[1:].astype(np.uint8).tobytes()
    frame = bytes([precision]) + rows.to_bytes(2) + columns.to_bytes(2) + bytes([1, 1, 0x11, 0])
    table = b"\x00" + counts + order.astype(np.uint8).tobytes()
    scan = bytes([1, 1, 0, 1, 0, 0])
    return b"\xff\xd8" + b"".join(
        b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2) + body
        for marker, body in ((0xC3, frame), (0xC4, table), (0xDA, scan))
    )
