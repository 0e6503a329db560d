"""What becomes of a TIFF: which pages go into which instances, or why none can. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import BadUpload

TILE = 512
# Levels are halved until one fits; the overview is the first that fits its own bound.
SMALLEST_LEVEL, OVERVIEW = 1024, 2048
_MOST_PIECES = 16
_MIB = 1 << 20
# A band of tiles is held whole, so this bounds the child's memory.
_BAND_BYTES = 160 * _MIB

_GREY, _COLOUR = frozenset({0, 1}), frozenset({2, 3, 6})
_PALETTE = 3
_MODELS = {4: "a mask", 5: "CMYK", 8: "Lab colour", 9: "Lab colour", 10: "Lab colour"}
_JPEG, _LOSSY = 7, frozenset({6, 7, 33003, 33005, 34712, 50001})
_COMPRESSIONS = _LOSSY | {1, 2, 3, 4, 5, 8, 32773, 32946, 50000}
_KINDS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex floating-point"}
_UNSIGNED = frozenset({1, 4})
_LEAST_SPACING, _MOST_SPACING = 1e-5, 5.0
_INCH = 25.4
# What programs write when nobody measured anything, in dots per inch.
_DEFAULTS = (1, 50, 72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 250, 254, 300, 350, 360)
_MORE_DEFAULTS = (400, 480, 500, 508, 600, 720, 800, 1000, 1200)
_NEAR = 0.002


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits from the settings: pixels of a side, bytes of all pixels, number of pages."""

    capture_side: int = 4096
    decoded_bytes: int = 8 << 30
    pages: int = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it says of itself; `spacing` is (down, across) in mm."""

    width: int
    height: int
    bits: int
    samples: int
    extra: int
    kind: int
    photometric: int
    compression: int
    reduced: bool
    tiled: bool
    orientation: int
    stored: int
    cut: bool
    spacing: tuple[float, float] | None

    @property
    def colour(self) -> bool:
        """Whether it becomes three samples of 8 bit."""
        return self.photometric in _COLOUR

    @property
    def bytes_each(self) -> int:
        """Of one pixel once decoded."""
        return 3 if self.colour else 2 if self.bits == 16 else 1

    @property
    def decoded_bytes(self) -> int:
        """Of the whole page."""
        return self.width * self.height * self.bytes_each

    @property
    def is_lossy(self) -> bool:
        """Whether its compression has lost something."""
        return self.compression in _LOSSY

    @property
    def form(self) -> tuple[int, ...]:
        """Pages alike in this make one multi-frame instance."""
        return (self.width, self.height, self.bytes_each, self.orientation)


@dataclass(frozen=True, slots=True)
class Tiff:
    """A whole TIFF as described by the child; `taken` is a DICOM date and time or empty."""

    pages: tuple[Page, ...]
    profile: str
    taken: str

    @classmethod
    def of(cls, described: dict[str, Any]) -> Tiff:
        """From the child's JSON; a child that was taken over gets a TypeError or ValueError."""
        pages = tuple(_page(fields) for fields in described["pages"])
        return cls(pages, str(described["profile"]), str(described["taken"])[:14])


@dataclass(frozen=True, slots=True)
class Piece:
    """Pages that are converted together: one pyramid, or the frames of one capture."""

    pages: tuple[int, ...]
    page: Page
    pyramid: bool
    stored: int

    @property
    def is_turned(self) -> bool:
        """Whether rows are stored as columns."""
        return self.page.orientation >= 5

    @property
    def levels(self) -> list[tuple[int, int]]:
        """Width and height of each level as it is to be seen, the full size first."""
        size = (self.page.width, self.page.height)
        sizes = [size[::-1] if self.is_turned else size]
        while self.pyramid and max(sizes[-1]) > SMALLEST_LEVEL:
            width, height = sizes[-1]
            sizes.append(((width + 1) // 2, (height + 1) // 2))
        return sizes

    @property
    def spacing(self) -> tuple[float, float] | None:
        """Millimetres down and across, where the TIFF can be believed."""
        found = trusted(self.page.spacing)
        return (found[1], found[0]) if found and self.is_turned else found

    @property
    def ratio(self) -> float:
        """How far a lossy source was compressed."""
        decoded = self.page.decoded_bytes * len(self.pages)
        return max(1.0, decoded / max(1, self.stored))


def _page(fields: dict[str, Any]) -> Page:
    spacing = fields.pop("spacing")
    numbers: dict[str, Any] = {name: int(value) for name, value in fields.items()}
    flags = {name: bool(numbers.pop(name)) for name in ("reduced", "tiled", "cut")}
    pair = None if spacing is None else (float(spacing[0]), float(spacing[1]))
    return Page(**numbers, **flags, spacing=pair)


def tiles_of(width: int, height: int) -> int:
    """How many tiles cover a level."""
    return math.ceil(width / TILE) * math.ceil(height / TILE)


def planned(tiff: Tiff, bounds: Bounds) -> list[Piece]:
    """The pieces, in the order of their pages; BadUpload says what cannot be converted, and why."""
    if len(tiff.pages) > bounds.pages:
        raise _refused(f"It has more than {bounds.pages} pages.")
    chosen = _originals(tiff.pages)
    for number in chosen:
        _check(tiff.pages[number], bounds, f"Page {number + 1}: " if len(chosen) > 1 else "")
    total = sum(tiff.pages[number].decoded_bytes for number in chosen)
    if total > bounds.decoded_bytes:
        raise _refused(
            f"Its pixels are {total // _MIB} MiB once decoded; "
            f"the limit is {bounds.decoded_bytes // _MIB} MiB."
        )
    pieces = _grouped(tiff.pages, chosen, bounds.capture_side)
    if len(pieces) > _MOST_PIECES:
        raise _refused(
            f"Its pages have {len(pieces)} different sizes; at most {_MOST_PIECES} are taken. "
            "Save pages of one size together."
        )
    return pieces


def _originals(pages: tuple[Page, ...]) -> list[int]:
    """Without reduced copies of other pages, which a pyramid of ours replaces."""
    chosen = [number for number, page in enumerate(pages) if not page.reduced] or [0]
    base = pages[chosen[0]]
    return [
        number for number in chosen if number == chosen[0] or not _is_level(pages[number], base)
    ]


def _is_level(page: Page, base: Page) -> bool:
    """A tiled page that is the tiled first one divided by a power of two."""
    if not (page.tiled and base.tiled) or page.width >= base.width:
        return False
    steps = round(math.log2(base.width / page.width))
    widths, heights = base.width / (1 << steps), base.height / (1 << steps)
    return steps > 0 and abs(page.width - widths) <= 1 and abs(page.height - heights) <= 1


def _grouped(pages: tuple[Page, ...], chosen: list[int], side: int) -> list[Piece]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in chosen:
        page = pages[number]
        large = max(page.width, page.height) > side
        groups.setdefault((*page.form, number if large else -1), []).append(number)
    return [
        Piece(
            pages=tuple(numbers),
            page=pages[numbers[0]],
            pyramid=form[-1] >= 0,
            stored=sum(pages[number].stored for number in numbers),
        )
        for form, numbers in groups.items()
    ]


def _check(page: Page, bounds: Bounds, where: str) -> None:
    for objection in (_layout, _samples, _coding):
        reason = objection(page)
        if reason:
            raise _refused(where + reason)
    if max(page.width, page.height) <= bounds.capture_side:
        return
    if page.orientation != 1:
        raise _refused(where + "It is stored turned (Orientation); save it upright.")
    if page.width * TILE * page.bytes_each > _BAND_BYTES:
        raise _refused(where + f"{page.width} pixels across are too wide to be converted here.")


def _layout(page: Page) -> str:
    if page.cut:
        return "It is cut short: pixels are missing at its end. Send the whole file."
    if page.width < 1 or page.height < 1:
        return "It has no pixels."
    return "" if 1 <= page.orientation <= 8 else "Its orientation is none that TIFF knows."


def _samples(page: Page) -> str:
    if page.kind not in _UNSIGNED:
        kind = _KINDS.get(page.kind, "unknown")
        return f"Its pixels are {kind} numbers; save it as 8 or 16 bit unsigned."
    if page.photometric not in _GREY | _COLOUR:
        model = _MODELS.get(page.photometric, "no colour model that is known here")
        return f"Its pixels are in {model}; save it as RGB or greyscale."
    expected = 3 if page.photometric in _COLOUR - {_PALETTE} else 1
    if page.samples - page.extra != expected:
        return f"It has {page.samples} values for each pixel; save it as RGB or greyscale."
    return _depth(page)


def _depth(page: Page) -> str:
    if page.colour and page.photometric != _PALETTE and page.bits != 8:
        return f"Its colours have {page.bits or 'different numbers of'} bits; save it as 8 bit RGB."
    if page.bits not in {1, 2, 4, 8, 16}:
        return (
            f"Its pixels have {page.bits or 'different numbers of'} bits; save it as 8 or 16 bit."
        )
    return ""


def _coding(page: Page) -> str:
    if page.compression in _COMPRESSIONS:
        return ""
    return (
        f"Its compression (TIFF number {page.compression}) is not known here; "
        "save it uncompressed, or with LZW, deflate or JPEG."
    )


def trusted(spacing: tuple[float, float] | None) -> tuple[float, float] | None:
    """A spacing somebody measured: within reason, square within a tenth, and no usual default."""
    if spacing is None or not all(_LEAST_SPACING <= value <= _MOST_SPACING for value in spacing):
        return None
    down, across = spacing
    if abs(down - across) > 0.1 * across or any(_is_default(_INCH / value) for value in spacing):
        return None
    return spacing


def _is_default(per_inch: float) -> bool:
    return any(abs(per_inch - known) <= known * _NEAR for known in _DEFAULTS + _MORE_DEFAULTS)


def _refused(reason: str) -> BadUpload:
    return BadUpload("tiff_unsupported", f"This TIFF cannot be converted. {reason}")
