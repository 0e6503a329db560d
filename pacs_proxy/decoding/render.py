"""One frame as an 8 bit picture to look at, never to diagnose from."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pacs_proxy.decoding.lookup import apply_table, coloured, table_bits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from pacs_proxy.decoding.codec import Pixels, Source
    from pacs_proxy.decoding.jobs import View

LONGEST_SIDE = 4096
THUMBNAIL_SIDE = 256
_NOTICE = "NOT FOR DIAGNOSIS"
_SMALLEST_NOTICE = 120
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")


@dataclass(frozen=True, slots=True)
class Window:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    center: float
    width: float
    function: str = "LINEAR"


def render(source: Source, view: View) -> bytes:
    """The frame as it is shown, 8 bits a sample."""
    frame = source.frame(view.frame - 1)
    groups = list(_groups(source.dataset, view.frame - 1))
    if source.layout.photometric == "PALETTE COLOR":
        frame = coloured(frame, source.dataset)
    elif not source.layout.colour:
        frame = _grey(frame, source, groups)
    image = _sized(Image.fromarray(np.ascontiguousarray(frame)), _aspect(groups), view.size)
    if view.size == 0 or view.size > THUMBNAIL_SIDE:
        image = _marked(image)
    return _coded(image, view.quality)


def _coded(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    if quality:
        image.save(out, "JPEG", quality=quality)
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _groups(dataset: Dataset, index: int) -> Iterator[Dataset]:
    """Where attributes of this frame may stand, the nearest first."""
    frames = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    for group in [*list(frames)[index : index + 1], *list(shared)[:1]]:
        for element in group:
            if element.VR == "SQ" and element.value:
                yield element.value[0]
    yield dataset


def _first(groups: list[Dataset], keyword: str) -> Any:
    """The first value of the nearest element that has one."""
    for group in groups:
        value = group.get(keyword)
        if value not in (None, "", []):
            return value[0] if isinstance(value, (list, tuple)) or _is_multiple(value) else value
    return None


def _is_multiple(value: Any) -> bool:
    return hasattr(value, "__getitem__") and not isinstance(value, (str, bytes))


def _number(groups: list[Dataset], keyword: str, default: float) -> float:
    try:
        number = float(_first(groups, keyword))
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default


def _grey(frame: Pixels, source: Source, groups: list[Dataset]) -> Pixels:
    """Stored values through modality and VOI to 0..255."""
    signed, dataset = source.layout.signed, source.dataset
    padding = _padding(frame, groups)
    if dataset.get("ModalityLUTSequence"):
        values = apply_table(frame, dataset.ModalityLUTSequence[0], signed).astype(np.float32)
    else:
        slope = _number(groups, "RescaleSlope", 1.0)
        values = frame.astype(np.float32) * slope + _number(groups, "RescaleIntercept", 0.0)
    shades = _voi(values, groups, padding)
    inverse = _first(groups, "PresentationLUTShape") == "INVERSE"
    return 255 - shades if inverse or source.layout.photometric == "MONOCHROME1" else shades


def _padding(frame: Pixels, groups: list[Dataset]) -> Pixels:
    """Which pixels are mere padding; they take no part in finding a window."""
    first = _number(groups, "PixelPaddingValue", math.inf)
    last = _number(groups, "PixelPaddingRangeLimit", first)
    if not math.isfinite(first):
        return np.zeros(frame.shape, bool)
    inside: Pixels = (frame >= min(first, last)) & (frame <= max(first, last))
    return inside


def _voi(values: Pixels, groups: list[Dataset], padding: Pixels) -> Pixels:
    width = _number(groups, "WindowWidth", 0.0)
    table = _first(groups, "VOILUTSequence")
    if width > 0:
        function = str(_first(groups, "VOILUTFunction") or "LINEAR")
        return _windowed(values, Window(_number(groups, "WindowCenter", 0.0), width, function))
    if table is not None:
        looked_up = apply_table(np.rint(np.nan_to_num(values)), table, signed=True)
        return (looked_up >> max(table_bits(table) - 8, 0)).astype(np.uint8)
    return _windowed(values, _whole_range(values, padding))


def _whole_range(values: Pixels, padding: Pixels) -> Window:
    used = values[~padding & np.isfinite(values)]
    if not used.size:
        return Window(0.5, 1.0)
    low, high = float(used.min()), float(used.max())
    return Window((low + high) / 2, max(high - low, 1e-6), "LINEAR_EXACT")


def _windowed(values: Pixels, window: Window) -> Pixels:
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        shades = 255 / (1 + np.exp(np.clip(-4 * (values - center) / width, -60, 60)))
    elif window.function == "LINEAR_EXACT":
        shades = ((values - center) / width + 0.5) * 255
    else:
        shades = ((values - (center - 0.5)) / max(width - 1, 1e-6) + 0.5) * 255
    whole: Pixels = np.rint(np.clip(np.nan_to_num(shades), 0, 255)).astype(np.uint8)
    return whole


def _aspect(groups: list[Dataset]) -> float:
    """Height of a pixel divided by its width."""
    for keyword in (*_SPACINGS, "PixelAspectRatio"):
        for group in groups:
            try:
                vertical, horizontal = (float(number) for number in group.get(keyword))
            except (TypeError, ValueError):
                continue
            if 0.05 < vertical / (horizontal or math.inf) < 20:
                return vertical / horizontal
    return 1.0


def _sized(image: Image.Image, aspect: float, size: int) -> Image.Image:
    """The right shape, never larger than LONGEST_SIDE."""
    width, height = image.width * max(1.0, 1 / aspect), image.height * max(1.0, aspect)
    longest = max(width, height)
    factor = min(size or longest, LONGEST_SIDE) / longest
    wanted = max(1, round(width * factor)), max(1, round(height * factor))
    if wanted == image.size:
        return image
    return image.resize(wanted, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _marked(image: Image.Image) -> Image.Image:
    """Burn the notice in; a picture too narrow for it gets a margin."""
    size = max(image.width, _SMALLEST_NOTICE), image.height
    if size != image.size or image.height < 16:
        canvas = Image.new(image.mode, (size[0], image.height + 16))
        canvas.paste(image, (0, 0))
        image = canvas
    points = max(10, min(image.width // 28, 48))
    draw, shade = ImageDraw.Draw(image), (255,) * len(image.getbands())
    fill = shade if len(shade) > 1 else 255
    draw.text(
        (4, image.height - 3),
        _NOTICE,
        fill=fill,
        font=ImageFont.load_default(points),
        anchor="lb",
        stroke_width=max(1, points // 12),
        stroke_fill=0 if fill == 255 else (0, 0, 0),
    )
    return image
