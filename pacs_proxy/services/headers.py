"""Headers on every single answer, whoever made it: the outermost layer of the application."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from pacs_proxy import logs

_ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
]
# Answers that are no page: even if a browser were made to show one, nothing in it may run.
_UNLESS_SET = (
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox"),
    ("Cache-Control", "private, no-store"),
)


def repr_digest(md5: bytes) -> str:
    """The value of Repr-Digest (RFC 9530)."""
    return f"md5=:{base64.b64encode(md5).decode()}:"


Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class Hardened:
    """Gives a request its id and its answer the headers it must have."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        name = secrets.token_hex(8)
        logs.request_id.set(name)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {header.title() for header, _ in headers}
            missing = [pair for pair in _UNLESS_SET if pair[0] not in present]
            return start_response(
                status, [*headers, *_ALWAYS, *missing, ("X-Request-Id", name)], exc_info
            )

        return self._app(environ, start)
