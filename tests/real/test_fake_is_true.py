"""The fake Orthanc answers as the real ones do, so that what the fault tests prove holds."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from pydicom.data import get_testdata_file

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.fakes import FakeOrthanc, Manner
from tests.fakes.listener import Heard, ask, connect, fetch, hear
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

CT = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
SAME_HEADERS = ("Content-Length", "Content-Type", "Content-Range", "ETag", "Accept-Ranges")
DATA = "attachments/dicom/data"

CASES = [
    ("file", {}),
    ("file", {"Range": "bytes=0-9"}),
    (DATA, {}),
    (DATA, {"Range": "bytes=100-199"}),
    (DATA, {"Range": "bytes=39000-"}),
    (DATA, {"Range": "bytes=-100"}),
    (DATA, {"Range": "bytes=39205-50000"}),
    (DATA, {"Range": "bytes=39206-"}),
    (DATA, {"Range": "bytes=0-1,5-9"}),
    (DATA, {"Range": "lines=1-2"}),
    (DATA, {"Range": "bytes=5-9", "If-Range": '"other"'}),
    (DATA, {"If-None-Match": '"0-ccf71ca6735bc1c52fbe33e29eb42886"'}),
    (DATA, {"If-None-Match": '"0-deadbeef"'}),
    (DATA, {"If-None-Match": '"a", "b"'}),
    (DATA, {"If-None-Match": '"0-aa", "0-bb"'}),
    (DATA, {"If-None-Match": "*"}),
    (DATA, {"If-None-Match": 'W/"0-aa"'}),
    ("attachments/dicom/size", {}),
    ("attachments/dicom/md5", {}),
    ("attachments/none/info", {}),
]


@pytest.fixture(scope="module")
def instance(any_orthanc: ThrowawayOrthanc) -> str:
    with urlopen(f"{any_orthanc.url}/instances", CT) as answer:
        return str(json.load(answer)["ID"])


@pytest.fixture(scope="module")
def fake(any_orthanc: ThrowawayOrthanc, instance: str) -> Iterator[FakeOrthanc]:
    with urlopen(f"{any_orthanc.url}/system") as answer:
        version = json.load(answer)["Version"]
    has_range = tuple(map(int, version.split("."))) >= (1, 12, 5)
    with FakeOrthanc(manner=Manner(version, ranges=has_range)) as fake:
        fake.add(instance, CT)
        yield fake


def seen(heard: Heard) -> dict[str, object]:
    """What a client of ours goes by; texts of errors and the Uuid are nobody's business."""
    headers = {name: heard.header(name) for name in SAME_HEADERS}
    if heard.status >= 400:
        return {"status": heard.status, "Content-Range": headers["Content-Range"]}
    return {"status": heard.status, **headers, "body": heard.body}


@pytest.mark.parametrize(("what", "headers"), CASES)
def test_files_ranges_and_tags(
    any_orthanc: ThrowawayOrthanc,
    fake: FakeOrthanc,
    instance: str,
    what: str,
    headers: dict[str, str],
) -> None:
    path = f"/instances/{instance}/{what}"
    real = fetch(any_orthanc.http_port, path, headers)
    assert seen(fetch(fake.port, path, headers)) == seen(real)


def test_attachment_information(
    any_orthanc: ThrowawayOrthanc, fake: FakeOrthanc, instance: str
) -> None:
    path = f"/instances/{instance}/attachments/dicom/info"
    real, ours = (json.loads(fetch(p, path).body) for p in (any_orthanc.http_port, fake.port))
    assert real.pop("Uuid") != ours.pop("Uuid")
    assert ours == real


def test_several_instances_at_once_without_those_that_are_not_there(
    any_orthanc: ThrowawayOrthanc, fake: FakeOrthanc, instance: str
) -> None:
    missing = "-".join(["00000000"] * 5)
    question = {"Resources": [missing, instance], "Level": "Instance", "Metadata": False}
    body = json.dumps(question).encode()
    for url in (any_orthanc.url, fake.url):
        with urlopen(f"{url}/tools/bulk-content", body) as answer:
            [found] = json.load(answer)
        assert (found["ID"], found["FileSize"]) == (instance, len(CT))


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_other_methods_on_an_attachment_are_no_success(
    any_orthanc: ThrowawayOrthanc, fake: FakeOrthanc, instance: str, method: str
) -> None:
    statuses = []
    for port in (any_orthanc.http_port, fake.port):
        with connect(port) as sock:
            ask(sock, f"/instances/{instance}/file", method=method)
            statuses.append(hear(sock, 0.2, least=12).status)
    assert all(status in {404, 405} for status in statuses)


def test_idle_connections_live_for_a_second(
    any_orthanc: ThrowawayOrthanc, fake: FakeOrthanc
) -> None:
    for port in (any_orthanc.http_port, fake.port):
        with connect(port) as sock:
            began = time.monotonic()
            ask(sock, "/system")
            assert hear(sock, PATIENCE).end == "fin"
            assert time.monotonic() - began > 0.7
