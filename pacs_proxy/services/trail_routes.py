"""The part of the route table about the audit journal; `trail` answers."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import AUDIT_READ
from pacs_proxy.services.route import Route

TRAIL = (
    Route(
        ("GET",),
        "/api/audit",
        "trail.page",
        AUDIT_READ,
        "The audit journal, newest first: `patient`, `user`, `study`, `action` (an event's name), "
        "`since`, `until` (UTC, ISO 8601), `limit` (1-500), `before` a record's number. The "
        "question is written down too.",
        audit=records.AUDIT_USED,
    ),
    Route(
        ("GET",),
        "/api/audit/chain",
        "trail.chain",
        AUDIT_READ,
        "Whether all records follow from each other: `sound` how many do, `broken` the first that "
        "does not and `reason`; looked at anew once a minute at most.",
        audit=records.AUDIT_USED,
    ),
    Route(
        ("GET",),
        "/api/audit/csv",
        "trail.csv",
        AUDIT_READ,
        "As `/api/audit`, the newest 20 000 as a table (RFC 4180); no cell begins a formula.",
        audit=records.AUDIT_USED,
    ),
)
