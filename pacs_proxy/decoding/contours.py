"""A structure set (PS3.3 C.8.8.5, C.8.8.6): regions and their contours in the patient's mm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pacs_proxy.decoding.tree import items, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

# 12 to 25 bytes each in JSON.
MOST_POINTS = 1_500_000
_DIGITS = 3


class _TooMany(Exception):
    """More points than a browser is given at once."""


def structures(dataset: Dataset, _: int) -> dict[str, Any]:
    """Each region with its colour, the frame of reference it is in, and its contours."""
    drawn = {said(one, "ReferencedROINumber"): one for one in items(dataset, "ROIContourSequence")}
    observed = {
        said(one, "ReferencedROINumber"): said(one, "RTROIInterpretedType").lower()
        for one in items(dataset, "RTROIObservationsSequence")
    }
    left = [MOST_POINTS]
    regions, is_too_large = [], False
    for roi in items(dataset, "StructureSetROISequence"):
        number = said(roi, "ROINumber")
        try:
            region = _region(roi, drawn.get(number), left)
        except _TooMany:
            is_too_large = True
            break
        regions.append({**region, "kind": observed.get(number, "")})
    return {"structures": {"regions": [] if is_too_large else regions, "too_large": is_too_large}}


def _region(roi: Dataset, drawn: Dataset | None, left: list[int]) -> dict[str, Any]:
    return {
        "number": said(roi, "ROINumber"),
        "label": said(roi, "ROIName"),
        "frame_of_reference": said(roi, "ReferencedFrameOfReferenceUID"),
        "colour": _colour(drawn),
        "contours": list(_contours(drawn, left)) if drawn is not None else [],
    }


def _colour(drawn: Dataset | None) -> list[int] | None:
    if drawn is None:
        return None
    try:
        found = [int(value) for value in drawn.get("ROIDisplayColor") or ()]
    except (TypeError, ValueError):
        return None
    return found if len(found) == 3 and all(0 <= part < 256 for part in found) else None


def _contours(drawn: Dataset, left: list[int]) -> Iterator[dict[str, Any]]:
    for contour in items(drawn, "ContourSequence"):
        points = _points(contour)
        left[0] -= len(points) // 3
        if left[0] < 0:
            raise _TooMany
        yield {
            "kind": said(contour, "ContourGeometricType"),
            "points": points,
            "images": [
                said(image, "ReferencedSOPInstanceUID")
                for image in items(contour, "ContourImageSequence")
            ],
        }


def _points(contour: Dataset) -> list[float]:
    """x, y, z one after another; none where they are not whole points."""
    try:
        flat = np.array(contour.get("ContourData") or (), np.float64)
    except (TypeError, ValueError):
        return []
    if flat.ndim != 1 or len(flat) % 3 or not np.isfinite(flat).all():
        return []
    found: list[float] = np.round(flat, _DIGITS).tolist()
    return found
