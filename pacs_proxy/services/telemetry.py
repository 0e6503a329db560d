"""What browsers saw, over HTTP: taken from everybody signed in, shown to those who operate this."""

from __future__ import annotations

import platform
import re
from dataclasses import fields
from importlib.metadata import version
from typing import Any

from flask import Response, request

from pacs_proxy import logs
from pacs_proxy.errors import BadRequest
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.parameters import number
from pacs_proxy.services.tallies import BOUNDS, Seen
from pacs_proxy.settings.parse import is_secret
from pacs_proxy.web.bodies import json_object

# As the viewer's errors.ts names them, and what went well.
COUNTED = frozenset(
    {
        *("network", "stalled", "short", "digest", "changed", "not-dicom", "html", "overrun"),
        *("decode", "no-pixels", "undrawable", "wrong-image", "memory", "unauthorised"),
        *("signed-out", "not-found", "damaged", "away", "busy", "request", "server", "draw"),
        *("graphics", "engine", "image", "resumed"),
    }
)
# In ms; what a link carries in kbit/s.
TIMED = frozenset({"image", "first-image", "list", "answer", "lookup", "goodput"})
_SYNTAX = re.compile(r"(?:1\.2\.840\.10008\.1\.2[0-9.]{0,16})?\Z", re.ASCII)
_MOST_LINES, _MOST_AT_ONCE = 200, 100_000
_LONGEST_HOURS = 24 * 90
# Addresses name hosts of the house; whoever reads the bundle elsewhere has no use for them.
_NOT_TOLD = frozenset({"orthanc_url", "services_url", "trusted_hosts", "database_url", "host"})


def report() -> Response:
    """Take one browser's counts. 204."""
    lines = json_object().get("seen")
    if not isinstance(lines, list) or len(lines) > _MOST_LINES:
        raise BadRequest(f"seen must be a list of at most {_MOST_LINES} lines.")
    seen = [_seen(line) for line in lines]
    who = principal()
    services().tallies.expect(f"{who.session} {request.remote_addr}")
    services().tallies.add(seen)
    return Response(status=204)


def figures() -> dict[str, Any]:
    """The sums of the last hours."""
    hours = number("hours", 24, 1, _LONGEST_HOURS)
    rows = services().tallies.since(hours)
    names = ("hour", "name", "syntax", "bucket", "count")
    return {
        "hours": hours,
        "bounds": BOUNDS,
        "rows": [[getattr(r, n) for n in names] for r in rows],
    }


def incident() -> dict[str, Any]:
    """What this server is and how it does, for a bundle; no patient data and no secret."""
    having = services()
    breakers = having.health.breakers()
    settings = {
        field.metadata["env"]: _told(field.name, field.metadata["env"])
        for field in fields(having.settings)
    }
    return {
        "request_id": logs.request_id.get(),
        "versions": {
            "pacs_proxy": version("pacs-proxy"),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "archive": {
            "away_seconds": round(having.health.away_for(), 1),
            "nodes_away": [breaker.is_open for breaker in breakers],
        },
        "settings": settings,
        "telemetry": figures(),
    }


def _told(name: str, env: str) -> Any:
    value = getattr(services().settings, name)
    if is_secret(env) or name in _NOT_TOLD or name.endswith(("_dir", "_folders", "_username")):
        return "(set)" if value else ""
    return value if isinstance(value, bool | int | float) else str(value)


def _seen(line: Any) -> Seen:
    """One line, exactly as it must be: name, syntax, bucket (-1: only counted), count."""
    match line:
        case {"name": str(name), "syntax": str(syntax), "bucket": int(bucket), "count": int(count)}:
            is_known = name in (COUNTED if bucket == -1 else TIMED)
            in_bounds = -1 <= bucket <= len(BOUNDS) and 0 < count <= _MOST_AT_ONCE
            if len(line) == 4 and is_known and in_bounds and _SYNTAX.match(syntax):
                return Seen(name, syntax, bucket, count)
    raise BadRequest("A line has a known name, a transfer syntax or none, a bucket and a count.")
