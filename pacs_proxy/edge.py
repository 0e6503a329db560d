"""Composition root of SERVER_ROLE=web: the viewer, and a relay for everything else.

Nothing imported here knows an archive, a database or a DICOM file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import IO, Any

from flask import Flask, Request, Response, g, request

from pacs_proxy.control import Control
from pacs_proxy.services import problems
from pacs_proxy.services.headers import Hardened
from pacs_proxy.services.route import Route
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.settings import MIB, Settings
from pacs_proxy.upstream.attempts import Persistence
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.pace import Pace
from pacs_proxy.upstream.pool import Node, Pool
from pacs_proxy.upstream.retry import Policy
from pacs_proxy.upstream.transport import Transport
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.web import download, figures, relay, upload, viewer
from pacs_proxy.web.callers import KEY as CALLERS
from pacs_proxy.web.callers import Callers
from pacs_proxy.web.exchange import begin_interest, finish, refuse_cross_site, refuse_overrides
from pacs_proxy.web.hold import Hold
from pacs_proxy.web.peer import KEY_HEADER, Peer, prober

# Threads that never wait for a data side that is away: they say so to everybody else.
_SPARE_THREADS = 8
# gunicorn keeps an idle connection for fifteen seconds.
_IDLE_SECONDS = 5.0
_HOLD_BYTES = 32 * MIB

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Asked once: these must not wait, and what is taken once must not be asked for again.
_ONCE = frozenset({"studies.status", "status.readyz", "oidc.begin", "oidc.callback"})


def healthz() -> dict[str, str]:
    """This process answers; says nothing about the data side."""
    return {"status": "ok"}


OWN: dict[str, Callable[..., Any]] = {
    "viewer.index": viewer.index,
    "viewer.asset": viewer.asset,
    "status.healthz": healthz,
    "status.metrics": figures.metrics,
}


class Unparsed(Request):
    """A request whose forms nobody parses: Werkzeug would put their files on the disk."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        raise RuntimeError("The edge parses no forms.")


def create_edge(settings: Settings, control: Control) -> Flask:
    """The application of one worker; `control` is the memory that all workers share."""
    app = bare(settings)
    app.request_class = Unparsed
    app.extensions[relay.KEY] = build(settings, control)
    problems.install(app)
    _install(app)
    upload.install(app)
    app.wsgi_app = Hardened(app.wsgi_app)  # type: ignore[method-assign]
    for route in ROUTES:
        add(app, route, OWN.get(route.view) or _relayed(route))
    return app


def bare(settings: Settings) -> Flask:
    """A Flask application without routes, as both roles have it."""
    app = Flask("pacs_proxy", static_folder=None)
    # The data side believes its edge, which has checked the name and passes it on.
    names = None if settings.is_data_side else settings.trusted
    app.extensions[CALLERS] = Callers(names, settings.fronts)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    return app


def add(app: Flask, route: Route, view: Callable[..., Any]) -> None:
    """One line of the route table."""
    methods = list(route.methods)
    app.add_url_rule(route.rule, route.view, view, methods=methods, provide_automatic_options=False)


def build(settings: Settings, control: Control) -> relay.Edge:
    """The objects behind the routes."""
    health = Health(control, 1, settings.retry_share, settings.retry_rate)
    return relay.Edge(
        make_peer(settings, health),
        Watch(),
        Hold(_HOLD_BYTES),
        settings.verify_first_bytes,
        settings.read_seconds,
        settings.upload_body_seconds,
        settings.upload_request_bytes,
    )


def make_peer(settings: Settings, health: Health) -> Peer:
    """The data side with the edge's limits: it waits for the archive, so it may be silent."""
    silence = settings.read_seconds
    pace = Pace(silence, silence, silence, silence, settings.minimum_rate)
    # No thread has more than one request under way: nobody ever queues for a connection.
    each = settings.threads
    node = Node.parse(settings.services_url)
    pool = Pool(node, 2 * each, _IDLE_SECONDS, reserve=each)
    key = {KEY_HEADER: settings.internal_keys[0]}
    transport = Transport((pool,), pace, settings.connect_seconds, key)
    waiting = BoundedSemaphore(max(1, settings.threads - _SPARE_THREADS))
    return Peer(transport, Persistence(health, policy(settings), prober(transport), waiting))


def policy(settings: Settings) -> Policy:
    """How often and how fast we ask again."""
    return Policy(
        settings.retry_attempts,
        settings.retry_base_seconds,
        settings.retry_cap_seconds,
        settings.retry_after_cap_seconds,
        settings.deadline_seconds,
    )


def _relayed(route: Route) -> Callable[..., Response]:
    """The way a route takes through the edge."""
    if route.view == upload.HEAD:
        read = upload.where
    elif route.view in _ONCE:
        read = relay.glance
    elif "HEAD" in route.methods and "GET" in route.methods:
        read = download.file
    else:
        read = relay.question

    def view(**_: str) -> Response:
        return upload.change() if request.method in _CHANGES else read()

    return view


def _install(app: Flask) -> None:
    """The chain of the edge: who may do what is decided on the data side."""

    callers: Callers = app.extensions[CALLERS]

    @app.before_request
    def before() -> None:
        g.began = time.perf_counter()
        callers.settle(request.environ)
        callers.expect_us(request.environ)
        refuse_overrides(request.environ)
        refuse_cross_site(request.environ)
        g.interest = begin_interest(request.environ, relay.here().watch)

    @app.after_request
    def after(answer: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "(none)"
        finish(rule, request.method, answer.status_code, g.get("began", time.perf_counter()))
        return answer
