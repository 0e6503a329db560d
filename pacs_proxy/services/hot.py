"""The two addresses a viewer asks for each slice, answered before Flask takes a request apart.

Every step of the chain is the same function as for all other routes; only what a framework does
around it is left out, which costs more than handing out a verified file. Whatever is not exactly
such a request goes on to Flask, which also says what is wrong with it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pacs_proxy.access.records import Asker
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.services import auditing, chain, images, problems
from pacs_proxy.services.context import KEY, Services
from pacs_proxy.services.delivery import Answer
from pacs_proxy.services.headers import STATUS, Environ, StartResponse
from pacs_proxy.services.identifiers import ORTHANC_ID
from pacs_proxy.services.route import Route
from pacs_proxy.services.routes import ROUTES
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.web.callers import KEY as CALLERS
from pacs_proxy.web.callers import Callers
from pacs_proxy.web.exchange import finish, refuse_overrides

if TYPE_CHECKING:
    from flask import Flask, Response

View = Callable[[Services, str, Environ, Interest], Answer]

VIEWS: dict[str, View] = {"images.file": images.stored, "images.display": images.shown}
# What such a request begins with on the wire.
PREFIX = b"GET /api/pacs/instances/"
_KEY = "pacs_proxy.hot"


class Hot:
    """A WSGI layer in front of Flask's own; a server may also ask it directly."""

    def __init__(self, app: Flask) -> None:
        self._app, self._services = app.wsgi_app, app.extensions[KEY]
        self._routes = [
            (_pattern(route), route, VIEWS[route.view]) for route in ROUTES if route.view in VIEWS
        ]
        self._callers: Callers = app.extensions[CALLERS]

    def offer(self, app: Flask) -> None:
        """Let the server ask it directly, past all that is around the application."""
        app.extensions[_KEY] = self

    @staticmethod
    def of(app: object) -> Hot | None:
        """The layer of an application, if it offers it."""
        found: Hot | None = getattr(app, "extensions", {}).get(_KEY)
        return found

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        answer = self.answer(environ)
        if answer is None:
            return self._app(environ, start_response)
        start_response(STATUS[answer.status], list(answer.headers.items()))
        return answer.for_wsgi(environ)

    def answer(self, environ: Environ) -> Answer | None:
        """The answer to such a request, an error's too; None when it is another."""
        if self._is_plain(environ):
            self._callers.settle(environ)
            for pattern, route, view in self._routes:
                if named := pattern.match(environ["PATH_INFO"]):
                    return self._answered(route, view, named[1], environ)
        return None

    def _is_plain(self, environ: Environ) -> bool:
        return (
            environ["REQUEST_METHOD"] == "GET"
            and not environ["QUERY_STRING"]
            and not environ["SCRIPT_NAME"]
            and self._callers.mean_us(environ)
        )

    def _answered(self, route: Route, view: View, instance: str, environ: Environ) -> Answer:
        began = time.perf_counter()
        try:
            refuse_overrides(environ)
            about = {"instance": instance}
            _, asker, interest = chain.admit(route, environ, self._services, about)
            answer = view(self._services, instance, environ, interest)
            self._written_down(route, asker, instance, answer, interest)
        except PacsProxyError as error:
            answer = _plain(problems.ours(error))
        except Exception as error:  # noqa: BLE001 - as Flask's own handlers
            answer = _plain(problems.unexpected(error))
        finish(route.rule, "GET", answer.status, began)
        return answer

    def _written_down(
        self, route: Route, asker: Asker, instance: str, answer: Answer, interest: Interest
    ) -> None:
        having, size = self._services, int(answer.headers.get("Content-Length", 0))
        try:
            study = having.lineage.of_instance(instance, interest)
            auditing.accessed(having, route.event, asker, study, size, interest)
        except BaseException:
            answer.close()
            raise


def _plain(failed: Response) -> Answer:
    data = failed.get_data()
    headers = {**dict(failed.headers), "Content-Length": str(len(data))}
    return Answer(failed.status_code, headers, (data,))


def _pattern(route: Route) -> re.Pattern[str]:
    before, after = route.rule.split("<instance>")
    return re.compile(
        f"{re.escape(before)}({ORTHANC_ID.pattern[:-2]}){re.escape(after)}\\Z", re.ASCII
    )
