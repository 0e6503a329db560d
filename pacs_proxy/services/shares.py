"""Links to one study over HTTP: made, listed and revoked by people; opened by guests."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, request

from pacs_proxy import logs
from pacs_proxy.access import passwords
from pacs_proxy.access.permissions import ACCOUNT_MANAGE, GUEST, ROLES
from pacs_proxy.access.records import BEGUN, SHARE_CHANGED, SHARE_OPENED, Asker, Event
from pacs_proxy.access.sessions import guest_name, token_of
from pacs_proxy.access.shares import key_of
from pacs_proxy.access.tables import Share
from pacs_proxy.errors import BadRequest, NotFound, PacsProxyError
from pacs_proxy.errors.access import (
    PassphraseRefused,
    PassphraseRequired,
    ShareEnded,
    ShareRefused,
)
from pacs_proxy.services import auditing, reach, session
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.identifiers import orthanc_id
from pacs_proxy.services.identity import cookie
from pacs_proxy.web.bodies import json_object, short_text

_DAY = 86_400.0
_NO_SUCH = "There is no such link of yours, or it has ended."
_ENDED = (
    "This link does not lead to a study, or no longer: it has expired or was revoked. Ask whoever "
    "sent it for a new one."
)


def make(study: str) -> tuple[dict[str, Any], int]:
    """A link that ends after `days`; its `secret` is told this once."""
    asked = json_object()
    days, passphrase = _days(asked.get("days")), _passphrase(asked)
    seconds = days * _DAY
    secret, made = services().door.shares.make(
        principal().name, orthanc_id(study), seconds, passphrase
    )
    auditing.note(share=made.id, change="made", days=days, passphrase=bool(passphrase))
    return {"secret": secret, **_shown(made)}, 201


def listed() -> dict[str, Any]:
    """One's own links that lead somewhere, an administrator's all; `study` for one study's."""
    study = request.args.get("study", "")
    who = principal()
    found = services().door.shares.listed(
        None if _sees_all() else who.name, orthanc_id(study) if study else ""
    )
    # One's own can be revoked even when the study is out of reach by now.
    return {"items": [_shown(s) for s in found if s.account == who.name or reach.reaches(s.study)]}


def revoke(share: str) -> Response:
    """End one; whoever is in by it is out within seconds. 204, and 404 for another's."""
    found = services().door.shares.known(share)
    if found is None or not _may_revoke(found):
        raise NotFound(_NO_SUCH)
    about = auditing.known(found.study)
    detail = {"share": found.id, "change": "revoked", "by": found.account}
    services().audit.happened(Event(SHARE_CHANGED, g.asker, about, BEGUN, detail))
    services().door.shares.revoke(found.id)
    services().audit.told(Event(SHARE_CHANGED, g.asker, about, detail=detail))
    return Response(status=204)


def enter() -> Response:
    """A guest's session for whoever has the link's secret, and knows its passphrase.

    With `look` only whether it could be had.
    """
    is_secure = session.is_secure_page()
    asked = json_object()
    found = _opened(short_text(asked, "secret"), str(asked.get("passphrase") or "")[:128])
    if asked.get("look"):
        return jsonify({})
    before, address = cookie(request.environ, services()), request.remote_addr or ""
    secret, name = services().door.sessions.begin(found.account, address, before, found.id)
    services().audit.happened(_event(found, name))
    may = ROLES[GUEST]
    shown = session.shown(guest_name(found.id), GUEST, may, found.study, found.expires)
    answer = jsonify({**shown, "change_token": token_of(secret)})
    session.hand_over(answer, secret, is_secure)
    return answer


def _opened(secret: str, passphrase: str) -> Share:
    """Tries are counted as those of a password. Raises ShareEnded, Passphrase…, TooManyTries."""
    door, address = services().door, request.remote_addr or ""
    found = door.shares.find(secret) if services().settings.share_days else None
    if found is None:
        door.attempts.expect(f"share {key_of(secret)[:16]}", address)
        raise ShareEnded(_ENDED)
    if found.passphrase is None:
        return found
    if not passphrase:
        raise PassphraseRequired("This link opens with the passphrase you were told.")
    try:
        door.attempts.expect(f"share {found.id}", address)
        if not passwords.agrees(found.passphrase, passphrase):
            raise PassphraseRefused("That is not the passphrase of this link. Try again.")
    except PacsProxyError as error:
        session.refused(_event(found, "", error.code), error)
        raise
    door.attempts.forget(f"share {found.id}", address)
    return found


def _event(share: Share, name: str, outcome: str = "done") -> Event:
    address = request.remote_addr or ""
    asker = Asker(guest_name(share.id), name, address, logs.request_id.get())
    detail = {"share": share.id, "by": share.account}
    return Event(SHARE_OPENED, asker, auditing.known(share.study), outcome, detail)


def _sees_all() -> bool:
    return ACCOUNT_MANAGE in principal().permissions


def _may_revoke(share: Share) -> bool:
    if share.account == principal().name:
        return True
    return _sees_all() and reach.reaches(share.study)


def _days(asked: object) -> int:
    settings = services().settings
    if not settings.sign_in or not settings.share_days:
        raise ShareRefused("Links are switched off here; your administrator can say why.")
    if type(asked) is not int or not 1 <= asked <= settings.share_days:
        raise BadRequest(f"days must be a whole number from 1 to {settings.share_days}.")
    return asked


def _passphrase(asked: dict[str, Any]) -> str:
    if asked.get("passphrase"):
        return short_text(asked, "passphrase")
    if services().settings.share_passphrase:
        raise ShareRefused("Each link needs a passphrase here; tell it by another way than it.")
    return ""


def _shown(share: Share) -> dict[str, Any]:
    """Nothing in it that opens anything."""
    return {
        "id": share.id,
        "study": share.study,
        "by": share.account,
        "created": share.created,
        "expires": share.expires,
        "passphrase": share.passphrase is not None,
    }
