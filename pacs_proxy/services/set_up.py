"""The first account over HTTP, for whoever read the secret that the first start printed."""

from __future__ import annotations

from flask import Response, request

from pacs_proxy.access.records import ACCOUNT_CHANGED
from pacs_proxy.errors import NotFound, PacsProxyError
from pacs_proxy.errors.access import TooManyTries
from pacs_proxy.services.context import services
from pacs_proxy.services.session import event, is_secure_page
from pacs_proxy.web.bodies import json_object, short_text

_WHO = "set-up"


def begin() -> Response:
    """`secret`, `name`, `password`; after it the secret is worth nothing."""
    having = services()
    if not having.settings.local_sign_in:
        raise NotFound("No passwords are taken here; sign in with your identity provider.")
    is_secure_page()
    asked = json_object()
    secret, name, password = (short_text(asked, field) for field in ("secret", "name", "password"))
    having.door.attempts.expect(_WHO, request.remote_addr or "")
    try:
        having.setup.expect(secret)
        told = {"user": name, "role": "admin", "change": "added"}
        having.audit.happened(event(ACCOUNT_CHANGED, _WHO, outcome="begun", **told))
        having.setup.take(name, password)
    except TooManyTries:
        raise
    except PacsProxyError as error:
        having.audit.told(event(ACCOUNT_CHANGED, _WHO, outcome=error.code))
        raise
    having.audit.told(event(ACCOUNT_CHANGED, _WHO, user=name, role="admin", change="added"))
    return Response(status=201)
