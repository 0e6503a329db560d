"""What every request passes: route table, principal, permission, audit; and every answer."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping

from flask import Flask, Response, g, request

from pacs_proxy import logs
from pacs_proxy.access.permissions import PUBLIC, Principal
from pacs_proxy.access.records import Asker
from pacs_proxy.errors import Forbidden
from pacs_proxy.errors.access import SignInRequired
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import Services, services
from pacs_proxy.services.headers import Environ, repr_digest
from pacs_proxy.services.identity import ending, expect_own_page, principal
from pacs_proxy.services.route import Route
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.web.callers import KEY as CALLERS
from pacs_proxy.web.callers import Callers
from pacs_proxy.web.exchange import begin_interest, finish, refuse_cross_site, refuse_overrides
from pacs_proxy.web.peer import VOUCHED

# Nobody has a token before it, and its answer gives one.
_SIGN_IN = frozenset({"session.begin", "shares.enter"})


def install(app: Flask) -> None:
    """Put the chain around every view of the application."""
    by_view = {route.view: route for route in ROUTES}
    callers: Callers = app.extensions[CALLERS]

    @app.before_request
    def before() -> None:
        g.began = time.perf_counter()
        callers.settle(request.environ)
        callers.expect_us(request.environ)
        refuse_overrides(request.environ)
        refuse_cross_site(request.environ)
        route = by_view.get(request.endpoint or "")
        if route is not None:
            about = request.view_args or {}
            g.principal, g.asker, g.interest = admit(route, request.environ, services(), about)

    @app.after_request
    def after(answer: Response) -> Response:
        vouch(answer)
        rule = request.url_rule.rule if request.url_rule else "(none)"
        finish(rule, request.method, answer.status_code, g.get("began", time.perf_counter()))
        return answer


def admit(
    route: Route, environ: Environ, having: Services, about: Mapping[str, str]
) -> tuple[Principal, Asker, Interest]:
    """Let a request through to its view, watched from now on.

    `about` names the objects it asks for. Raises SignInRequired, Forbidden; NotFound for what is
    out of reach.
    """
    who = principal(environ, having, route)
    address = environ.get("REMOTE_ADDR", "")
    asker = Asker(who.name, who.session, address, logs.request_id.get())
    if route.permission not in who.permissions:
        if not who.session:
            having.audit.unknown(address)
            raise SignInRequired("Sign in with your name and password, then it goes on.")
        auditing.refused(having, route, asker, about)
        raise Forbidden("You may not do this.")
    if having.settings.sign_in and route.view not in _SIGN_IN:
        expect_own_page(environ, having)
    interest = begin_interest(environ, having.watch, _end_of(route, environ, having, who))
    if who.is_limited and not reach.expect(having, who, about, interest):
        auditing.refused(having, route, asker, about)
        raise reach.out_of_reach()
    return who, asker, interest


def _end_of(
    route: Route, environ: Environ, having: Services, who: Principal
) -> Callable[[], bool] | None:
    """What is public (signing out among it) does not end with a session."""
    if route.permission == PUBLIC:
        return None
    ended, began = ending(environ, having), time.time()
    if not who.glass:
        return ended
    return lambda: ended() or having.door.glass.lapsed(who.session, began)


def vouch(answer: Response) -> None:
    """One flipped bit in a list is another patient's name: viewer and edge check this digest."""
    if answer.mimetype in VOUCHED and answer.status_code != 304:
        digest = hashlib.md5(answer.get_data(), usedforsecurity=False).digest()
        answer.headers["Repr-Digest"] = repr_digest(digest)
