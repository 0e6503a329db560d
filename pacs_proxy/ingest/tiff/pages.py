"""What a TIFF says of its pages; runs only in the jailed child."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any, BinaryIO

from tifffile import TiffFile, TiffPage, TiffTag

MOST_PAGES = 4096
_LONGEST_PROFILE = 1 << 20
_DEFLATED = frozenset({8, 32946})
_PIECE = 1 << 20
# Millimetres of an inch and a centimetre (TIFF 6.0, ResolutionUnit).
_UNITS = {2: 25.4, 3: 10.0}
_APERIO = re.compile(r"\|MPP = ([0-9.]{1,12})")
_TAKEN = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")


def described(file: BinaryIO) -> dict[str, Any]:
    """All pages as plain numbers, for `plan.Page`; the colour profile in base64."""
    with TiffFile(file, name="upload") as tiff:
        pages: list[dict[str, Any]] = []
        for page in tiff.pages:
            if len(pages) > MOST_PAGES:
                break
            pages.append(_page(page.aspage(), tiff.filehandle.size))
        first = tiff.pages[0].aspage()
        return {"pages": pages, "profile": _profile(first), "taken": _taken(first)}


def check_sums(file: BinaryIO, numbers: list[int]) -> None:
    """zlib.error where a deflated strip or tile is not what its checksum says.

    The decoder stops after the last pixel, before the checksum, and would draw wrong ones.
    """
    with TiffFile(file, name="upload") as tiff:
        for number in numbers:
            page = tiff.pages[number].aspage()
            if page.compression in _DEFLATED:
                for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
                    _check_sum(file, start, length)


def _check_sum(file: BinaryIO, start: int, length: int) -> None:
    file.seek(start)
    unpacker = zlib.decompressobj()
    while length > 0 and not unpacker.eof:
        piece = file.read(min(length, _PIECE))
        length -= len(piece) or length
        while piece and not unpacker.eof:
            unpacker.decompress(piece, _PIECE)
            piece = unpacker.unconsumed_tail


def _page(page: TiffPage, size: int) -> dict[str, Any]:
    ends = (
        at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=True) if count
    )
    return {
        "width": int(page.imagewidth),
        "height": int(page.imagelength),
        "bits": _bits(page),
        "samples": int(page.samplesperpixel),
        "extra": len(page.extrasamples),
        "kind": int(page.sampleformat or 1),
        "photometric": int(page.photometric),
        "compression": int(page.compression),
        "reduced": bool(_number(page, "NewSubfileType", 0) & 1),
        "tiled": bool(page.is_tiled),
        "orientation": _number(page, "Orientation", 1),
        "stored": sum(int(count) for count in page.databytecounts),
        "cut": max(ends, default=0) > size,
        "spacing": _spacing(page),
    }


def _bits(page: TiffPage) -> int:
    """Of one sample; 0 where the samples differ."""
    value = _tag(page, "BitsPerSample")
    found = set(value) if isinstance(value, tuple) else {1 if value is None else value}
    return int(found.pop()) if len(found) == 1 else 0


def _tag(page: TiffPage, name: str) -> Any:
    tag: TiffTag | None = page.tags.get(name)
    return None if tag is None else tag.value


def _number(page: TiffPage, name: str, default: int) -> int:
    value = _tag(page, name)
    return int(value) if isinstance(value, int) else default


def _spacing(page: TiffPage) -> list[float] | None:
    """Millimetres down and across from what the page says; `plan` judges whether to believe it."""
    micrometres = _APERIO.search(page.description or "")
    if micrometres:
        return [float(micrometres[1]) / 1000] * 2
    unit = _UNITS.get(_number(page, "ResolutionUnit", 2))
    across, down = (_density(_tag(page, name)) for name in ("XResolution", "YResolution"))
    if not unit or min(across, down) <= 0:
        return None
    return [unit / down, unit / across]


def _density(value: Any) -> float:
    """A RATIONAL: pixels for each unit, 0 when it is none."""
    if not (isinstance(value, tuple) and len(value) == 2 and value[1]):
        return 0.0
    return float(value[0]) / float(value[1])


def _profile(page: TiffPage) -> str:
    value = _tag(page, "InterColorProfile")
    if not isinstance(value, bytes) or len(value) > _LONGEST_PROFILE:
        return ""
    return base64.b64encode(value).decode()


def _taken(page: TiffPage) -> str:
    """DateTime as DICOM writes it (DT), empty when there is none."""
    value = _tag(page, "DateTime")
    found = _TAKEN.match(value) if isinstance(value, str) else None
    return "".join(found.groups()) if found else ""
