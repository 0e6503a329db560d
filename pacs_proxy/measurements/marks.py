"""One figure that a reader drew, as the viewer sends it and gets it back."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import BadRequest

# How many points each kind of figure has at least.
KINDS = {
    "length": 2,
    "bidirectional": 4,
    "angle": 3,
    "cobb": 4,
    "ellipse": 4,
    "rectangle": 4,
    "freehand": 3,
    "probe": 1,
    "arrow": 2,
    "text": 1,
}
QUANTITIES = frozenset(
    {"length", "long", "short", "angle", "area", "mean", "deviation", "min", "max", "value"}
)
UNITS = frozenset({"mm", "mm²", "px", "px²", "°", "HU", "SUV", "Bq/ml", ""})
MOST, _MOST_POINTS = 200, 2_000
_LONGEST_LABEL, _FARTHEST = 120, 1e6
_ORTHANC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}\Z", re.ASCII)


@dataclass(frozen=True)
class Value:
    """One number of a figure; `unit` as it is shown, empty where there is none."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Mark:
    """`points` are (column, row) in pixels, whole numbers the centres, the first pixel 0, 0.

    `frame` counts from 1; 0 where the image has no frames.
    """

    id: uuid.UUID
    instance: str
    frame: int
    kind: str
    points: tuple[tuple[float, float], ...]
    label: str
    values: tuple[Value, ...]


def marks_of(body: dict[str, Any]) -> list[Mark]:
    """From `{"marks": [...]}`; BadRequest names what is wrong with the first that is."""
    given = body.get("marks")
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise BadRequest(f"marks must be a list of 1 to {MOST} figures.")
    return [_mark(one if isinstance(one, dict) else {}) for one in given]


def _mark(given: dict[str, Any]) -> Mark:
    kind, frame = given.get("kind"), given.get("frame", 0)
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadRequest("kind must be one of " + ", ".join(KINDS) + ".")
    if not isinstance(frame, int) or not 0 <= frame <= 1_000_000:
        raise BadRequest("frame must be a whole number from 1, or 0 where there are no frames.")
    return Mark(
        id=_uuid(given.get("id")),
        instance=_instance(given.get("instance")),
        frame=frame,
        kind=kind,
        points=_points(given.get("points"), KINDS[kind]),
        label=_label(given.get("label", "")),
        values=tuple(_values(given.get("values", []))),
    )


def _uuid(text: object) -> uuid.UUID:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        raise BadRequest("id must be a UUID.") from None


def _instance(text: object) -> str:
    if not isinstance(text, str) or not _ORTHANC_ID.match(text):
        raise BadRequest("instance must be an identifier of the archive.")
    return text


def _label(text: object) -> str:
    if not isinstance(text, str) or len(text) > _LONGEST_LABEL or not text.isprintable():
        raise BadRequest(f"label must be at most {_LONGEST_LABEL} printable characters.")
    return text


def _points(given: object, least: int) -> tuple[tuple[float, float], ...]:
    if not isinstance(given, list) or not least <= len(given) <= _MOST_POINTS:
        raise BadRequest(f"points must be a list of {least} to {_MOST_POINTS} pairs.")
    pairs = [pair for pair in given if isinstance(pair, list) and len(pair) == 2]
    if len(pairs) != len(given):
        raise BadRequest("Each point must be a pair of numbers.")
    return tuple((_number(x), _number(y)) for x, y in pairs)


def _values(given: object) -> Iterable[Value]:
    for one in given if isinstance(given, list) else [None]:
        said = one if isinstance(one, dict) else {}
        if said.get("name") not in QUANTITIES or said.get("unit") not in UNITS:
            raise BadRequest("values must be a list of a known name, a number and a known unit.")
        yield Value(str(said["name"]), _number(said.get("value")), str(said["unit"]))


def _number(value: object) -> float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(float(value)) or abs(float(value)) > _FARTHEST:  # type: ignore[arg-type]
        raise BadRequest("Points and values must be finite numbers.")
    return float(value)  # type: ignore[arg-type]
