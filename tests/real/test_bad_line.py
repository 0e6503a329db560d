"""Real Orthanc, a bad line, the whole proxy: what arrives is exactly what was stored."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from random import Random
from urllib.request import urlopen

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess
from tests.fakes import Link
from tests.fakes.trouble import Script, Storm, fin_at, flip_at, rst_at
from tests.server import NONE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

COUNT, ROWS = 12, 512


def slices() -> Iterator[bytes]:
    """CT slices of half a megabyte, no two alike and none compressible."""
    for number in range(COUNT):
        dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
        dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number + 1}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.Rows = dataset.Columns = ROWS
        dataset.PixelData = Random(number).randbytes(2 * ROWS * ROWS)
        target = DicomBytesIO()
        dcmwrite(target, dataset)
        yield target.getvalue()


@pytest.fixture(scope="module")
def stored(any_orthanc: ThrowawayOrthanc) -> dict[str, bytes]:
    """By Orthanc's identifier."""
    held = {}
    for data in slices():
        with urlopen(f"{any_orthanc.url}/instances", data) as answer:
            held[json.load(answer)["ID"]] = data
    return held


@pytest.fixture(scope="module")
def link(any_orthanc: ThrowawayOrthanc) -> Iterator[Link]:
    with Link("127.0.0.1", any_orthanc.http_port) as link:
        yield link


@pytest.fixture
def proxy(link: Link) -> Iterator[int]:
    """The port of a proxy with an empty spool behind the line."""
    with started(link) as port:
        yield port


@pytest.fixture
def patient(link: Link) -> Iterator[int]:
    """Alike; it takes a busy machine for no silent archive, which it would ask once more."""
    names = ("FIRST_BYTE_SECONDS", "STALL_SECONDS", "STALL_FLOOR_SECONDS")
    with started(link, {f"PACS_PROXY_{name}": "20" for name in names}) as port:
        yield port


@contextmanager
def started(link: Link, env: Mapping[str, str] = NONE) -> Iterator[int]:
    port = free_port()
    with ProxyProcess(link.url, port, {"PACS_PROXY_WORKERS": "1", **env}):
        yield port


def fetched(port: int, instance: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"/api/pacs/instances/{instance}/file")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_through_a_storm_every_slice_is_what_was_stored(
    link: Link, proxy: int, stored: dict[str, bytes], seed: int
) -> None:
    link.weather = Storm(seed, every=600_000)
    link.cut()
    met = len(link.met)
    got = {instance: fetched(proxy, instance) for instance in stored}
    assert [instance for instance in stored if got[instance] != stored[instance]] == []
    assert len(link.met) - met >= 5


@pytest.mark.parametrize("trouble", [rst_at(400_000), fin_at(400_000)])
def test_after_a_cut_a_range_is_asked_for_where_there_is_range(
    any_orthanc: ThrowawayOrthanc,
    link: Link,
    patient: int,
    stored: dict[str, bytes],
    trouble: object,
) -> None:
    """The bytes carried tell: 1.12.7 sends the rest only, 1.10.1 the whole again."""
    instance, data = next(iter(stored.items()))
    link.cut()
    link.weather = Script(*[None] * link.accepted, [trouble] if trouble else None)  # type: ignore[list-item]
    before = link.carried["down"]
    assert fetched(patient, instance) == data
    carried = link.carried["down"] - before
    with urlopen(f"{any_orthanc.url}/system") as answer:
        has_range = json.load(answer)["Version"] != "1.10.1"
    assert (carried < 1.3 * len(data)) is has_range


def test_a_flipped_bit_costs_one_more_fetch_and_never_arrives(
    link: Link, patient: int, stored: dict[str, bytes]
) -> None:
    instance, data = list(stored.items())[1]
    link.cut()
    link.weather = Script(*[None] * link.accepted, flip_at(300_000))
    assert fetched(patient, instance) == data
