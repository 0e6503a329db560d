"""Health and readiness, for balancers and monitoring."""

from __future__ import annotations

from typing import Any

from pacs_proxy.services.context import interest, services


def healthz() -> dict[str, str]:
    """This process answers; says nothing about the archive."""
    return {"status": "ok"}


def readyz() -> tuple[dict[str, Any], int]:
    """Whether the archive answers and is an Orthanc; asks it unless it is known to be away."""
    if services().health.away_for():
        services().studies.look()
        return {"status": "waiting", "reason": "The archive cannot be reached."}, 503
    if not services().studies.is_orthanc(interest()):
        return {"status": "waiting", "reason": "What answers at ORTHANC_URL is no Orthanc."}, 503
    return {"status": "ok"}, 200
