"""The audit journal over HTTP, for whoever looks after it."""

from __future__ import annotations

import csv as tables
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from pacs_proxy.access.inquiry import Inquiry, as_dict
from pacs_proxy.access.records import FIELDS
from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.errors import BadRequest, Forbidden
from pacs_proxy.services import auditing
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.parameters import number, text
from pacs_proxy.services.report import safe

_LONGEST, _LARGEST_PAGE, _LAST = 128, 500, 999_999_999
_LARGEST_TABLE = 20_000


def page() -> dict[str, Any]:
    """One page of what was asked for; `next` is the `before` of the page after it."""
    inquiry = _inquiry()
    limit, before = number("limit", 100, 1, _LARGEST_PAGE), number("before", _LAST, 1, _LAST)
    found = inquiry.page(services().database, limit + 1, None if before == _LAST else before)
    auditing.note(terms=inquiry.terms(), shown=min(limit, len(found)))
    items = [as_dict(record) for record in found[:limit]]
    return {"items": items, "next": items[-1]["seq"] if len(found) > limit else None}


def csv() -> Response:
    """The same as a table, to be opened by a spreadsheet."""
    inquiry = _inquiry()
    found = inquiry.page(services().database, _LARGEST_TABLE, None)
    auditing.note(terms=inquiry.terms(), shown=len(found), form="csv")
    answer = Response(_table(found), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def chain() -> dict[str, Any]:
    """Whether the journal is as it was written."""
    _expect_unrestricted()
    at, verdict = services().verdicts.newest()
    auditing.note(verified=verdict.sound)
    return {
        "whole": verdict.is_whole,
        "sound": verdict.sound,
        "broken": verdict.broken,
        "reason": verdict.reason,
        "at": at,
    }


def _inquiry() -> Inquiry:
    _expect_unrestricted()
    since, until = _time("since"), _time("until")
    terms = {name: text(name, _LONGEST) for name in ("patient", "user", "study")}
    return Inquiry(**terms, event=text("action", _LONGEST), since=since, until=until)


def _expect_unrestricted() -> None:
    if principal().restriction is not None:
        raise Forbidden("The journal tells of all studies; your account reaches a part of them.")


def _table(found: Iterable[AuditRecord]) -> str:
    target = io.StringIO()
    lines = tables.writer(target)
    lines.writerow((*FIELDS, "hash"))
    for record in found:
        said = {**as_dict(record), "detail": record.detail}
        lines.writerow(safe(said[name]) for name in (*FIELDS, "hash"))
    return target.getvalue()


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
