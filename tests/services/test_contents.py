"""Documents and reports leave as proven as pictures, and nothing in them runs in our name."""

import base64
import hashlib
import json

import numpy as np
import pytest

from tests.decoding import documents, samples
from tests.fakes import FakeOrthanc
from tests.server import Proxy

PDF = documents.pdf("Letter", "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>")
LETTER = documents.written(documents.document(PDF, "application/pdf"))
MASK = np.ones((documents.ROWS, documents.COLUMNS), np.uint8)
CUT_MASKS = documents.written(documents.segmentation({(1, 0): MASK}))[:-100]
PAGE = documents.document(b"<script>alert(1)</script>", "text/html", "104.2")


@pytest.mark.parametrize(
    ("data", "body"), [(LETTER, PDF), (documents.written(PAGE), b"<script>alert(1)</script>")]
)
def test_a_document_is_cut_from_the_proven_file_and_no_browser_would_open_it(
    orthanc: FakeOrthanc, server: Proxy, instance: str, data: bytes, body: bytes
) -> None:
    orthanc.store.add(instance, data)
    answer = server.get(f"/api/pacs/instances/{instance}/payload")
    assert (answer.status, answer.body) == (200, body)
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"md5=:{digest}:"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    head = server.get(f"/api/pacs/instances/{instance}/payload", method="HEAD")
    for name in ("ETag", "Content-Length", "Repr-Digest"):
        assert head.headers[name] == answer.headers[name]


def test_what_an_instance_holds_is_told_under_a_digest(
    orthanc: FakeOrthanc, server: Proxy, instance: str
) -> None:
    orthanc.store.add(instance, documents.written(documents.report()))
    answer = server.get(f"/api/pacs/instances/{instance}/contents")
    told = json.loads(answer.body)
    assert (told["kind"], told["report"]["title"]) == ("report", "Chest CT report")
    assert answer.headers["Content-Type"] == "application/json"
    digest = base64.b64encode(hashlib.md5(answer.body, usedforsecurity=False).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"md5=:{digest}:"


@pytest.mark.parametrize("what", ["contents", "payload"])
def test_nothing_of_a_wrong_body_is_told(
    orthanc: FakeOrthanc, server: Proxy, instance: str, what: str
) -> None:
    orthanc.store.add(instance, LETTER)
    flipped = bytearray(LETTER)
    flipped[-300] ^= 1
    orthanc.store.damage(instance, bytes(flipped))
    answer = server.get(f"/api/pacs/instances/{instance}/{what}")
    assert answer.status == 502
    assert answer.problem["code"] == "stored_object_damaged"


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("payload", documents.written(documents.waveform())),
        ("contents", CUT_MASKS),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    orthanc: FakeOrthanc, server: Proxy, instance: str, what: str, data: bytes
) -> None:
    orthanc.store.add(instance, data)
    answer = server.get(f"/api/pacs/instances/{instance}/{what}")
    assert (answer.status, answer.problem["code"]) == (422, "not_renderable")


def test_a_video_comes_whole(orthanc: FakeOrthanc, server: Proxy, instance: str) -> None:
    orthanc.store.add(instance, documents.video([b"ab" * 50, b"cd" * 50], samples.JPEG + "102"))
    assert server.get(f"/api/pacs/instances/{instance}/payload").body == b"ab" * 50 + b"cd" * 50
