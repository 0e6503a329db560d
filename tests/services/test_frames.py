"""A tile leaves as proven as its instance: cut from the verified file, with its own digest."""

import base64
import hashlib
import json
import struct

import numpy as np
import pytest

from tests.decoding import samples
from tests.fakes import FakeOrthanc
from tests.server import Proxy

COUNT = 12
FRAMES = [np.random.default_rng(n).bytes(4_000 + 2 * n) for n in range(COUNT)]


def slide() -> bytes:
    """A level of 4 x 3 tiles; what is in them nobody here decodes."""
    dataset = samples.described(np.zeros((64, 64, 3), np.uint8), NumberOfFrames=COUNT)
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    dataset.DimensionOrganizationType = "TILED_FULL"
    dataset.TotalPixelMatrixColumns, dataset.TotalPixelMatrixRows = 250, 192
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    return samples.compressed(dataset, FRAMES, samples.JPEG + "80")


SLIDE = slide()


def path(instance: str, number: object) -> str:
    return f"/api/pacs/instances/{instance}/frames/{number}"


@pytest.fixture
def stored(orthanc: FakeOrthanc, instance: str) -> str:
    orthanc.store.add(instance, SLIDE)
    return instance


def test_each_frame_is_the_stored_one_with_its_digest(server: Proxy, stored: str) -> None:
    for number in (1, 7, COUNT):
        answer = server.get(path(stored, number))
        assert answer.status == 200
        assert answer.body == FRAMES[number - 1]
        digest = base64.b64encode(hashlib.md5(answer.body, usedforsecurity=False).digest())
        assert answer.headers["Repr-Digest"] == f"md5=:{digest.decode()}:"
        assert answer.headers["X-Transfer-Syntax"] == samples.JPEG + "80"
        assert answer.headers["Content-Type"] == "application/octet-stream"


def test_all_frames_cost_the_archive_one_fetch(
    orthanc: FakeOrthanc, server: Proxy, stored: str
) -> None:
    for number in range(1, COUNT + 1):
        assert server.get(path(stored, number)).status == 200
    bodies = [r for r in orthanc.requests if r.path.endswith(("/data", "/file"))]
    assert len(bodies) == 1


def test_a_known_frame_is_not_sent_again_and_head_tells_what_get_would(
    server: Proxy, stored: str
) -> None:
    first = server.get(path(stored, 3))
    again = server.get(path(stored, 3), {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    other = server.get(path(stored, 4), {"If-None-Match": first.headers["ETag"]})
    assert other.status == 200
    head = server.get(path(stored, 3), method="HEAD")
    for name in ("ETag", "Content-Length", "Repr-Digest", "X-Transfer-Syntax"):
        assert head.headers[name] == first.headers[name]


def test_no_frame_of_a_wrong_body_ever_leaves(
    orthanc: FakeOrthanc, server: Proxy, stored: str
) -> None:
    flipped = bytearray(SLIDE)
    flipped[-50] ^= 1
    orthanc.store.damage(stored, bytes(flipped))
    answer = server.get(path(stored, 1))
    assert answer.status == 502
    assert answer.problem["code"] == "stored_object_damaged"


@pytest.mark.parametrize(
    ("number", "status"), [(0, 400), ("x", 400), ("9" * 9, 400), (COUNT + 1, 404)]
)
def test_a_frame_that_is_not_there_is_named(
    server: Proxy, stored: str, number: object, status: int
) -> None:
    answer = server.get(path(stored, number))
    assert answer.status == status
    assert answer.problem["detail"]


def test_a_level_describes_itself_from_the_proven_file(server: Proxy, stored: str) -> None:
    answer = server.get(f"/api/pacs/instances/{stored}/slide")
    told = json.loads(answer.body)
    assert (told["width"], told["height"], told["frames"]) == (250, 192, COUNT)
    assert (told["flavour"], told["spacing"], told["layers"]) == ("VOLUME", None, 1)


def test_what_does_not_fit_the_spool_is_refused_in_words(
    orthanc: FakeOrthanc, instance: str
) -> None:
    orthanc.store.add(instance, SLIDE)
    with Proxy(orthanc.url, spool_bytes=20_000, verify_first_bytes=1_000) as small:
        answer = small.get(path(instance, 1))
    assert answer.status == 422
    assert "too large" in answer.problem["detail"]


def test_a_table_that_does_not_fit_is_refused_in_words(
    orthanc: FakeOrthanc, server: Proxy, instance: str
) -> None:
    table = struct.pack("<I", len(FRAMES[0]) + 8)
    broken = SLIDE.replace(table, struct.pack("<I", 3), 1)
    orthanc.store.add(instance, broken)
    answer = server.get(path(instance, 1))
    assert answer.status == 422
    assert "table" in answer.problem["detail"]
