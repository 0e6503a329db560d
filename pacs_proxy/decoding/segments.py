"""A segmentation (PS3.3 A.51, C.8.20): its segments, and where each frame's mask lies."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np

from pacs_proxy.decoding.codec import Pixels, source_of
from pacs_proxy.decoding.tree import items, meaning, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

# Of masks, packed: what a browser can take at once beside the pictures.
MOST_BYTES = 48 << 20
_D50 = (0.9642, 1.0, 0.8249)
_TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def segmentation(dataset: Dataset, limit: int) -> dict[str, Any]:
    """Masks are the box around what is set, base64: 1 bit a pixel, or 8 where it is fractional."""
    kind = said(dataset, "SegmentationType") or "BINARY"
    frames, is_too_large = _within(_frames(dataset, limit, kind))
    return {
        "segmentation": {
            "type": kind,
            "rows": int(dataset.Rows),
            "columns": int(dataset.Columns),
            "frame_of_reference": said(dataset, "FrameOfReferenceUID"),
            "segments": [_segment(one) for one in items(dataset, "SegmentSequence")],
            "frames": [] if is_too_large else frames,
            "too_large": is_too_large,
        }
    }


def _within(frames: Iterator[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    kept, total = [], 0
    for frame in frames:
        total += len(frame["mask"])
        if total > MOST_BYTES:
            return [], True
        kept.append(frame)
    return kept, False


def _segment(item: Dataset) -> dict[str, Any]:
    return {
        "number": _whole(said(item, "SegmentNumber")),
        "label": said(item, "SegmentLabel"),
        "kind": meaning(item, "SegmentedPropertyTypeCodeSequence"),
        "by": said(item, "SegmentAlgorithmType").lower(),
        "colour": colour_of(item.get("RecommendedDisplayCIELabValue")),
    }


def colour_of(lab: Any) -> list[int] | None:
    """PCS values of 16 bits (PS3.3 C.10.7.1.1) as sRGB; None when there are none."""
    try:
        lightness, a, b = (float(value) for value in lab)
    except (TypeError, ValueError):
        return None
    fy = (lightness / 65535 * 100 + 16) / 116
    far = fy + (a / 65535 * 255 - 128) / 500, fy, fy - (b / 65535 * 255 - 128) / 200
    xyz = [white * _inverse(part) for white, part in zip(_D50, far, strict=True)]
    linear = np.clip(_TO_SRGB @ np.array(xyz), 0, 1)
    shades = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return [round(float(shade) * 255) for shade in shades]


def _inverse(part: float) -> float:
    return part**3 if part > 6 / 29 else 3 * (6 / 29) ** 2 * (part - 4 / 29)


def _frames(dataset: Dataset, limit: int, kind: str) -> Iterator[dict[str, Any]]:
    """One for each segment that has something set in a frame."""
    shared = next(iter(items(dataset, "SharedFunctionalGroupsSequence")), None)
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")
    largest = _whole(said(dataset, "MaximumFractionalValue")) or 255
    for index, pixels in enumerate(source_of(dataset, limit).frames()):
        own = groups[index] if index < len(groups) else None
        place = _place(own, shared)
        for segment, mask in _masks(pixels, kind, own, shared):
            if mask.any():
                yield {"segment": segment, **place, **_packed(mask, kind, largest)}


def _masks(
    pixels: Pixels, kind: str, own: Dataset | None, shared: Dataset | None
) -> Iterator[tuple[int, Pixels]]:
    if kind == "LABELMAP":
        for value in np.unique(pixels):
            if value:
                yield int(value), pixels == value
        return
    named = _group(own, shared, "SegmentIdentificationSequence")
    yield _whole(said(named, "ReferencedSegmentNumber")) if named is not None else 0, pixels


def _packed(mask: Pixels, kind: str, largest: int) -> dict[str, Any]:
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = int(down[0]), int(across[0])
    part = mask[top : int(down[-1]) + 1, left : int(across[-1]) + 1]
    if kind == "FRACTIONAL":
        shares = np.minimum(part.astype(np.float32) / largest, 1) * 255
        data = np.ceil(shares).astype(np.uint8)
    else:
        data = np.packbits(part != 0)
    return {
        "box": [left, top, part.shape[1], part.shape[0]],
        "bits": 8 if kind == "FRACTIONAL" else 1,
        "mask": base64.b64encode(data.tobytes()).decode(),
    }


def _place(own: Dataset | None, shared: Dataset | None) -> dict[str, Any]:
    position = _group(own, shared, "PlanePositionSequence")
    orientation = _group(own, shared, "PlaneOrientationSequence")
    measures = _group(own, shared, "PixelMeasuresSequence")
    return {
        "position": numbers(position, "ImagePositionPatient", 3),
        "orientation": numbers(orientation, "ImageOrientationPatient", 6),
        "spacing": numbers(measures, "PixelSpacing", 2),
        "images": list(_images(own)),
    }


def _group(own: Dataset | None, shared: Dataset | None, keyword: str) -> Dataset | None:
    for group in (own, shared):
        if group is not None:
            for item in items(group, keyword):
                return item
    return None


def _images(own: Dataset | None) -> Iterator[list[Any]]:
    """SOP Instance UID and frame (0: the whole image) of what the mask was drawn on."""
    if own is None:
        return
    for derived in items(own, "DerivationImageSequence"):
        for source in items(derived, "SourceImageSequence"):
            frame = _whole(said(source, "ReferencedFrameNumber"))
            yield [said(source, "ReferencedSOPInstanceUID"), frame]


def numbers(dataset: Dataset | None, keyword: str, count: int) -> list[float] | None:
    """So many finite numbers, or None."""
    if dataset is None:
        return None
    try:
        found = [float(value) for value in dataset.get(keyword) or ()]
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and np.isfinite(found).all() else None


def _whole(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
