"""What the journal is told of a request: before its first byte leaves, or it does not leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, g, make_response, request

from pacs_proxy.access.records import (
    BEGUN,
    CHANGES,
    DENIED,
    FIRST,
    Asker,
    Event,
    Study,
)
from pacs_proxy.errors import BadRequest, NotFound, PacsProxyError, UpstreamError
from pacs_proxy.services import reach
from pacs_proxy.services.context import Services, interest, services
from pacs_proxy.services.route import Route
from pacs_proxy.upstream.interest import Interest

View = Callable[..., Any]


def audited(route: Route, view: View) -> View:
    """The view with what the journal has to know about it; errors are the journal's or its own."""
    if route.event in FIRST:
        return wraps(view)(lambda **named: _delivered(route, view, named))
    if route.event in CHANGES:
        return wraps(view)(lambda **named: _changed(route, view, named))
    if route.event:
        return wraps(view)(lambda **named: _done(route, view, named))
    return view


def note(**detail: Any) -> None:
    """What the record of this request should say besides; called by views."""
    g.noted = {**g.get("noted", {}), **detail}


def located(instance: str) -> None:
    """The instance that a request names by UIDs."""
    g.located = {"instance": instance}


def accessed(
    having: Services, event: str, asker: Asker, study: str, size: int, interest: Interest
) -> None:
    """Bytes of a study are about to leave. Raises AuditUnavailable, and what `Lineage` raises."""
    origin = having.lineage.origin(study, interest)
    having.audit.accessed(event, asker, Study(origin.id, origin.uid, origin.patient), size)


def known(study: str) -> Study:
    """As the journal names it; by its identifier alone where the archive cannot be asked."""
    try:
        origin = services().lineage.origin(study, interest())
    except (NotFound, UpstreamError):
        return Study(study)
    return Study(origin.id, origin.uid, origin.patient)


def refused(having: Services, route: Route, asker: Asker, about: Mapping[str, str]) -> None:
    """Somebody we know asked for what is not theirs."""
    detail = {"route": route.rule, "permission": route.permission, "about": dict(about)}
    having.audit.told(Event(DENIED, asker, detail=detail))


def _delivered(route: Route, view: View, named: Mapping[str, str]) -> Response:
    answer = make_response(view(**named))
    try:
        if answer.status_code < 400:
            study = _study_of(g.get("located", named))
            size = 0 if request.method == "HEAD" else answer.content_length or 0
            accessed(services(), route.event, g.asker, study, size, interest())
    except BaseException:
        answer.close()
        raise
    return answer


def _changed(route: Route, view: View, named: Mapping[str, str]) -> Response:
    if request.query_string:
        # Before the archive is asked what it is about.
        raise BadRequest("What changes something takes no parameters in its address.")
    having, about, study = services(), dict(named), _found(named)
    having.audit.happened(Event(route.event, g.asker, study, BEGUN, about))
    try:
        answer = make_response(view(**named))
    except PacsProxyError as error:
        having.audit.told(Event(route.event, g.asker, study, error.code, _noted(about)))
        raise
    having.audit.told(Event(route.event, g.asker, study, detail=_noted(about)))
    return answer


def _done(route: Route, view: View, named: Mapping[str, str]) -> Response:
    answer = make_response(view(**named))
    services().audit.happened(Event(route.event, g.asker, detail=_noted(named)))
    return answer


def _noted(about: Mapping[str, Any]) -> dict[str, Any]:
    return {**about, **g.get("noted", {})}


def _found(named: Mapping[str, str]) -> Study:
    """The study that is to be changed; one that is gone already is known by its name alone."""
    if not named.keys() & {"study", "series", "instance"}:
        return Study()
    try:
        origin = services().lineage.origin(_study_of(named), interest())
    except (NotFound, UpstreamError):
        return Study(named.get("study", ""))
    return Study(origin.id, origin.uid, origin.patient)


def _study_of(named: Mapping[str, str]) -> str:
    return reach.study_of(services(), named, interest())
