"""The key under which a browser may keep verified files on its device: it dies with the session."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from flask import request

from pacs_proxy.access.permissions import GUEST
from pacs_proxy.errors.access import NothingKept
from pacs_proxy.services.context import principal, services
from pacs_proxy.services.identity import cookie

_HOUR = 3600


def key() -> dict[str, Any]:
    """`key` (base64, 32 bytes), and how much may be kept for how long. Raises NothingKept.

    Made of the session's secret, which only the browser has: nobody can make it again once the
    browser has forgotten that, and nobody is given it once the session has ended.
    """
    settings, secret, who = services().settings, cookie(request.environ, services()), principal()
    if not (settings.device_bytes and secret and who.session) or who.role == GUEST:
        raise NothingKept("Nothing is kept on devices here: every image comes from the server.")
    made = hmac.new(secret.encode(), b"device", hashlib.sha256).digest()
    return {
        "key": base64.b64encode(made).decode(),
        "bytes": settings.device_bytes,
        "seconds": settings.device_hours * _HOUR,
    }
