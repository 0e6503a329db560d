"""How the pixels of one instance lie, checked before a single one is decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pacs_proxy.errors import NotRenderable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LONGEST_SIDE = 65_535
MOST_FRAMES = 1 << 20
_FLOATS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
PIXEL_KEYWORDS = ("PixelData", *_FLOATS)
_ONE_SAMPLE = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_THREE_SAMPLES = frozenset(
    {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "XYB", "YBR_PARTIAL_420"}
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The image pixel attributes, every one within its bounds."""

    syntax: str
    keyword: str
    rows: int
    columns: int
    samples: int
    frames: int
    allocated: int
    stored: int
    high: int
    signed: bool
    planar: bool
    photometric: str
    little: bool

    @property
    def floating(self) -> bool:
        """Whether the pixels are IEEE 754 numbers."""
        return self.keyword != "PixelData"

    @property
    def colour(self) -> bool:
        """Whether each pixel has three samples."""
        return self.samples == 3

    @property
    def frame_bits(self) -> int:
        """Bits of one frame as stored without compression."""
        samples = 2 if self.photometric == "YBR_FULL_422" else self.samples
        return self.rows * self.columns * samples * self.allocated

    @property
    def decoded_bytes(self) -> int:
        """Bytes of all frames once decoded, at most."""
        each = max(8, self.allocated) // 8 + (self.allocated == 8 and not self.colour)
        return self.rows * self.columns * self.samples * self.frames * each


def layout_of(dataset: Dataset, limit: int) -> Layout:
    """Read and check the attributes; NotRenderable names the first one that cannot be."""
    keyword = _keyword(dataset)
    allocated = _FLOATS.get(keyword) or _whole(dataset, "BitsAllocated", (1, 8, 16, 32))
    stored = _whole(dataset, "BitsStored", range(1, allocated + 1), allocated)
    layout = Layout(
        syntax=syntax_of(dataset),
        keyword=keyword,
        rows=_whole(dataset, "Rows", range(1, LONGEST_SIDE + 1)),
        columns=_whole(dataset, "Columns", range(1, LONGEST_SIDE + 1)),
        samples=_whole(dataset, "SamplesPerPixel", (1, 3), 1),
        frames=_whole(dataset, "NumberOfFrames", range(1, MOST_FRAMES + 1), 1),
        allocated=allocated,
        stored=stored,
        high=_whole(dataset, "HighBit", range(stored - 1, allocated), stored - 1),
        signed=_whole(dataset, "PixelRepresentation", (0, 1), 0) == 1,
        planar=_whole(dataset, "PlanarConfiguration", (0, 1), 0) == 1,
        photometric=str(dataset.get("PhotometricInterpretation", "") or "").strip(),
        little=bool(dataset.original_encoding[1] is not False),
    )
    return _checked(layout, limit)


def syntax_of(dataset: Dataset) -> str:
    """The transfer syntax; an empty string when the file has none."""
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "") or "") if meta is not None else ""


def _keyword(dataset: Dataset) -> str:
    for keyword in PIXEL_KEYWORDS:
        if keyword in dataset:
            return keyword
    raise NotRenderable("The instance holds no pixels.")


def _whole(dataset: Dataset, keyword: str, allowed: Any, default: int | None = None) -> int:
    """One whole number out of `allowed`; absent or empty ones take the default."""
    value = _value(dataset, keyword)
    if value in (None, "", b"") and default is not None:
        return default
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise NotRenderable(f"{keyword} is not a number.") from None
    if number == 0 and keyword == "NumberOfFrames":
        return 1
    if number not in allowed:
        raise NotRenderable(f"{keyword} is {_shown(number)}, which cannot be drawn.")
    return number


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except (ValueError, TypeError, NotImplementedError, KeyError):
        return "?"


def _shown(number: int) -> str:
    return str(number) if abs(number) < 1 << 32 else "too large a number"


def _checked(layout: Layout, limit: int) -> Layout:
    known = _THREE_SAMPLES if layout.colour else _ONE_SAMPLE
    if layout.photometric not in known:
        raise NotRenderable("The colour model of the pixels is not one that can be drawn.")
    if layout.colour and layout.allocated == 1:
        raise NotRenderable("Colour of 1 bit cannot be drawn.")
    if layout.photometric == "YBR_FULL_422" and layout.columns % 2:
        raise NotRenderable("YBR_FULL_422 needs an even number of columns.")
    if layout.decoded_bytes > limit:
        mebibytes = math.ceil(layout.decoded_bytes / (1 << 20))
        raise NotRenderable(
            f"The picture needs {mebibytes} MiB once decoded; the limit is {limit >> 20} MiB."
        )
    return layout
