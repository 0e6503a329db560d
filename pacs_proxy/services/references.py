"""Taking files in from where they lie, over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

from pacs_proxy.ingest.wanted import client_key
from pacs_proxy.services.batches import as_json
from pacs_proxy.services.context import principal, services
from pacs_proxy.web.bodies import json_object


def begin() -> tuple[dict[str, Any], int]:
    """202 and the batch whose uploads the files become; the same for the same `key`."""
    asked = json_object()
    key = client_key(asked.pop("key", uuid.uuid4().hex))
    owner = principal().name
    return as_json(services().references.ask(owner, key, asked)), 202
