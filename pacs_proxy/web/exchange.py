"""What every request to a browser-facing server passes, whichever role the server has."""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from pacs_proxy import metrics
from pacs_proxy.errors import BadRequest, CrossSite
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.web import turn

log = logging.getLogger("pacs_proxy.requests")

Environ = dict[str, Any]

_OVERRIDES = (
    "HTTP_X_HTTP_METHOD_OVERRIDE",
    "HTTP_X_HTTP_METHOD",
    "HTTP_X_METHOD_OVERRIDE",
)
# RFC 9110 section 9.2.1: these change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SLOW = 1.0
# A reader that takes nothing for this long is gone; its thread is needed.
SEND_SECONDS = 60.0


def refuse_overrides(environ: Environ) -> None:
    """Orthanc obeys these and would delete by a GET; here they are refused, not ignored."""
    query = environ.get("QUERY_STRING")
    named = query and any(name == "_method" for name, _ in parse_qsl(query, True))
    if named or any(name in environ for name in _OVERRIDES):
        raise BadRequest("Method overrides are not accepted.")


def refuse_cross_site(environ: Environ) -> None:
    """A page elsewhere must not change anything in the name of who sits here (CSRF).

    Browsers say where a request comes from, and pages cannot make them lie; programs say nothing.
    """
    if environ["REQUEST_METHOD"] in SAFE:
        return
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    is_foreign = site is not None and site not in {"same-origin", "none"}
    here = environ.get("HTTP_HOST")
    if is_foreign or (origin is not None and origin.partition("://")[2] != here):
        raise CrossSite("A page of another site asked for this; open the viewer itself to do it.")


def begin_interest(
    environ: Environ, watch: Watch, has_ended: Callable[[], bool] | None = None
) -> Interest:
    """Watch the client's connection, so that its leaving frees the other side's.

    Once `has_ended()` the connection is cut, whatever is on its way.
    """
    interest = Interest()
    sock = environ.get("gunicorn.socket")
    if sock is not None:
        left = departure(sock)
        if has_ended is None:
            watch.add(interest, left)
        else:
            mine = turn.begin(environ, sock)
            watch.add(interest, lambda: left() or (has_ended() and mine.cut()))
    return interest


def departure(sock: socket.socket) -> Callable[[], bool]:
    """Whether the other side has closed; looks, reads nothing."""
    poller = select.poll()
    poller.register(sock, select.POLLRDHUP)

    def has_left() -> bool:
        return bool(poller.poll(0))

    return has_left


def send_within(environ: Environ) -> None:
    """From now on a client that takes nothing is given up."""
    sock = environ.get("gunicorn.socket")
    if sock is not None:
        sock.settimeout(SEND_SECONDS)


def finish(rule: str, method: str, status: int, began: float) -> None:
    """One log line and one figure for every answer."""
    seconds = time.perf_counter() - began
    metrics.REQUESTS.labels(rule, status).inc()
    metrics.SECONDS.labels(rule).observe(seconds)
    # Figures count what went well; a line is written for what somebody may ask about.
    level = logging.INFO if status >= 400 or seconds > _SLOW else logging.DEBUG
    fields = {"route": rule, "method": method, "status": status}
    log.log(level, "answered", extra={**fields, "milliseconds": round(seconds * 1000, 1)})
