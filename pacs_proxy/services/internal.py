"""SERVER_ROLE=services: nobody is answered but the edge, which proves itself with a key."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from pacs_proxy.errors.wire import KeyRefused
from pacs_proxy.services.headers import NAME, Environ, Hardened, StartResponse, WsgiApp
from pacs_proxy.services.problems import problem
from pacs_proxy.web.peer import KEY_HEADER

_KEY, _ID = "HTTP_X_INTERNAL_KEY", "HTTP_X_REQUEST_ID"
_ADDRESS = "HTTP_X_EDGE_CLIENT"
_NAME = re.compile(r"[0-9a-f]{16}\Z")
# Whether this process lives may be asked by whoever restarts it; the answer says nothing else.
_OPEN = frozenset({"/healthz"})


class Guarded:
    """The outermost layer: refuses all without a valid key, and takes the edge's request id."""

    def __init__(self, app: WsgiApp, keys: Iterable[str]) -> None:
        self._app, self._keys = app, [key.encode() for key in keys]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        shown = environ.pop(_KEY, "").encode("latin-1")
        is_edge = self._is_valid(shown)
        if not is_edge and environ["PATH_INFO"] not in _OPEN:
            return Hardened(_refuse)(environ, start_response)
        if is_edge and _NAME.match(environ.get(_ID, "")):
            environ[NAME] = environ[_ID]
        if is_edge and environ.get(_ADDRESS):
            environ["REMOTE_ADDR"] = environ[_ADDRESS]
        return self._app(environ, start_response)

    def _is_valid(self, shown: bytes) -> bool:
        """Each is compared, in constant time: how long it takes tells nothing about a key."""
        return sum(hmac.compare_digest(shown, key) for key in self._keys) > 0


def _refuse(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    answer = problem(
        KeyRefused(
            "This server answers its edge only (SERVER_ROLE=web), which shows INTERNAL_API_KEY. "
            "Open the edge's address instead."
        )
    )
    answer.headers["WWW-Authenticate"] = KEY_HEADER
    return answer(environ, start_response)
