"""Batches over HTTP: begin one, follow it by revision, cancel it, keep its report."""

from __future__ import annotations

from typing import Any

from flask import Response, json

from pacs_proxy.database import Batch, Result, Upload
from pacs_proxy.errors import BadRequest
from pacs_proxy.ingest.batches import OUTCOMES, Tally
from pacs_proxy.ingest.wanted import client_key
from pacs_proxy.services import auditing
from pacs_proxy.services import report as reports
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.services.parameters import choice, number
from pacs_proxy.web.bodies import json_object

_SOURCES = ("files", "folder", "usb")
_MOST_FILES = 10_000_000
_LAST_REVISION = 999_999_999


def begin() -> tuple[dict[str, Any], int]:
    """201 for a new batch, 200 for the one this client key made before."""
    asked = json_object()
    source, expected = asked.get("source", "files"), asked.get("expected")
    if source not in _SOURCES:
        raise BadRequest(f"source must be one of {', '.join(_SOURCES)}.")
    if expected is not None and not _is_count(expected):
        raise BadRequest(f"expected must be a number of files up to {_MOST_FILES}, or null.")
    key = client_key(asked.get("key"))
    batch, is_new = services().batches.begin(_owner(), key, source, expected)
    auditing.note(batch=batch.id, source=source)
    return as_json(batch), 201 if is_new else 200


def recent() -> dict[str, Any]:
    """The newest batches, in figures."""
    found = services().batches.recent(_owner())
    return {"items": [{**as_json(row), "counts": _counts(tally)} for row, tally in found]}


def news(batch: str) -> dict[str, Any]:
    """What changed since `rev`; ask again with the `rev` answered."""
    found = services().batches.news(_owner(), batch, number("rev", 0, 0, _LAST_REVISION))
    return {
        **as_json(found.batch),
        "rev": found.rev,
        "more": found.more,
        "counts": _counts(found.tally),
        "uploads": [_upload(*row) for row in found.uploads],
        "results": [_result(row) for row in found.results],
    }


def cancel(batch: str) -> dict[str, Any]:
    """End what is unfinished; what is stored stays."""
    services().batches.cancel(_owner(), batch)
    return news(batch)


def report(batch: str) -> Response:
    """What became of every file, for keeping: CSV, or JSON to be printed."""
    form = choice("format", ("csv", "json"))
    everything = services().batches.everything(_owner(), batch)
    made = reports.Report(*everything, services().studies, interest())
    if form == "json":
        return Response(json.dumps(made.as_json()), mimetype="application/json")
    answer = Response(made.as_csv(), content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = f'attachment; filename="upload-{batch[:8]}.csv"'
    return answer


def _owner() -> str:
    return principal().name


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_FILES


def as_json(row: Batch) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "source": row.source,
        "rev": row.rev,
        "created": row.created,
        "closed": row.closed,
        "expected": row.expected_files,
    }


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "uploads": tally.uploads,
        "bytes": tally.bytes,
        "received_bytes": tally.received_bytes,
        "waiting": tally.waiting,
        **tally.outcomes,
    }


def _upload(row: Upload, outcomes: dict[str, int], study: str | None) -> dict[str, Any]:
    progress = {"done": row.done_bytes or 0, "total": row.total_bytes}
    return {
        "id": row.id,
        "name": row.name,
        "length": row.length,
        "offset": row.offset,
        "state": row.state,
        "code": row.code,
        "detail": row.detail,
        "kind": row.kind,
        "progress": progress if row.total_bytes else None,
        "rev": row.rev,
        "results": {name: outcomes.get(name, 0) for name in OUTCOMES},
        "study": study,
    }


def _result(row: Result) -> dict[str, Any]:
    return {
        "id": row.id,
        "upload": row.upload_id,
        "member": row.member,
        "outcome": row.outcome,
        "code": row.code,
        "detail": row.detail,
        "instance": row.instance,
        "series": row.series,
        "study": row.study,
        "rev": row.rev,
    }
