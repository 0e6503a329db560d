"""One's own tokens and sessions; who looks after accounts sees everybody's."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from pacs_proxy.access.inquiry import moment
from pacs_proxy.access.permissions import ACCOUNT_MANAGE, GRANTABLE, PUBLIC
from pacs_proxy.access.sessions import guest_name
from pacs_proxy.access.tables import SignIn, Token
from pacs_proxy.errors import BadRequest, NotFound
from pacs_proxy.errors.access import AccountRefused
from pacs_proxy.services import auditing
from pacs_proxy.services.context import principal, services
from pacs_proxy.web.bodies import json_object, short_text

_DAY, _MOST_DAYS, _LONGEST = 86_400.0, 366, 64


def tokens() -> dict[str, Any]:
    """Without what opens anything; and what a new one may be given."""
    found = services().door.tokens.listed(whose())
    return {"tokens": [_token(one) for one in found], "scopes": sorted(_grantable())}


def make_token() -> Response:
    """`label`, `scopes`, `days`: the one answer that has the token in it."""
    asked = json_object()
    label, scopes, days = short_text(asked, "label"), asked.get("scopes"), asked.get("days")
    if len(label) > _LONGEST or not label.isprintable():
        raise BadRequest(f"label must be a text of 1 to {_LONGEST} printable characters.")
    if not isinstance(scopes, list) or not all(isinstance(one, str) for one in scopes):
        raise BadRequest("scopes must be a list of texts.")
    if type(days) is not int or not 1 <= days <= _MOST_DAYS:
        raise BadRequest(f"days must be a whole number from 1 to {_MOST_DAYS}.")
    if not scopes or set(scopes) - _grantable():
        raise AccountRefused(f"You may give of {', '.join(sorted(_grantable()))}.")
    auditing.note(user=principal().name, label=label, scopes=scopes, days=days, change="made")
    secret = services().door.tokens.create(principal().name, label, scopes, days * _DAY)
    answer = jsonify({"token": secret})
    answer.status_code = 201
    return answer


def revoke_token(token: str) -> Response:
    """It opens nothing any more, after two seconds on every worker."""
    auditing.note(change="revoked")
    try:
        services().door.tokens.revoke(token, whose())
    except AccountRefused as error:
        raise NotFound(error.detail) from None
    return Response(status=204)


def sessions() -> dict[str, Any]:
    """Those that live; their names open nothing."""
    door = services().door
    opened = door.glass.counted()
    found = door.sessions.listed(whose())
    return {"sessions": [{**_session(one), "emergency": opened.get(one.name, 0)} for one in found]}


def end_session(name: str) -> Response:
    """One of them, within two seconds on every worker."""
    owner = services().door.sessions.end_named(name, whose())
    if not owner:
        raise NotFound("There is no such session; it may have ended by itself.")
    auditing.note(user=owner)
    return Response(status=204)


def end_others() -> Response:
    """All of one's own but this."""
    who = principal()
    ended = services().door.sessions.end_others(who.name, who.session)
    auditing.note(user=who.name, ended=ended)
    return jsonify({"ended": ended})


def whose() -> str | None:
    """None for everybody's: a restricted administrator looks after nobody."""
    who = principal()
    is_all = ACCOUNT_MANAGE in who.permissions and who.restriction is None
    return None if is_all else who.name


def _grantable() -> frozenset[str]:
    return (principal().permissions & GRANTABLE) - {PUBLIC}


def _token(one: Token) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner": one.account,
        "label": one.label,
        "scopes": one.scopes.split(),
        "created": moment(one.created),
        "expires": moment(one.expires),
        "revoked": one.is_revoked,
    }


def _session(one: SignIn) -> dict[str, Any]:
    return {
        "name": one.name,
        "user": guest_name(one.share) if one.share else one.account,
        "address": one.address,
        "began": moment(one.created),
        "seen": moment(one.seen),
        "current": one.name == principal().session,
    }
