"""What the shield lets through does not harm a real Orthanc, and gets the ID we computed."""

import http.client
import json
import os
import random

import pytest

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.shield import Examined, examine
from pacs_proxy.ingest.source import FileSource
from pacs_proxy.ingest.walk import Limits
from tests.ingest.dicom import BIG, DEFLATED, EXPLICIT, IMPLICIT, JPEG, RLE, Coding, dicom
from tests.ingest.test_shield import SOUND
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

SYNTAXES = [EXPLICIT, IMPLICIT, BIG, DEFLATED, JPEG, RLE]
PLAIN = Coding()


def _examined(data: bytes) -> Examined | None:
    descriptor = os.memfd_create("upload")
    try:
        os.write(descriptor, data)
        return examine(FileSource(descriptor, len(data)), Limits())
    except BadUpload:
        return None
    finally:
        os.close(descriptor)


def _post(orthanc: ThrowawayOrthanc, data: bytes) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", orthanc.http_port, timeout=PATIENCE)
    try:
        connection.request("POST", "/instances", data)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body else {}
    finally:
        connection.close()


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_orthanc_files_it_under_the_id_we_computed(
    any_orthanc: ThrowawayOrthanc, syntax: str
) -> None:
    data = dicom(syntax, sop=f"1.2.77.{SYNTAXES.index(syntax)}")
    found = _examined(data)
    assert found
    status, answer = _post(any_orthanc, data)
    assert (status, answer["ID"]) == (200, found.identity.instance)
    assert answer["ParentSeries"] == found.identity.series
    assert answer["ParentStudy"] == found.identity.study
    assert answer["ParentPatient"] == found.identity.patient


@pytest.mark.parametrize("name", SOUND)
def test_orthanc_takes_the_unusual_files_that_pass(
    any_orthanc: ThrowawayOrthanc, name: str
) -> None:
    # Newer ones read no zeros behind the image, and say so.
    refusable = {400} if name == "zeros to the end of the sector" else set()
    assert _post(any_orthanc, SOUND[name])[0] in {200} | refusable


def _wounded(data: bytes, chance: random.Random) -> bytes:
    wounded = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(132, len(wounded))
        if chance.random() < 0.5:
            wounded[at] = chance.randrange(256)
        else:
            wounded[at:at] = wounded[at - chance.randint(1, 60) : at]
    return bytes(wounded)


def test_no_damaged_file_that_passes_harms_orthanc(any_orthanc: ThrowawayOrthanc) -> None:
    chance = random.Random(3)
    nested = dicom(before=PLAIN.nested(16) + PLAIN.nested(16, defined=False))
    originals = [dicom(syntax) for syntax in SYNTAXES] + [nested]
    wounded = (_wounded(chance.choice(originals), chance) for _ in range(4000))
    passed = [data for data in wounded if _examined(data)]
    assert len(passed) > 300
    process = any_orthanc.pid
    for data in passed:
        status, answer = _post(any_orthanc, data)
        # 400 and 404 are its words for a file it does not want.
        assert status in {200, 400, 404}, answer
    assert any_orthanc.pid == process
