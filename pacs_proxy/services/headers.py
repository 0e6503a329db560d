"""Headers on every single answer, whoever made it: the outermost layer of the application."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from werkzeug.http import HTTP_STATUS_CODES

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


# Werkzeug has no words for these: tus's own, and one that nobody reads, as who asked has left.
STATUS = {code: f"{code} {phrase}" for code, phrase in HTTP_STATUS_CODES.items()} | {
    460: "460 Checksum Mismatch",
    499: "499 Client Closed Request",
}


def repr_digest(md5: bytes) -> str:
    """The value of Repr-Digest (RFC 9530)."""
    return f"md5=:{base64.b64encode(md5).decode()}:"


# Where a request that has an id already, given by our own edge, carries it.
NAME = "pacs_proxy.request_id"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]


class Hardened:
    """Gives a request its id and its answer the headers it must have."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        name_request(environ.pop(NAME, None))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, completed(headers), exc_info)

        return self._app(environ, start)


def name_request(given: str | None = None) -> None:
    """Give what begins now an id of its own, unless our edge gave it one."""
    logs.request_id.set(given or secrets.token_hex(8))


def completed(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """An answer's headers with those that every answer has."""
    present = {header.title() for header, _ in headers}
    missing = [pair for pair in _UNLESS_SET if pair[0] not in present]
    return [*headers, *_ALWAYS, *missing, ("X-Request-Id", logs.request_id.get())]


def head(status: int, headers: dict[str, str], connection: str = "keep-alive") -> bytes:
    """The head of an answer as gunicorn would write it."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in completed([*headers.items()]))
    first = f"HTTP/1.1 {STATUS[status]}\r\nServer: gunicorn\r\nDate: {_date(int(time.time()))}\r\n"
    return f"{first}Connection: {connection}\r\n{lines}\r\n".encode("latin-1")


@lru_cache(2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
