"""A study out of reach opens in an emergency: by its exact number, with a reason, on record."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from flask import g

from pacs_proxy.access.records import GLASS_BROKEN, GLASS_ENDED, SEARCH, Event, Study
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.errors import BadRequest, NotFound
from pacs_proxy.services import auditing, own, reach
from pacs_proxy.services.context import interest, principal, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.web.bodies import json_object, short_text

_TERMS = {"accession": "AccessionNumber", "patient_id": "PatientID"}
_SHORTEST_REASON, _MOST = 10, 50
_NONE = "There is no study with exactly this number. Look whether it is written as in the archive."

log = logging.getLogger(__name__)


def opened() -> dict[str, Any]:
    """What this session has opened so, and until when."""
    found = services().door.glass.listed(principal().session)
    return {"openings": [{"study": study, "until": until} for study, until in found.items()]}


def open_study() -> dict[str, Any]:
    """The one study of that number; of several, a choice of which one is asked for again."""
    asked = json_object()
    term, value, reason = _asked(asked)
    found = [one for one in _found(term, value) if asked.get("study") in (None, one.id)]
    if len(found) != 1:
        detail = {"terms": {term: value}, "reason": reason, "shown": len(found), "emergency": True}
        services().audit.happened(Event(SEARCH, g.asker, detail=detail))
    if not found:
        raise NotFound(_NONE)
    if len(found) > 1:
        return {"choose": [_choice(one) for one in found]}
    return _opened(found[0], {"reason": reason, "by": term, "value": value})


def end() -> dict[str, Any]:
    """Now, and not when its time is over: by who opened it, or by who looks after accounts."""
    asked, who = json_object(), principal()
    if asked.keys() not in ({"study"}, {"session"}):
        raise BadRequest("Give the study that you opened, or the name of a session.")
    session, study = who.session, None
    if "study" in asked:
        study = orthanc_id(short_text(asked, "study"))
    else:
        session = short_text(asked, "session")
    lives = {one.name: one.account for one in services().door.sessions.listed(own.whose())}
    if session not in lives:
        raise NotFound("There is no such session; it may have ended by itself.")
    ended = services().door.glass.end(session, study)
    for gone in ended:
        detail = {"user": lives[session], "of": session}
        services().audit.told(Event(GLASS_ENDED, g.asker, auditing.known(gone), detail=detail))
    return {"ended": len(ended)}


def _opened(study: StudySummary, detail: dict[str, Any]) -> dict[str, Any]:
    """Written down before it is open. Raises AuditUnavailable."""
    having, who = services(), principal()
    # Nothing is broken where nothing is in the way.
    if reach.permits(having, replace(who, glass=False), study.id, interest()):
        return {"study": study.id, "until": None}
    seconds = having.settings.glass_seconds
    about = Study(study.id, study.study_uid, study.patient_id)
    detail = {**detail, "seconds": seconds}
    having.audit.happened(Event(GLASS_BROKEN, g.asker, about, detail=detail))
    log.warning("a study out of reach was opened in an emergency", extra={"principal": who.name})
    return {"study": study.id, "until": having.door.glass.open(who.session, study.id, seconds)}


def _asked(asked: dict[str, Any]) -> tuple[str, str, str]:
    named = [term for term in _TERMS if term in asked]
    if len(named) != 1 or asked.keys() - {*_TERMS, "reason", "study"}:
        raise BadRequest("Give accession or patient_id, and reason; of several the study.")
    value = short_text(asked, named[0]).strip()
    reason = " ".join(short_text(asked, "reason").split())
    if not value or not value.isprintable() or set(value) & set("*?\\"):
        raise BadRequest("The number must be given exactly, without wildcards.")
    if len(reason) < _SHORTEST_REASON:
        raise BadRequest(f"Give the reason in {_SHORTEST_REASON} characters or more.")
    return named[0], value, reason


def _found(term: str, value: str) -> list[StudySummary]:
    """The archive takes upper and lower case for the same; only what is exactly that counts."""
    found = services().studies.having(_TERMS[term], value, _MOST, interest())
    return [one for one in found if getattr(one, term).strip() == value]


def _choice(study: StudySummary) -> dict[str, Any]:
    """Enough to choose by, and no name: nothing is open yet."""
    return {
        "study": study.id,
        "study_date": study.study_date,
        "modalities": study.modalities,
        "description": study.description,
    }
