"""Damaged uploads never reach the archive as whole files; bench/damaged.py sends 5 000 of them."""

import pytest

from bench.damaged import run, stored
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.server import Proxy

UPLOADS = 200


@pytest.mark.orthanc
def test_of_two_hundred_damaged_uploads_none_is_stored(installed_orthanc: ThrowawayOrthanc) -> None:
    before = stored(installed_orthanc)
    with Proxy(installed_orthanc.url) as server:
        figures = run(server.url, UPLOADS, seed=7)
    assert len(figures["sent"]) == 13
    assert figures["whole"] == figures["counts"]["stored"] == 8
    assert stored(installed_orthanc) - before == figures["whole"]
