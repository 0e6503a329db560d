"""What the first bytes of compressed pixel data say about themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SIZ = b"\xff\x4f\xff\x51"
_TILE_PART = b"\xff\x90"
_SEGMENTS = 4096
_SHORTEST_BOX = 12
_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
# A JPEG 2000 stream may lie in the boxes of a JP2 file; its start is near.
_BOXES = 4096


@dataclass(frozen=True, slots=True)
class Stream:
    """The facts that DICOM attributes can contradict."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    marker: int = 0
    subsampled: bool = False
    interleave: int = 0
    colour_transform: int | None = None
    letters: bool = False
    jfif: bool = False
    annotated: bool = False

    @property
    def taken_for_rgb(self) -> bool:
        """What a browser, knowing nothing of DICOM, takes three components for."""
        if self.jfif or self.colour_transform is not None:
            return not self.jfif and self.colour_transform == 0
        return self.letters

    def is_luma(self, photometric: str) -> bool:
        """Whether the components are Y, Cb, Cr: the stream's own word first, then DICOM's."""
        if self.jfif or self.colour_transform == 1:
            return True
        return photometric != "RGB"


def describe(data: bytes) -> Stream | None:
    """Read a JPEG, JPEG-LS or JPEG 2000 header; None when it is not there or not whole."""
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    at = data.find(_SIZ, 0, _BOXES)
    return _jpeg2000(data[at + 4 :]) if at >= 0 else None


def begins_as_jpeg(data: bytes) -> bool:
    """Whether this can be the start of a JPEG or JPEG-LS stream."""
    return data[:2] == b"\xff\xd8"[: len(data)]


def begins_as_jpeg2000(data: bytes) -> bool:
    """Whether this can be the start of a JPEG 2000 stream, bare or boxed."""
    return data[:4] == _SIZ[: len(data[:4])] or data[4:8] == b"jP  "[: len(data[4:8])]


def is_chained(read: Callable[[int, int], bytes]) -> bool:
    """Whether a bare JPEG 2000 stream's segments and tile parts lead from its start to its end.

    `read` gives bytes at an offset. Boxed streams are not looked into.
    """
    if read(0, 2) != _SIZ[:2]:
        return len(read(0, _SHORTEST_BOX)) == _SHORTEST_BOX
    at, tiles = 2, 0
    for _ in range(_SEGMENTS):
        head = read(at, 10)
        if len(head) < 2 or head[:2] == b"\xff\xd9":
            # Some writers leave the end marker out; nothing is lost by it.
            ended = head[:2] == b"\xff\xd9"
            return tiles > 0 and (ended or tiles >= _tile_count(read(0, 48)))
        step = _segment_length(head)
        if step is None:
            return True
        if step < 4 or len(read(at + step - 1, 1)) != 1:
            return False
        at, tiles = at + step, tiles + (head[:2] == _TILE_PART)
    return False


def _tile_count(data: bytes) -> int:
    numbers = [int.from_bytes(data[at : at + 4], "big") for at in range(8, 40, 4)]
    right, bottom, _, _, width, height, left, top = numbers
    return -(-(right - left) // max(1, width)) * -(-(bottom - top) // max(1, height))


def _segment_length(head: bytes) -> int | None:
    """Bytes to the next marker, 0 when there is none; None for a tile part up to the end."""
    if head[0] != 0xFF or len(head) < 4:
        return 0
    if head[:2] != _TILE_PART:
        return 2 + int.from_bytes(head[2:4], "big")
    return int.from_bytes(head[6:10], "big") or None


def _jpeg2000(data: bytes) -> Stream | None:
    if len(data) < 41:
        return None
    right, bottom, left, top = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12, 16))
    components = int.from_bytes(data[36:38], "big")
    depths = data[38 : 38 + 3 * components : 3]
    steps = data[39 : 38 + 3 * components : 3] + data[40 : 38 + 3 * components : 3]
    return Stream(
        rows=bottom - top,
        columns=right - left,
        components=components,
        precision=(depths[0] & 0x7F) + 1 if depths else 0,
        signed=bool(depths and depths[0] & 0x80),
        subsampled=any(step != 1 for step in steps) or len(set(depths)) > 1,
    )


@dataclass(slots=True)
class _Seen:
    frame: bytes = b""
    marker: int = 0
    jfif: bool = False
    transform: int | None = None
    annotated: bool = False


def _jpeg(data: bytes) -> Stream | None:
    seen = _Seen()
    for marker, segment in _segments(data):
        if marker == _START_OF_SCAN:
            return _described(seen, segment)
        _note(seen, marker, segment)
    return None


def _note(seen: _Seen, marker: int, segment: bytes) -> None:
    if marker in _FRAME_MARKERS:
        seen.frame, seen.marker = segment, marker
    elif marker == 0xE0 and segment[:4] == b"JFIF":
        seen.jfif = True
    elif marker == 0xEE and segment[:5] == b"Adobe" and len(segment) >= 12:
        seen.transform = segment[11]
    elif segment[:4] == b"Exif" or segment[:11] == b"ICC_PROFILE":
        seen.annotated = True


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(256):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 2 + length > len(data):
            return
        yield data[at + 1], data[at + 4 : at + 2 + length]
        at += 2 + length


def _described(seen: _Seen, scan: bytes) -> Stream | None:
    frame = seen.frame
    if len(frame) < 6:
        return None
    components = frame[5]
    return Stream(
        rows=int.from_bytes(frame[1:3], "big"),
        columns=int.from_bytes(frame[3:5], "big"),
        components=components,
        precision=frame[0],
        marker=seen.marker,
        interleave=scan[-2] if len(scan) >= 3 else 0,
        colour_transform=seen.transform,
        letters=frame[6 : 6 + 3 * components : 3] == b"RGB",
        jfif=seen.jfif,
        annotated=seen.annotated,
    )
