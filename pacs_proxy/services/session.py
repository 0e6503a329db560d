"""Signing in and out over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request

from pacs_proxy import logs
from pacs_proxy.access.devices import SECONDS
from pacs_proxy.access.permissions import EMERGENCY_DIRECT, STUDY_SHARE, permissions_of
from pacs_proxy.access.records import SIGN_IN, SIGN_OUT, Asker, Event
from pacs_proxy.access.sessions import token_of
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.errors.access import NotEncrypted, SignInRefused, SignInRequired, TooManyTries
from pacs_proxy.errors.oidc import IdentityRefused, UnknownFlow
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.identity import (
    PLAIN_COOKIE,
    PLAIN_DEVICE,
    SECURE_COOKIE,
    SECURE_DEVICE,
    cookie,
)
from pacs_proxy.web.bodies import json_object, short_text

# Nothing was looked at, so nothing bounds how often it comes.
_UNHEARD = (TooManyTries, UnknownFlow)
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def current() -> dict[str, Any]:
    """Who is signed in, and what that permits; 401 for nobody."""
    who = principal()
    if not who.session:
        raise SignInRequired("Sign in first.", _ways())
    secret = cookie(request.environ, services())
    told = {"change_token": token_of(secret)} if secret else {}
    return {**shown(who.name, who.role, who.permissions, who.only, who.until), **told}


def begin() -> Response:
    """Sign in: a new session, and the one before it in this browser ends."""
    if not services().settings.local_sign_in:
        raise SignInRefused("No passwords are taken here; sign in with your identity provider.")
    is_secure = is_secure_page()
    asked = json_object()
    name, password = (short_text(asked, field) for field in ("name", "password"))
    address, door = request.remote_addr or "", services().door
    device = _device(name)
    try:
        door.attempts.expect(name, address, device)
        account = door.accounts.verified(name, password)
        if account is None:
            raise SignInRefused("The name and the password do not belong together. Try again.")
    except PacsProxyError as error:
        refused(event(SIGN_IN, name, outcome=error.code), error)
        raise
    door.attempts.forget(name, address, device)
    may = permissions_of(account.role, account.restriction, account.may_break_glass)
    secret = let_in(name)
    answer = jsonify({**shown(name, account.role, may), "change_token": token_of(secret)})
    hand_over(answer, secret, is_secure)
    _put(answer, (SECURE_DEVICE, PLAIN_DEVICE), door.devices.named(account), is_secure, SECONDS)
    return answer


def let_in(name: str, **detail: str) -> str:
    """A new session's secret, once it is in the journal; the one before in this browser ends."""
    address, before = request.remote_addr or "", cookie(request.environ, services())
    secret, session = services().door.sessions.begin(name, address, before)
    services().audit.happened(event(SIGN_IN, name, session, **detail))
    return secret


def end() -> Response:
    """Sign out, and have the browser forget what it kept of this server."""
    secret, who = cookie(request.environ, services()), principal()
    if secret:
        services().door.sessions.end(secret)
    if who.session:
        services().audit.told(event(SIGN_OUT, who.name, who.session))
    elsewhere = _elsewhere(who.name) if who.session else ""
    answer = jsonify({"elsewhere": elsewhere}) if elsewhere else Response(status=204)
    # Not "cookies": that ends the sessions of all that shares the hospital's domain.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    is_secure = SECURE_COOKIE in request.cookies
    name = SECURE_COOKIE if is_secure else PLAIN_COOKIE
    answer.delete_cookie(name, path="/", secure=is_secure, httponly=True, samesite="Strict")
    return answer


def _elsewhere(account: str) -> str:
    """Where this account signs out of the provider too; empty for one of ours."""
    provider = services().provider
    if provider is None or not services().door.bindings.has(account):
        return ""
    try:
        return provider.sign_out()
    except IdentityRefused:
        return ""


def shown(
    name: str,
    role: str,
    allowed: frozenset[str],
    only: str = "",
    until: float = 0.0,
) -> dict[str, Any]:
    """What a page is told of who is in; `only` and `until`: a guest's study and end."""
    settings = services().settings
    return {
        "name": name,
        "role": role,
        "permissions": sorted(allowed),
        "direct": bool(settings.emergency_url) and EMERGENCY_DIRECT in allowed,
        "idle_seconds": settings.session_idle_seconds,
        "sign_in": settings.sign_in,
        # Days at most; nothing where links are switched off.
        "share_days": settings.share_days if settings.sign_in and STUDY_SHARE in allowed else 0,
        "share_passphrase": settings.share_passphrase,
        **({"study": only, "until": until} if only else {}),
    }


def hand_over(answer: Response, secret: str, is_secure: bool) -> None:
    """The session's cookie."""
    _put(answer, (SECURE_COOKIE, PLAIN_COOKIE), secret, is_secure)


def _put(
    answer: Response,
    names: tuple[str, str],
    value: str,
    is_secure: bool,
    seconds: float | None = None,
) -> None:
    answer.set_cookie(
        names[0] if is_secure else names[1],
        value,
        path="/",
        max_age=None if seconds is None else int(seconds),
        secure=is_secure,
        httponly=True,
        samesite="Strict",
    )


def _device(name: str) -> str:
    """What this browser's tries are counted by, if it knows the account; else empty."""
    plain = None if services().settings.tls_in_front else request.cookies.get(PLAIN_DEVICE)
    kept = request.cookies.get(SECURE_DEVICE) or plain
    return services().door.devices.known(name, kept) if kept else ""


def is_secure_page() -> bool:
    """Whether the page came over TLS: browsers say so in Origin, and pages cannot forge it.

    Without TLS a password may be sent on this machine only. Raises NotEncrypted.
    """
    scheme = urlsplit(request.headers.get("Origin", "")).scheme
    if scheme == "https":
        return True
    is_here = urlsplit(f"//{request.host}").hostname in _HERE
    if services().settings.tls_in_front or not is_here:
        raise NotEncrypted(
            "Passwords are taken over HTTPS only. Open this address with https://, or ask your "
            "administrator to put a front proxy with TLS before it."
        )
    return False


def refused(about: Event, error: PacsProxyError) -> None:
    """For the journal: whoever was looked at is written down each time, a flood is counted."""
    if isinstance(error, _UNHEARD):
        services().audit.turned_away(about)
    else:
        services().audit.told(about)


def event(kind: str, name: str, session: str = "", outcome: str = "done", **detail: str) -> Event:
    """For the journal."""
    asker = Asker(name, session, request.remote_addr or "", logs.request_id.get())
    return Event(kind, asker, outcome=outcome, detail=detail)


def _ways() -> dict[str, object]:
    settings = services().settings
    return {
        "set_up": settings.local_sign_in and services().setup.is_offered(),
        "password": settings.local_sign_in,
        "provider": settings.oidc_name if settings.has_oidc else None,
    }
