"""Lists over HTTP: studies, one study, one series; and how the archive is."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from flask import request

from pacs_proxy.archive import searching
from pacs_proxy.archive.catalogue import Standing
from pacs_proxy.archive.searching import SORTS, SOURCES, Wanted, summary_of
from pacs_proxy.archive.studies import Page, Search
from pacs_proxy.errors import BadRequest, Busy, DatabaseUnavailable, UpstreamError
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.services.parameters import choice, date, number, text

_MODALITY = re.compile(r"[A-Z0-9]{1,16}\Z", re.ASCII)
_TEXTS = ("patient_name", "patient_id", "accession", "description")
_LONGEST = 64
_LARGEST_PAGE = 200
_LAST = 10_000_000


def page() -> dict[str, Any]:
    """One page of the study list, from the catalogue; from the archive while it is being made."""
    limit, offset = number("limit", 50, 1, _LARGEST_PAGE), number("offset", 0, 0, _LAST)
    wanted, standing = _wanted(), _standing()
    catalogued = standing is not None and standing.complete
    # Who is limited to one study has no list; if he had, it would be sifted.
    if catalogued and not principal().only:
        found = _catalogued(wanted, limit, offset)
    else:
        found = reach.sifted(lambda most, first: _asked(wanted, most, first), limit, offset)
    auditing.note(terms=_terms(wanted), offset=offset, shown=len(found.items))
    for item in found.items:
        services().lineage.met(item)
    named = [item.id for item in found.items]
    labels, sources = _labels(named), _sources(named)
    return {
        "items": [
            {
                **asdict(item),
                "labels": labels.get(item.id, []),
                "source": sources.get(item.id, ""),
                "arrived": found.arrived.get(item.id, 0),
            }
            for item in found.items
        ],
        "limit": limit,
        "offset": offset,
        "total": found.total,
        "more": found.more,
        "sorted": found.sorted,
        "cursor": standing.seq if standing else 0,
        # The archive does not answer: this is what it held then, in seconds since 1970.
        "as_of": standing.as_of if standing and catalogued and not standing.is_fresh else None,
    }


def news() -> dict[str, Any]:
    """Whether the list would look different now, without any of it."""
    since = number("since", 0, 0, 999_999_999)
    standing = services().catalogue.standing(interest())
    # How many came outside of somebody's reach is not theirs to know.
    is_told = standing.seq != since and principal().restriction is None
    arrived = services().catalogue.arrived(since) if is_told else 0
    return {"cursor": standing.seq, "arrived": arrived}


def study(study: str) -> dict[str, Any]:
    """One study and its series."""
    found, series_list = services().studies.study(orthanc_id(study), interest())
    services().lineage.met(found)
    labels = _labels([found.id]).get(found.id, [])
    framed = services().studies.framed(series_list, interest())
    series_found = [asdict(item) for item in framed]
    until = reach.emergency_until(found.id)
    emergency = {"emergency_until": until} if until else {}
    return {**asdict(found), "labels": labels, "series": series_found, **emergency}


def series(series: str) -> dict[str, Any]:
    """One series, its study and its instances in viewing order."""
    found = services().studies.series(orthanc_id(series), interest())
    services().lineage.met(found.study)
    services().warmer.opened(found.series.id, found.instances)
    services().lineage.belong([item.id for item in found.instances], series, found.study.id)
    return {
        **asdict(found.series),
        "study": asdict(found.study),
        # Plain values in them; asdict would copy each, as long as all else takes.
        "instances": [vars(item) for item in found.instances],
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


def _catalogued(wanted: Wanted, limit: int, offset: int) -> Page:
    database = services().database
    if wanted.within:
        services().catalogue.follow_labels(wanted.within.labels, interest())
    found = searching.page(database, wanted, limit, offset)
    if growing := [row.study for row in found.rows if not row.settled]:
        with suppress(UpstreamError, Busy):
            services().catalogue.read_again(growing, interest())
            found = searching.page(database, wanted, limit, offset)
    items = [summary_of(row) for row in found.rows]
    arrived = {row.study: row.arrived for row in found.rows}
    return Page(items, found.total, found.total > offset + limit, True, arrived)


def _asked(wanted: Wanted, limit: int, offset: int) -> Page:
    """As the archive itself answers: newest first, and it knows nothing of sources."""
    if wanted.source:
        raise Busy("The list is being made; searching by source works when that is done.", 10)
    studies = services().studies
    if wanted.label:
        labelled = services().labels.studies(wanted.label)
        return studies.among(labelled, wanted.search, limit, offset, interest())
    return studies.page(wanted.search, limit, offset, interest())


def _standing() -> Standing | None:
    """None while our own database is away: the archive can be asked all the same."""
    try:
        return services().catalogue.standing(interest())
    except DatabaseUnavailable:
        return None


def _labels(studies: list[str]) -> dict[str, list[str]]:
    """Studies can be read while our own database is away; then without labels."""
    try:
        return services().labels.of(studies)
    except DatabaseUnavailable:
        return {}


def _sources(studies: list[str]) -> dict[str, str]:
    try:
        return searching.sources(services().database, studies)
    except DatabaseUnavailable:
        return {}


def _terms(wanted: Wanted) -> dict[str, str]:
    more = {"label": wanted.label, "source": wanted.source}
    return {**wanted.search.terms(), **{name: value for name, value in more.items() if value}}


def _wanted() -> Wanted:
    texts = {name: text(name, _LONGEST) for name in _TEXTS}
    modality = request.args.get("modality", "").upper()
    if modality and not _MODALITY.match(modality):
        raise BadRequest("modality must be a code such as CT or MR.")
    dates = {name: date(name) for name in ("date_from", "date_to", "birth_date")}
    return Wanted(
        Search(**texts, modality=modality, **dates),
        text("label", _LONGEST),
        choice("source", SOURCES),
        choice("sort", SORTS),
        choice("order", ("desc", "asc")) == "desc",
        principal().restriction,
    )
