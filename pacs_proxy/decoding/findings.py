"""What a structured report has drawn on images (PS3.3 C.18.6, C.18.9), and measured there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pacs_proxy.decoding.contours import MOST_POINTS
from pacs_proxy.decoding.tree import DEEPEST, MOST_ITEMS, items, meaning, numeric, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from pacs_proxy.decoding.codec import Pixels

_GROUP, _TRACKING, _FINDING = "125007", "112039", "121071"
# SCOORD counts from the corner of the first pixel (PS3.3 C.10.5), the viewer from its centre.
_HALF = 0.5
_CORNERS = 64
_MOST_VALUES = 12
_DIGITS = 3


def findings(dataset: Dataset, _: int) -> dict[str, Any]:
    """Each group of measurements (TID 1410, 1411), or lone one, with a place: as `structures`."""
    regions: list[dict[str, Any]] = []
    left = [MOST_ITEMS, MOST_POINTS]
    for owner, shapes in _owners(dataset, left):
        contours = [contour for shape in shapes for contour in _contours(shape, left)]
        if contours:
            regions.append(_region(owner, shapes[0], contours, len(regions) + 1))
    is_too_large = min(left) < 0
    return {"structures": {"regions": [] if is_too_large else regions, "too_large": is_too_large}}


def _region(
    owner: Dataset, shape: Dataset, contours: list[dict[str, Any]], number: int
) -> dict[str, Any]:
    return {
        "number": str(number),
        "label": _label(owner),
        "kind": "",
        "frame_of_reference": said(shape, "ReferencedFrameOfReferenceUID"),
        "colour": None,
        "contours": contours,
    }


def _owners(dataset: Dataset, left: list[int]) -> Iterator[tuple[Dataset, list[Dataset]]]:
    """The outermost groups, else the number or other item right above a shape, and its shapes."""
    for item in _walk(dataset, 1, left):
        inner = items(item, "ContentSequence")
        if _code(item) == _GROUP:
            shapes = [one for one in _walk(item, 1, left, through=True) if _is_shape(one)]
        else:
            shapes = [one for one in inner if _is_shape(one)]
        if shapes:
            yield item, shapes


def _walk(
    dataset: Dataset, depth: int, left: list[int], *, through: bool = False
) -> Iterator[Dataset]:
    """Every item of the tree; what lies in a group only when one walks `through` it."""
    for item in items(dataset, "ContentSequence") if depth <= DEEPEST else []:
        left[0] -= 1
        if left[0] < 0:
            return
        yield item
        if through or _code(item) != _GROUP:
            yield from _walk(item, depth + 1, left, through=through)


def _is_shape(item: Dataset) -> bool:
    return said(item, "ValueType") in {"SCOORD", "SCOORD3D"}


def _code(item: Dataset) -> str:
    return next((said(one, "CodeValue") for one in items(item, "ConceptNameCodeSequence")), "")


def _label(owner: Dataset) -> str:
    """What was found there, how it is called, and what was measured."""
    if said(owner, "ValueType") == "NUM":
        return _measured(owner)
    inner = items(owner, "ContentSequence")
    named = [said(one, "TextValue") for one in inner if _code(one) == _TRACKING]
    found = [meaning(one, "ConceptCodeSequence") for one in inner if _code(one) == _FINDING]
    told = [_measured(one) for one in inner if said(one, "ValueType") == "NUM"]
    words = [*filter(None, [*found, *named])] or [meaning(owner, "ConceptNameCodeSequence")]
    more = ["…"] if len(told) > _MOST_VALUES else []
    return ": ".join(filter(None, [", ".join(words), ", ".join(told[:_MOST_VALUES] + more)]))


def _measured(item: Dataset) -> str:
    value, unit = numeric(item)
    return " ".join(filter(None, [meaning(item, "ConceptNameCodeSequence"), value, unit]))


def _contours(shape: Dataset, left: list[int]) -> Iterator[dict[str, Any]]:
    is_flat = said(shape, "ValueType") == "SCOORD"
    images = [
        image
        for source in items(shape, "ContentSequence")
        for image in items(source, "ReferencedSOPSequence")
    ]
    place = {
        "images": [said(image, "ReferencedSOPInstanceUID") for image in images],
        "numbers": [number for image in images for number in _numbers(image)],
    }
    for kind, points in _outlines(shape, 2 if is_flat else 3):
        left[1] -= len(points)
        flat = np.round(points - (_HALF if is_flat else 0), _DIGITS).ravel().tolist()
        yield {"kind": kind, "points": [] if is_flat else flat, **place} | (
            {"pixels": flat} if is_flat else {}
        )


def _numbers(image: Dataset) -> list[int]:
    """Of frames; none where all are meant."""
    try:
        return [int(part) for part in said(image, "ReferencedFrameNumber").split(",") if part]
    except ValueError:
        return []


def _outlines(shape: Dataset, dimensions: int) -> list[tuple[str, Pixels]]:
    """As contours of a structure set: kind and points (n, dimensions)."""
    try:
        flat = np.array(shape.get("GraphicData") or (), np.float64)
    except (TypeError, ValueError):
        return []
    if not flat.size or flat.ndim != 1 or flat.size % dimensions or not np.isfinite(flat).all():
        return []
    points, kind = flat.reshape(-1, dimensions), said(shape, "GraphicType")
    if kind in {"POINT", "MULTIPOINT"}:
        return [("POINT", point[np.newaxis]) for point in points]
    if kind == "CIRCLE" and points.shape == (2, 2):
        return [("CLOSED_PLANAR", _circle(points))]
    if kind == "ELLIPSE" and len(points) == 4:
        return [("CLOSED_PLANAR", _ellipse(points))]
    if kind not in {"POLYLINE", "POLYGON"}:
        return []
    is_closed = kind == "POLYGON" or (len(points) > 2 and np.array_equal(points[0], points[-1]))
    return [("CLOSED_PLANAR" if is_closed else "OPEN_PLANAR", points)]


def _circle(points: Pixels) -> Pixels:
    """From its centre and a point on it."""
    radius = points[1] - points[0]
    return _turned(points[0], radius, np.array([-radius[1], radius[0]]))


def _ellipse(points: Pixels) -> Pixels:
    """From the ends of its longer, then of its shorter axis."""
    return _turned(points[:2].mean(0), (points[1] - points[0]) / 2, (points[3] - points[2]) / 2)


def _turned(centre: Pixels, one: Pixels, other: Pixels) -> Pixels:
    angles = np.arange(_CORNERS)[:, np.newaxis] * (2 * np.pi / _CORNERS)
    around: Pixels = centre + np.cos(angles) * one + np.sin(angles) * other
    return around
