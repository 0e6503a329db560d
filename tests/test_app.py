"""The application is put together from the settings, and offers the route table and no more."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from pacs_proxy.access.tables import AuditRecord
from pacs_proxy.app import create_app, limits, make_client
from pacs_proxy.control import Control
from pacs_proxy.edge import policy
from pacs_proxy.migrations import upgrade
from pacs_proxy.services.context import KEY, Services
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.settings import MIB, Settings
from pacs_proxy.upstream.health import Health
from pacs_proxy.views import VIEWS


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Port 1 answers nobody: what is built must not need the archive."""
    app = create_app(Settings(orthanc_url="http://127.0.0.1:1", spool_dir=str(tmp_path)))
    yield app
    services: Services = app.extensions[KEY]
    services.watch.close()
    services.pictures._decoder.close()
    services.health._control.close()


def test_a_start_loads_nothing_that_reads_pictures_or_buckets() -> None:
    """A worker that makes no ZIP and decodes nothing itself never has them."""
    large = "pydicom numpy PIL imagecodecs pyvips boto3 pynetdicom highdicom"
    loaded = "import sys, pacs_proxy.app, pacs_proxy.shipping; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", loaded], stdout=subprocess.PIPE, text=True, check=True
    )
    assert "pacs_proxy.app" in found.stdout.split()
    assert set(large.split()).isdisjoint(found.stdout.split())


def test_the_addresses_are_those_of_the_route_table(app: Flask) -> None:
    offered = {(rule.rule, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert offered == {(route.rule, route.view) for route in ROUTES}


CHANGED = ("/api/uploads", "/api/ingest", "/api/session", "/api/telemetry", "/api/users",
           "/api/tokens", "/api/sessions", "/api/shares", "/api/glass",
           "/api/preferences")  # fmt: skip


def test_what_may_be_changed_is_uploads_and_what_is_deleted(app: Flask) -> None:
    unsafe = {"POST", "PUT", "PATCH", "DELETE"}
    changing = {
        (r.rule, r.endpoint): unsafe & set(r.methods or ()) for r in app.url_map.iter_rules()
    }
    for (rule, endpoint), methods in changing.items():
        assert (
            not methods
            or rule.startswith(CHANGED)
            or methods == {"DELETE"}
            or endpoint in {"measurements.keep", "emergency.direct", "shares.make"}
        )
        assert ("DELETE" in methods and "pacs" in rule) == (
            endpoint.startswith("deletions.") and endpoint != "deletions.progress"
        )


def test_every_view_has_a_route(app: Flask) -> None:
    assert set(VIEWS) == {route.view for route in ROUTES}


def test_each_route_says_who_may_and_what_for() -> None:
    for route in ROUTES:
        assert route.permission in {
            "public", "study.read", "study.export", "study.delete", "upload.create",
            "ingest.reference", "conflict.resolve", "operate", "audit.read",
            "measurement.keep", "account.manage", "emergency.direct", "own.access",
            "study.search", "study.share", "study.break_glass",
        }  # fmt: skip
        assert route.summary.endswith(".")
    data = [r for r in ROUTES if r.rule.startswith(("/api/pacs", "/wado"))]
    for route in data:
        if route.view in {"measurements.keep", "emergency.direct", "shares.make"}:
            continue
        is_deletion = route.view.startswith("deletions.")
        reads = "study.export" if route.rule.endswith("/download") else "study.read"
        reads = "study.search" if route.view in {"studies.page", "studies.news"} else reads
        assert route.permission == ("study.delete" if is_deletion else reads)


def test_who_is_turned_away_unknown_is_counted_in_the_journal(tmp_path: Path) -> None:
    settings = Settings(orthanc_url="http://127.0.0.1:1", data_dir=str(tmp_path))
    upgrade(settings.database_address)
    made = create_app(settings)
    services: Services = made.extensions[KEY]
    client = made.test_client()
    for path in ("/api/audit", "/api/pacs/studies", "/api/tokens"):
        assert client.get(path).status_code == 401
    services.audit.count()
    with services.database.read() as session:
        [record] = session.scalars(select(AuditRecord)).all()
        assert (record.event, record.principal) == ("access.denied", "nobody")
        assert json.loads(record.detail) == {"refused": 3, "addresses": {"127.0.0.1": 3}}
    services.watch.close()
    services.pictures._decoder.close()
    services.health._control.close()


def test_hosts_are_checked(app: Flask) -> None:
    asked = app.test_client().get("/healthz", headers={"Host": "evil.example"})
    assert (asked.status_code, asked.json["code"]) == (400, "bad_request")  # type: ignore[index]
    assert app.test_client().get("/healthz").status_code == 200


def test_the_numbers_of_the_policy_come_from_the_settings() -> None:
    made = policy(Settings(retry_attempts=5, retry_base_seconds=0.1, deadline_seconds=7))
    assert (made.attempts, made.base, made.deadline) == (5, 0.1, 7)
    assert (made.cap, made.retry_after_cap) == (1.0, 10.0)


def test_the_limits_of_the_spool_come_from_the_settings() -> None:
    made = limits(Settings(direct_streams=2))
    assert (made.verify_first, made.direct) == (8 * MIB, 2)


@pytest.mark.parametrize(
    ("size", "workers", "each"), [(40, 2, 20), (40, 3, 13), (1, 4, 2), (7, 1, 7)]
)
def test_the_pool_is_shared_out_among_the_workers(
    tmp_path: Path, size: int, workers: int, each: int
) -> None:
    settings = Settings(pool_size=size, workers=workers, orthanc_url="http://a,http://b")
    control = Control(tmp_path / "control")
    client = make_client(settings, Health(control, 2, 0.2, 10))
    for pool in client._transport._pools:
        assert pool._bodies._value + pool._questions._value == each
    assert len(client._transport._pools) == 2
    control.close()
