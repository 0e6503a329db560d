"""Measurements over HTTP: kept as structured reports, given back as the viewer drew them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import g

from pacs_proxy.measurements.marks import Mark, marks_of
from pacs_proxy.measurements.pledges import Pledges
from pacs_proxy.services import auditing
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.web.bodies import json_object

if TYPE_CHECKING:
    from pacs_proxy.measurements.keeping import Measurements


def listed(study: str) -> dict[str, Any]:
    """The figures of the newest report, and who made it when; none where there is no report."""
    found = _measurements().newest(orthanc_id(study), interest())
    if found is None:
        return {"made": None, "observer": "", "marks": []}
    return {
        "made": found.made,
        # A guest is told nobody's name.
        "observer": "" if principal().only else found.observer,
        "marks": [_as_json(mark) for mark in found.marks],
    }


def keep(study: str) -> tuple[dict[str, Any], int]:
    """Store a report of all that is to be kept; the archive has proven what it holds."""
    marks = marks_of(json_object())
    observer = g.asker.principal
    result = _measurements().keep(orthanc_id(study), marks, observer, interest())
    auditing.note(figures=len(marks), kept=result.instance)
    return {
        "instance": result.instance,
        "series": result.series,
        "md5": result.md5,
        "size": result.size,
    }, 201


def _as_json(mark: Mark) -> dict[str, Any]:
    return {**asdict(mark), "id": str(mark.id)}


def _measurements() -> Measurements:
    # highdicom takes half a second to import, which only who keeps measurements should wait for.
    from pacs_proxy.measurements.keeping import Measurements

    having = services()
    archive, room = (having.studies, having.instances), having.settings.spool_bytes
    pledges = Pledges(having.jobs, having.depositor)
    return Measurements(*archive, having.depositor, pledges, room)
