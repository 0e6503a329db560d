"""A thousand names, IDs, UIDs and file names on every way and in every failure: none is let slip.

Looked at: what the server writes to its log, its metrics, the bodies of its errors, and every
header of every answer (so also each address it makes). The audit journal and the database are where
they belong, and are not looked at.
"""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from random import Random
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.data import get_testdata_file
from pydicom.filebase import DicomBytesIO
from pydicom.uid import UID

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.fakes.listener import connect as connected
from tests.fakes.listener import hear
from tests.sender import Sender
from tests.server import Answer, Proxy
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.orthanc
COUNT = 1000
FOUND = re.compile(rb"(?i)CNRY\d{4}|31415926\d{4}|Q05SW[0-9A-Za-z+/]{3}")
WORDS = [f"CNRY{number:04d}" for number in range(COUNT)]
UIDS = [f"1.2.31415926{number:04d}.5" for number in range(COUNT)]
WHERE = (
    "/wado?requestType=WADO&studyUID={uid}&seriesUID={uid}&objectUID={uid}",
    "/wado?requestType=WADO&studyUID={uid}x&seriesUID=&objectUID={word}",
    "/wado?requestType={word}&studyUID={uid}",
    "/api/pacs/studies?patient_name={word}*&patient_id={word}&accession={word}",
    "/api/pacs/studies?modality={word}&date_from={word}", "/api/pacs/studies?limit={word}",
    "/api/pacs/studies/{word}", "/api/pacs/series/{uid}", "/api/pacs/instances/{word}/file",
    "/api/pacs/instances/{word}/frames/{word}", "/api/pacs/instances/{uid}/rendered?size={word}",
    "/api/uploads/{word}", "/api/uploads/batches/{word}?rev={word}", "/assets/{word}", "/{word}",
    "/api/uploads/conflicts/{word}", "/api/pacs/deletions/{word}", "/x{word}?{word}={uid}",
)  # fmt: skip


class Witness:
    """Whatever came back, judged as it comes."""

    def __init__(self, server: Proxy) -> None:
        self.server, self.slips, self.errors, self.answers = server, set[bytes](), 0, 0

    def saw(self, answer: Answer) -> None:
        self.answers += 1
        shown = str(answer.headers).encode()
        if answer.status >= 400:
            self.errors += 1
            shown += answer.body
        self.slips |= set(FOUND.findall(shown))

    def ask(self, path: str, method: str = "GET", **headers: str) -> None:
        try:
            self.saw(self.server.get(path, headers, method))
        except (OSError, HTTPException):
            return  # a worker was killed while it answered

    def raw(self, data: bytes) -> None:
        with connected(self.server.port) as sock:
            sock.sendall(data)
            heard = hear(sock, 0.3, least=12)
        self.errors += 1
        self.slips |= set(FOUND.findall(heard.data))


def file(number: int, damage: Callable[[bytes], bytes] = bytes) -> bytes:
    dataset = dcmread(str(get_testdata_file("CT_small.dcm")))
    word, uid = WORDS[number], UIDS[number]
    for name in ("PatientName", "PatientID", "StudyDescription", "SeriesDescription", "StudyID"):
        setattr(dataset, name, word)
    dataset.AccessionNumber = dataset.InstitutionName = word
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = dataset.SOPInstanceUID = UID(uid)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    target = DicomBytesIO()
    dcmwrite(target, dataset)
    return damage(target.getvalue())


DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lambda data: data[: len(data) // 2],
    lambda data: data[:132] + bytes(200) + data[332:],
    lambda data: b"PK\x03\x04" + data,
    lambda data: data.replace(b"\x28\x00\x10\x00", b"\x28\x00\x10\x7f"),
    lambda data: b"II*\0" + data[4:],
    lambda data: data[:-3000] + b"\xff" * 9,
)


@pytest.fixture(scope="module")
def archive() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc() as orthanc:
        yield orthanc


def sent(witness: Witness, number: int) -> None:
    """One upload under a name of its own, whole or damaged; and what became of its file."""
    sender, data = Sender(witness.server.url), file(number, DAMAGES[number % len(DAMAGES)])
    names = {"name": f"{WORDS[number]}/{WORDS[number]}.dcm", "key": f"k{number}"}
    witness.saw(sender.post(len(data), data, **names))


def settled(server: Proxy) -> None:
    """Until nothing is being worked on any more."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        batches = json.loads(server.get("/api/uploads/batches").body)
        if "storing" not in str(batches) and "checking" not in str(batches):
            return
        time.sleep(0.2)


def everywhere(witness: Witness, numbers: range) -> None:
    for number in numbers:
        names = {"word": quote(WORDS[number]), "uid": UIDS[number]}
        path = WHERE[number % len(WHERE)].format(**names)
        method = ("GET", "HEAD", "DELETE", "POST", "PUT")[number % 5]
        witness.ask(path, "GET" if number % 2 else method, **{"X-Note": WORDS[number]})


def nonsense(witness: Witness, numbers: range) -> None:
    for number in numbers:
        word = WORDS[number].encode()
        witness.raw(
            (
                b"GET /wado?objectUID=%s 1 HTTP/1.1\r\n\r\n" % word,
                b"GET /%s HTTP/1.1\r\nHost: localhost\r\n%s : %s\r\n\r\n" % (word, word, word),
                b"GET /%s HTTP/1.1\r\nHost: %s.example\r\n\r\n" % (word, word),
                b"GET /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n" % (word, word),
                b"GET /" + word * 2000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            )[number % 5]
        )


def all_of_it(archive: ThrowawayOrthanc, witness: Witness) -> None:
    """Whole and damaged files, every address, nonsense; then damage, kills and an outage."""
    for number in range(120):
        sent(witness, number)
    settled(witness.server)
    everywhere(witness, range(120, 700))
    nonsense(witness, range(700, 740))
    for what in ("file", "display", "rendered", "download", "frames/1", "frames/9"):
        for instance in asked_of(archive):
            witness.ask(f"/api/pacs/instances/{instance}/{what}")
    spoil(archive)
    for instance in asked_of(archive):
        witness.ask(f"/api/pacs/instances/{instance}/file", Range="bytes=0-5")
    killed_at_work(witness, range(740, 780))
    archive.kill()
    for number in range(780, 800):
        sent(witness, number)
    everywhere(witness, range(800, 830))
    archive.restart()
    everywhere(witness, range(830, COUNT))


def killed_at_work(witness: Witness, numbers: range) -> None:
    server = witness.server
    for number in numbers:
        if number % 10 == 0:
            until(lambda: len(server.workers) == 2)
            os.kill(Random(number).choice(server.workers), signal.SIGKILL)
        try:
            sent(witness, number)
        except (OSError, HTTPException):
            server.wait_until_up()
    server.wait_until_up()


def test_none_of_a_thousand_canaries_is_let_slip(archive: ThrowawayOrthanc) -> None:
    with Proxy(archive.url, workers=2, deadline_seconds=2) as server:
        witness = Witness(server)
        all_of_it(archive, witness)
        figures, log = server.get("/metrics").body, server.log.encode()
    assert witness.errors > 300
    assert witness.answers > 900
    assert b'"answered"' in log
    assert witness.slips == set()
    assert set(FOUND.findall(log)) == set()
    assert set(FOUND.findall(figures)) == set()


def spoil(archive: ThrowawayOrthanc) -> None:
    """One of its files is no longer what it took in."""
    files = (path for path in archive.storage.rglob("*") if path.is_file())
    chosen = next(p for p in files if p.stat().st_size > 30_000 and p.parent != archive.storage)
    chosen.write_bytes(chosen.read_bytes()[:-9] + bytes(9))


def asked_of(archive: ThrowawayOrthanc) -> list[str]:
    with urlopen(f"{archive.url}/instances") as answer:
        found: list[str] = json.loads(answer.read())
    return found[:12]


def test_the_canaries_would_be_seen(tmp_path: Path) -> None:
    """In a file they are what they are, and so is the base64 of a name."""
    assert FOUND.search(file(3))
    assert FOUND.search(b'{"detail": "no study of CNRY0003"}')
    assert FOUND.search(b"Upload-Metadata: name Q05SWTAwMDMuZGNt")
