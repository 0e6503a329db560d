"""The recipe everybody writes first: ask, then pipe the body through. It verifies nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import requests
from flask import Flask, Response

ORTHANC = os.environ.get("ORTHANC_URL", "http://127.0.0.1:8042")

app = Flask(__name__)
session = requests.Session()
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=64))


@app.get("/api/pacs/instances/<instance>/file")
def file(instance: str) -> Response:
    """A check first, as the resilient-viewing recipes have it; then 16 KiB at a time."""
    check = session.get(f"{ORTHANC}/instances/{instance}/attachments/dicom/info", timeout=(15, 60))
    check.raise_for_status()
    size = check.json()["UncompressedSize"]
    body = session.get(f"{ORTHANC}/instances/{instance}/file", stream=True, timeout=(15, 60))
    body.raise_for_status()

    def pieces() -> Iterator[bytes]:
        yield from body.iter_content(16384)

    return Response(
        pieces(), headers={"Content-Length": str(size), "Content-Type": "application/dicom"}
    )
