"""What a reader's pages look like, on every workstation that the reader sits down at."""

from __future__ import annotations

from typing import Any

from flask import Response

from pacs_proxy.errors import NotFound
from pacs_proxy.services.context import principal, services
from pacs_proxy.web.bodies import json_object


def listed() -> dict[str, Any]:
    """One's own."""
    return {"preferences": services().door.preferences.of(_whose())}


def change() -> Response:
    """What is given, and no other."""
    services().door.preferences.change(_whose(), json_object())
    return Response(status=204)


def _whose() -> str:
    """Where nobody signs in, nobody has an account to keep them for."""
    if not services().settings.sign_in:
        raise NotFound("Nobody signs in here; this browser keeps its own preferences.")
    return principal().name
