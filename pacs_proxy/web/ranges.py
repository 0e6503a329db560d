"""Conditional and range requests (RFC 9110 sections 13 and 14), pure."""

from __future__ import annotations

import re

from pacs_proxy.errors import RangeNotSatisfiable

_ONE_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z", re.ASCII)


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte asked for, or None for the whole.

    Several ranges, other units and nonsense are answered with the whole, as 14.2 allows.
    Raises RangeNotSatisfiable when the range begins behind the end.
    """
    match = _ONE_RANGE.match((header or "").replace(" ", ""))
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return _suffix(int(last), size)
    if int(first) >= size:
        raise RangeNotSatisfiable(f"The file has {size} bytes; the range begins behind.", size)
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _suffix(count: int, size: int) -> tuple[int, int]:
    if not count:
        raise RangeNotSatisfiable("A range of no bytes cannot be sent.", size)
    return max(0, size - count), size - 1


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has these bytes already: weak comparison (8.8.3.2), any of a list."""
    if not if_none_match:
        return False
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in tags or "*" in tags


def may_continue(if_range: str | None, tag: str) -> bool:
    """Whether a range fits what the client has: strong comparison only (13.1.5)."""
    return if_range is None or if_range.strip() == tag
