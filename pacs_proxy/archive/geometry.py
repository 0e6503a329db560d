"""The order in which a reader expects the images of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

# Two slices closer than this in mm, or turned by more than this cosine, are not a plain stack.
_TURNED = 1e-3


class Placed(Protocol):
    """What the order is made from; positions and directions as in PS3.3 C.7.6.2."""

    @property
    def number(self) -> int | None: ...
    @property
    def sop_uid(self) -> str: ...
    @property
    def position(self) -> tuple[float, ...] | None: ...
    @property
    def orientation(self) -> tuple[float, ...] | None: ...


def viewing_order(images: Sequence[Placed]) -> list[int]:
    """Indices in viewing order: along the stack's normal, else by Instance Number.

    Several images at one place (time points, echoes) keep their numbers' order there.
    """
    normal = _common_normal(images)
    places = [_along(image, normal) for image in images]
    if None in places:
        places = [0.0] * len(images)
    numbers = [(im.number is None, im.number or 0, im.sop_uid) for im in images]
    return sorted(range(len(images)), key=lambda i: (places[i], numbers[i]))


def _common_normal(images: Sequence[Placed]) -> tuple[float, ...] | None:
    orientations = [image.orientation for image in images]
    first = orientations[0] if orientations else None
    if first is None or len(first) != 6:
        return None
    for other in orientations:
        if other == first:
            continue
        if other is None or any(abs(a - b) > _TURNED for a, b in zip(first, other, strict=False)):
            return None
    return _cross(first[:3], first[3:])


def _along(image: Placed, normal: tuple[float, ...] | None) -> float | None:
    """Millimetres along the normal, coarse enough that repeated positions stay together."""
    if normal is None or image.position is None or len(image.position) != 3:
        return None
    (x, y, z), (right, down, out) = image.position, normal
    return round(x * right + y * down + z * out, 3)


def _cross(a: Sequence[float], b: Sequence[float]) -> tuple[float, ...]:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
