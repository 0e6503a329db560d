"""Lists over HTTP: studies, one study, one series; and how the archive is."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from flask import request

from pacs_proxy.archive.studies import Search
from pacs_proxy.errors import BadRequest, DatabaseUnavailable
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import interest, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.services.parameters import date, number, text

_MODALITY = re.compile(r"[A-Z0-9]{1,16}\Z", re.ASCII)
_TEXTS = ("patient_name", "patient_id", "accession", "description")
_LONGEST = 64
_LARGEST_PAGE = 200
_LAST = 10_000_000


def page() -> dict[str, Any]:
    """One page of the study list."""
    limit, offset = number("limit", 50, 1, _LARGEST_PAGE), number("offset", 0, 0, _LAST)
    search, label = _search(), text("label", _LONGEST)
    found = reach.sifted(_finder(search, label), limit, offset)
    terms = {**search.terms(), **({"label": label} if label else {})}
    auditing.note(terms=terms, offset=offset, shown=len(found.items))
    for item in found.items:
        services().lineage.met(item)
    labels = _labels([item.id for item in found.items])
    return {
        "items": [{**asdict(item), "labels": labels.get(item.id, [])} for item in found.items],
        "limit": limit,
        "offset": offset,
        "total": found.total,
        "more": found.more,
        "sorted": found.sorted,
    }


def _finder(search: Search, label: str) -> reach.Find:
    """What finds everything there is."""
    studies, wish = services().studies, interest()
    if not label:
        return lambda limit, offset: studies.page(search, limit, offset, wish)
    labelled = services().labels.studies(label)
    return lambda limit, offset: studies.among(labelled, search, limit, offset, wish)


def study(study: str) -> dict[str, Any]:
    """One study and its series."""
    found, series_list = services().studies.study(orthanc_id(study), interest())
    services().lineage.met(found)
    labels = _labels([found.id]).get(found.id, [])
    series_found = [asdict(item) for item in series_list]
    return {**asdict(found), "labels": labels, "series": series_found}


def series(series: str) -> dict[str, Any]:
    """One series, its study and its instances in viewing order."""
    found = services().studies.series(orthanc_id(series), interest())
    services().lineage.met(found.study)
    services().lineage.belong([item.id for item in found.instances], series, found.study.id)
    return {
        **asdict(found.series),
        "study": asdict(found.study),
        "instances": [asdict(item) for item in found.instances],
        "skipped": [{"id": name, "reason": reason} for name, reason in found.skipped],
    }


def status() -> dict[str, Any]:
    """How the archive is, from what all workers saw; never waits."""
    health = services().health
    away = health.away_for()
    if away:
        # A viewer that waits asks for nothing else, so its question must set off the probe.
        services().studies.look()
    breakers = health.breakers()
    return {
        "archive": "unreachable" if away else "ok",
        "since_seconds": round(away, 1),
        "nodes": len(breakers),
        "nodes_away": sum(breaker.is_open for breaker in breakers),
        "retry_after": 1 if away else 0,
    }


def _labels(studies: list[str]) -> dict[str, list[str]]:
    """Studies can be read while our own database is away; then without labels."""
    try:
        return services().labels.of(studies)
    except DatabaseUnavailable:
        return {}


def _search() -> Search:
    texts = {name: text(name, _LONGEST) for name in _TEXTS}
    modality = request.args.get("modality", "").upper()
    if modality and not _MODALITY.match(modality):
        raise BadRequest("modality must be a code such as CT or MR.")
    return Search(**texts, modality=modality, date_from=date("date_from"), date_to=date("date_to"))
