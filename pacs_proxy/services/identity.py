"""Who asks: a session's cookie, a program's token, or nobody we know."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace

from pacs_proxy.access.audit import day
from pacs_proxy.access.permissions import (
    ANYBODY,
    EVERYTHING,
    PUBLIC,
    STUDY_BREAK_GLASS,
    STUDY_READ,
    Principal,
    permissions_of,
)
from pacs_proxy.access.sessions import Session, token_of
from pacs_proxy.errors import Forbidden
from pacs_proxy.errors.access import ChangeRefused
from pacs_proxy.services.context import Services
from pacs_proxy.services.headers import Environ
from pacs_proxy.services.route import Route
from pacs_proxy.web.exchange import SAFE

# Browsers send the first only over TLS, to this host alone, whoever set it.
SECURE_COOKIE, PLAIN_COOKIE = "__Host-pacs-session", "pacs-session"
SECURE_DEVICE, PLAIN_DEVICE = "__Host-pacs-device", "pacs-device"
_BEARER = "Bearer "
# A page asks these by itself: they say nothing about whether somebody sits there.
_BY_ITSELF = frozenset(
    {"studies.status", "batches.news", "session.current", "studies.news", "telemetry.report"}
)
_HERE = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def principal(environ: Environ, having: Services, route: Route) -> Principal:
    """The one who asks; NOBODY has the public's permissions. Raises DatabaseUnavailable."""
    if not having.settings.sign_in:
        return _local(environ, having, route)
    header = environ.get("HTTP_AUTHORIZATION", "")
    if header.startswith(_BEARER):
        return _program(header.removeprefix(_BEARER).strip(), having)
    secret = cookie(environ, having)
    # The page says so when somebody reads in what it holds already.
    is_activity = route.view not in _BY_ITSELF or "HTTP_X_PRESENT" in environ
    found = having.door.sessions.find(secret, is_activity) if secret else None
    return _person(found, route) if found else NOBODY


def cookie(environ: Environ, having: Services) -> str:
    """The session's secret, or nothing."""
    pairs = (part.strip().partition("=") for part in environ.get("HTTP_COOKIE", "").split(";"))
    jar: dict[str, str] = {name: value for name, _, value in pairs}
    plain = "" if having.settings.tls_in_front else jar.get(PLAIN_COOKIE, "")
    return jar.get(SECURE_COOKIE) or plain


def ending(environ: Environ, having: Services) -> Callable[[], bool]:
    """Whether what let this request in has ended meanwhile; for answers that take long."""
    door, header = having.door, environ.get("HTTP_AUTHORIZATION", "")
    if not having.settings.sign_in:
        return lambda: False
    if header.startswith(_BEARER):
        secret = header.removeprefix(_BEARER).strip()
        return lambda: door.tokens.find(secret) is None
    kept = cookie(environ, having)
    # Bytes that leave are activity: a long download does not fall idle.
    return lambda: door.sessions.find(kept, is_activity=True) is None


def expect_own_page(environ: Environ, having: Services) -> None:
    """What changes something in a session's name comes from the page that has its token.

    Programs with a bearer token need none: no browser adds that by itself. Raises ChangeRefused.
    """
    if environ["REQUEST_METHOD"] in SAFE or environ.get("HTTP_AUTHORIZATION"):
        return
    secret = cookie(environ, having)
    said = environ.get("HTTP_X_CHANGE_TOKEN", "")
    origin = environ.get("HTTP_ORIGIN") or environ.get("HTTP_SEC_FETCH_SITE")
    is_own = hmac.compare_digest(said.encode("latin-1"), token_of(secret).encode())
    if secret and not (origin and is_own):
        raise ChangeRefused(
            "This was not asked by the page you are signed in to. Reload it and try again; a "
            "program needs a token of its own (Authorization: Bearer)."
        )


NOBODY = Principal("nobody", ANYBODY, "")
LOCAL = Principal("local", EVERYTHING, "local")


def _person(found: Session, route: Route) -> Principal:
    may = permissions_of(found.role, found.restriction, found.may_break_glass)
    # What was opened in an emergency is for looking alone.
    glass = STUDY_BREAK_GLASS in may and route.permission == STUDY_READ
    more = (found.role, found.restriction, found.only, found.until, glass)
    return Principal(found.account, may, found.name, *more)


def _program(secret: str, having: Services) -> Principal:
    found = having.door.tokens.find(secret)
    if found is None:
        return NOBODY
    may = found.permissions | ANYBODY
    return Principal(found.account, may, day(f"token-{found.id}"), restriction=found.restriction)


def _local(environ: Environ, having: Services, route: Route) -> Principal:
    if route.permission == PUBLIC:
        return LOCAL
    if not having.settings.allow_open and _is_from_elsewhere(environ):
        raise Forbidden(
            "This server asks nobody to sign in (PACS_PROXY_SIGN_IN=0), so it answers only who "
            "comes from this machine itself."
        )
    return replace(LOCAL, session=day("local"))


def _is_from_elsewhere(environ: Environ) -> bool:
    return environ.get("REMOTE_ADDR") not in _HERE or any(name in environ for name in _FORWARDED)
