"""A list vouches for itself: one flipped bit in it would be another patient's name."""

import base64
import hashlib

import pytest

from tests.server import Proxy


@pytest.mark.parametrize("path", ["/api/pacs/studies", "/api/pacs/status", "/healthz"])
def test_every_list_carries_the_digest_of_its_bytes(server: Proxy, path: str) -> None:
    answer = server.get(path)
    digest = base64.b64encode(hashlib.md5(answer.body, usedforsecurity=False).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"md5=:{digest}:"
