"""How far somebody reaches who is restricted: what is out of reach is as if it were not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pacs_proxy.access.permissions import Principal
from pacs_proxy.archive.studies import Page
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.errors import NotFound
from pacs_proxy.services.context import Services, interest, principal, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.upstream.interest import Interest

Find = Callable[[int, int], Page]

OBJECTS = frozenset({"study", "series", "instance"})
_NOT_THERE = "The archive holds no such object."
# While there is no catalogue a restricted list is made of what the archive finds: so many of it
# are looked at.
MOST = 5_000
_WINDOW = 200


def study_of(having: Services, named: Mapping[str, str], interest: Interest) -> str:
    """Of a study, a series or an instance. Raises MalformedId, NotFound, UpstreamError."""
    if study := named.get("study"):
        return orthanc_id(study)
    if series := named.get("series"):
        return having.lineage.of_series(orthanc_id(series), interest)
    return having.lineage.of_instance(orthanc_id(named["instance"]), interest)


def permits(having: Services, who: Principal, study: str, interest: Interest) -> bool:
    """Whether it lies within. Raises NotFound, UpstreamError, DatabaseUnavailable."""
    if who.only and study != who.only:
        return False
    if who.restriction is None or who.restriction.permits(having.traits.of(study, interest)):
        return True
    return who.glass and having.door.glass.until(who.session, study) > 0


def expect(
    having: Services,
    who: Principal,
    named: Mapping[str, str],
    interest: Interest,
    words: str = _NOT_THERE,
) -> bool:
    """Whether the object lies within; raises NotFound in the same words where there is none."""
    if not named.keys() & OBJECTS:
        return True
    try:
        return permits(having, who, study_of(having, named, interest), interest)
    except NotFound:
        raise NotFound(words) from None


def emergency_until(study: str) -> float:
    """When it is out of reach again, for who opened it in an emergency; else 0."""
    who = principal()
    if not who.glass or permits(services(), replace(who, glass=False), study, interest()):
        return 0.0
    return services().door.glass.until(who.session, study)


def out_of_reach(words: str = _NOT_THERE) -> NotFound:
    """What is said of it."""
    return NotFound(words)


def reaches(study: str | None) -> bool:
    """Whether who asks now may know of that study; one that is gone is nobody's."""
    who = principal()
    if not who.is_limited:
        return True
    try:
        return bool(study) and permits(services(), who, study or "", interest())
    except NotFound:
        return False


def reaches_instance(instance: str) -> bool:
    """The same of an instance."""
    if not principal().is_limited:
        return True
    return reaches(services().lineage.of_instance(instance, interest()))


def sifted(find: Find, limit: int, offset: int) -> Page:
    """A page of what lies within; `find` gives pages of everything, by limit and offset."""
    if not principal().is_limited:
        return find(limit, offset)
    kept: list[StudySummary] = []
    at, page = 0, Page([], 0, True, True)
    while page.more and len(kept) <= offset + limit and at < MOST:
        page = find(_WINDOW, at)
        kept += [item for item in page.items if reaches(item.id)]
        at += _WINDOW
    return replace(
        page,
        items=kept[offset : offset + limit],
        total=None if page.more else len(kept),
        more=len(kept) > offset + limit,
    )
