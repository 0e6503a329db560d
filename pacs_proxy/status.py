"""Health, readiness and figures, for balancers and monitoring."""

from __future__ import annotations

import ipaddress
import os
from typing import Any

from flask import Response, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pacs_proxy.errors import Forbidden
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


def metrics() -> Response:
    """Prometheus text of all workers, for callers on this machine."""
    if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:  # noqa: S104
        raise Forbidden("Figures are given to callers on this machine only.")
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
