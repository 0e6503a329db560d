"""Deleting over HTTP: the answer says what is proven gone, or where to ask how far it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pacs_proxy.access.permissions import Principal
from pacs_proxy.errors import DeletionFailed, NotFound
from pacs_proxy.ingest.deleted import INSTANCE, SERIES, STUDY
from pacs_proxy.ingest.deletion import NO_SUCH
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.services.identifiers import orthanc_id

# A person waits so long for a plain answer; a proxy in between might not wait longer.
_PATIENCE = 8.0
_NAMED = {STUDY: "study", SERIES: "series", INSTANCE: "instance"}


def study(study: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Delete a study with everything that hangs on it."""
    return _deleted(STUDY, study)


def series(series: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Delete a series."""
    return _deleted(SERIES, series)


def instance(instance: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Delete an instance."""
    return _deleted(INSTANCE, instance)


def progress(job: int) -> dict[str, Any]:
    """How far a deletion is."""
    found = services().deletions.find(job)
    who, named = principal(), {_NAMED[found.level]: found.id}
    if who.is_limited and not _is_within(who, named):
        raise reach.out_of_reach(NO_SUCH)
    return asdict(found)


def _is_within(who: Principal, named: dict[str, str]) -> bool:
    """What is gone by now is nobody's any more."""
    try:
        return reach.expect(services(), who, named, interest())
    except NotFound:
        return True


def _deleted(level: str, resource: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    deletions, wish = services().deletions, interest()
    job = deletions.ask(level, orthanc_id(resource), wish)
    auditing.note(job=job)
    found = deletions.wait(job, _PATIENCE, wish.sleep)
    auditing.note(state=found.state)
    if found.state == "failed":
        raise DeletionFailed(
            f"It could not be deleted: {found.detail} Try again; what is left is then finished."
        )
    if found.state != "done":
        return asdict(found), 202, {"Location": f"/api/pacs/deletions/{job}"}
    return asdict(found), 200, {}
