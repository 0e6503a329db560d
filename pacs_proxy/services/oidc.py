"""Signing in with an identity provider: there and back over the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, redirect, request

from pacs_proxy.access.records import ACCOUNT_CHANGED, SIGN_IN, Event
from pacs_proxy.errors import CrossSite, NotFound, PacsProxyError
from pacs_proxy.errors.oidc import IdentityRefused
from pacs_proxy.services import session
from pacs_proxy.services.context import services

if TYPE_CHECKING:
    from pacs_proxy.access.provider import Provider

_LONGEST = 4096


def begin() -> Response:
    """Send the browser there, with a question only it can answer for."""
    provider = _provider()
    # Pages elsewhere do not sign anybody in here.
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        raise CrossSite("A page of another site asked for this; open the viewer itself to do it.")
    try:
        where = provider.metadata()
        begun = services().door.flows.begin(request.remote_addr or "")
    except PacsProxyError as error:
        services().audit.turned_away(_event(error))
        return _to(f"/#sign-in={error.code}")
    there = provider.authorization(where, begun)
    answer = _to(there)
    answer.set_cookie(
        _cookie(provider),
        begun.secret,
        max_age=600,
        path="/",
        secure=_is_secure(provider),
        httponly=True,
        # It must come along when the provider sends the browser back.
        samesite="Lax",
    )
    return answer


def callback() -> Response:
    """Whoever has signed in there is in; the address with the code is left at once."""
    provider = _provider()
    try:
        name = _identified(provider)
        secret = session.let_in(name, by="oidc")
    except PacsProxyError as error:
        session.refused(_event(error), error)
        return _to(f"/#sign-in={error.code}")
    answer = _to("/")
    session.hand_over(answer, secret, _is_secure(provider))
    return answer


def _identified(provider: Provider) -> str:
    said = {name: request.args.getlist(name) for name in request.args}
    if len(request.query_string) > _LONGEST:
        raise IdentityRefused("answer: too long")
    begun = services().door.flows.take(
        said.get("state", [""])[0], request.cookies.get(_cookie(provider), "")
    )
    who = provider.identified(provider.code(said), begun.verifier, begun.nonce)
    name, change = services().door.bindings.account(who)
    if change:
        told = {"user": name, "role": who.role, "change": change}
        services().audit.happened(session.event(ACCOUNT_CHANGED, name, by="oidc", **told))
    return name


def _provider() -> Provider:
    found = services().provider
    if found is None or not services().settings.sign_in:
        raise NotFound("There is nothing at this address.")
    return found


def _event(error: PacsProxyError) -> Event:
    reason = error.reason if isinstance(error, IdentityRefused) else error.code
    return session.event(SIGN_IN, "oidc", "", error.code, reason=reason)


def _to(where: str) -> Response:
    answer = redirect(where, 303)
    assert isinstance(answer, Response)  # noqa: S101 - Flask's, not Werkzeug's
    # Werkzeug's page would repeat the address.
    answer.set_data(b"")
    return answer


def _is_secure(provider: Provider) -> bool:
    return services().settings.tls_in_front or provider.rules.own_url.startswith("https:")


def _cookie(provider: Provider) -> str:
    return "__Host-pacs-oidc" if _is_secure(provider) else "pacs-oidc"
