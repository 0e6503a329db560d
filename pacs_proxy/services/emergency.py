"""When nothing can be delivered: the archive's own address of an instance, for whom it is meant."""

from __future__ import annotations

from flask import Response, jsonify

from pacs_proxy.errors import NotFound
from pacs_proxy.services.context import services
from pacs_proxy.services.identifiers import orthanc_id


def direct(instance: str) -> Response:
    """The address a browser reaches the archive by; what comes from there is verified by nobody.

    The journal has it before this answers.
    """
    base = services().settings.emergency_url
    if not base:
        raise NotFound(
            "No direct address of the archive is set; your administrator can set "
            "PACS_PROXY_EMERGENCY_URL."
        )
    return jsonify({"url": f"{base.rstrip('/')}/instances/{orthanc_id(instance)}/file"})
