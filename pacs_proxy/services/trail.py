"""The audit journal over HTTP, for whoever looks after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import request

from pacs_proxy.access.inquiry import Inquiry, as_dict
from pacs_proxy.errors import BadRequest, Forbidden
from pacs_proxy.services import auditing
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.parameters import number, text

_LONGEST, _LARGEST_PAGE, _LAST = 128, 500, 999_999_999


def page() -> dict[str, Any]:
    """One page of what was asked for; `next` is the `before` of the page after it."""
    if principal().restriction is not None:
        raise Forbidden("The journal tells of all studies; your account reaches a part of them.")
    since, until = _time("since"), _time("until")
    terms = {name: text(name, _LONGEST) for name in ("patient", "user", "study")}
    inquiry = Inquiry(**terms, since=since, until=until)
    limit, before = number("limit", 100, 1, _LARGEST_PAGE), number("before", _LAST, 1, _LAST)
    found = inquiry.page(services().database, limit + 1, None if before == _LAST else before)
    auditing.note(terms=inquiry.terms(), shown=min(limit, len(found)))
    items = [as_dict(record) for record in found[:limit]]
    return {"items": items, "next": items[-1]["seq"] if len(found) > limit else None}


def _time(name: str) -> float | None:
    """Seconds since 1970; BadRequest for what is no moment."""
    value = request.args.get(name, "")
    if not value:
        return None
    try:
        met = datetime.fromisoformat(value)
        return (met if met.tzinfo else met.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise BadRequest(f"{name} must be a moment such as 2026-11-26T10:00:00Z.") from None
