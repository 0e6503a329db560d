"""A large instance is replaced while it streams: what arrives is one version, or visibly broken."""

import http.client
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from urllib.request import Request, urlopen

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.fakes import Link
from tests.real.trixie import started
from tests.server import Proxy
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

# Above the size up to which nothing leaves before all is verified.
SIDE, RACES = 2600, 4
OVERWRITES: dict[str, object] = {"OverwriteInstances": True}


def version(seed: int) -> bytes:
    """13.5 MB under the same identifiers each time."""
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.Rows = dataset.Columns = SIDE
    dataset.PixelData = Random(seed).randbytes(2 * SIDE * SIDE)
    target = DicomBytesIO()
    dcmwrite(target, dataset)
    return bytes(target.getvalue())


@pytest.fixture(params=["installed", "trixie"])
def overwriting(request: pytest.FixtureRequest) -> Iterator[ThrowawayOrthanc]:
    """Debian 12's, which has no Range, and 1.12.7, which would continue anything."""
    if request.param == "trixie":
        orthanc = started(request.getfixturevalue("trixie"), OVERWRITES)
    else:
        request.getfixturevalue("installed_orthanc")
        orthanc = ThrowawayOrthanc(OVERWRITES)
    with orthanc:
        yield orthanc


def stored(orthanc: ThrowawayOrthanc, data: bytes) -> str:
    with urlopen(Request(f"{orthanc.url}/instances", data)) as answer:
        return str(json.load(answer)["ID"])


def read_while(proxy: Proxy, instance: str, meanwhile: object) -> bytes | None:
    """The body, with something done after its first part; None when it visibly broke."""
    connection = proxy.connect()
    try:
        connection.request("GET", f"/api/pacs/instances/{instance}/file")
        answer = connection.getresponse()
        assert answer.status == 200
        first = answer.read(2_000_000)
        assert callable(meanwhile)
        meanwhile()
        return first + answer.read()
    except (http.client.IncompleteRead, ConnectionError):
        return None
    finally:
        connection.close()


def test_a_body_is_never_spliced_from_two_versions(overwriting: ThrowawayOrthanc) -> None:
    versions = [version(seed) for seed in range(RACES + 1)]
    instance = stored(overwriting, versions[0])
    with (
        Link("127.0.0.1", overwriting.http_port, rate=20e6) as line,
        Proxy(line.url, threads=16) as proxy,
    ):
        for old, new in pairwise(versions):

            def replace(new: bytes = new) -> None:
                """And the line breaks, so that the rest has to be asked for again."""
                stored(overwriting, new)
                line.cut()

            got = read_while(proxy, instance, replace)
            assert got in (None, old, new)
            # What the archive said a moment ago may stand for a second (decision 0005).
            deadline = time.monotonic() + PATIENCE
            while (answer := proxy.file(instance)).body != new:
                assert (answer.status, answer.body) == (200, old), answer.body[:500]
                assert time.monotonic() < deadline, "the old version stays"
