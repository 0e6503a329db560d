"""Uploads into a real Orthanc, by way of the real server: what comes in, and what must not."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.ingest.bombs import bombs, packed
from tests.ingest.dicom import Coding, dicom, native
from tests.ingest.test_archives import disc
from tests.sender import Sender
from tests.server import Proxy
from tests.waiting import PATIENCE, until

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

CORPUS = Path(os.environ.get("PACS_PROXY_CORPUS") or Path(__file__).parents[3] / "shared" / "data")
PLAIN = Coding()
CHUNK = 8 << 20
LIVE = {"receiving", "received", "checking", "converting", "storing", "kept"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(installed_orthanc: ThrowawayOrthanc) -> Iterator[Proxy]:
    with Proxy(installed_orthanc.url, upload_disk_reserve=0, upload_settle_seconds=600) as server:
        yield server


@pytest.fixture
def sender(server: Proxy) -> Sender:
    return Sender(server.url)


def send(sender: Sender, batch: str, data: bytes, name: str = "x") -> str:
    """Send it in chunks; the upload's id."""
    if len(data) <= CHUNK:
        return sender.create(len(data), data, batch=batch, name=name).rpartition("/")[2]
    where = sender.create(len(data), batch=batch, name=name)
    for at in range(0, len(data), CHUNK):
        assert sender.patch(where, at, data[at : at + CHUNK]).status == 204
    return where.rpartition("/")[2]


def ended(sender: Sender, batch: str, seconds: float = PATIENCE) -> dict[str, list[dict[str, Any]]]:
    """The results of each upload, once all have come to their end."""
    deadline = time.monotonic() + seconds
    while any(upload["state"] in LIVE for upload in sender.news(batch)["uploads"]):
        assert time.monotonic() < deadline, sender.news(batch)["uploads"]
        time.sleep(0.02)
    found: dict[str, list[dict[str, Any]]] = {}
    rev, more = 0, True
    while more:
        news = sender.news(batch, rev)
        rev, more = news["rev"], news["more"]
        for upload in news["uploads"]:
            found.setdefault(upload["id"], [])
        for result in news["results"]:
            found.setdefault(result["upload"], []).append(result)
    return found


def ask(server: Proxy, path: str) -> Any:
    answer = server.get(path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def archived(orthanc: ThrowawayOrthanc, instance: str) -> str:
    with urlopen(f"{orthanc.url}/instances/{instance}/file") as answer:
        return hashlib.md5(answer.read(), usedforsecurity=False).hexdigest()


def test_a_disc_comes_in_with_its_label_and_is_found_by_it(
    server: Proxy, sender: Sender, installed_orthanc: ThrowawayOrthanc
) -> None:
    batch = sender.batch("disc", "usb")
    files = {f"A/IM{n}": dicom(sop=f"1.2.88.{n}") for n in range(5)}
    send(sender, batch, disc({**files, "README.TXT": b"text"}), "disc.iso")
    send(sender, batch, packed(*files.items()), "again.zip")
    first, second = ended(sender, batch).values()
    outcomes = sorted(result["outcome"] for result in [*first, *second])
    assert outcomes == ["duplicate"] * 5 + ["skipped"] + ["stored"] * 5
    for result in first:
        if result["outcome"] == "stored":
            data = files[result["member"]]
            assert archived(installed_orthanc, result["instance"]) == hashlib.md5(data).hexdigest()
    label = sender.news(batch)["label"]
    (study,) = {result["study"] for result in first if result["study"]}
    listed = {item["id"]: item["labels"] for item in ask(server, "/api/pacs/studies")["items"]}
    assert listed[study] == [label]
    assert ask(server, f"/api/pacs/studies/{study}")["labels"] == [label]
    for query, count in ((label.lower(), 1), (label[:7], 1), ("nothing", 0)):
        found = ask(server, f"/api/pacs/studies?label={query}")
        assert (len(found["items"]), found["total"]) == (count, count)
    narrowed = ask(server, f"/api/pacs/studies?label={label}&patient_id=somebody-else")
    assert narrowed["items"] == []


def test_a_conflict_is_shown_and_decided_over_http(
    server: Proxy, sender: Sender, installed_orthanc: ThrowawayOrthanc
) -> None:
    old = dicom(sop="1.2.89.1")
    new = dicom(
        sop="1.2.89.1",
        before=PLAIN.element(0x00100010, b"PN", b"Right^Name"),
        pixels=native(PLAIN, 96),
    )
    batch = sender.batch("conflict")
    send(sender, batch, old)
    ended(sender, batch)
    upload = send(sender, batch, new)
    (result,) = ended(sender, batch)[upload]
    assert result["outcome"] == "conflict"
    (item,) = ask(server, "/api/uploads/conflicts")["items"]
    assert str(item["id"]) == str(result["id"])
    sides = ask(server, f"/api/uploads/conflicts/{item['id']}")
    assert (sides["archive"]["size"], sides["uploaded"]["size"]) == (len(old), len(new))
    assert sides["archive"]["md5"] == hashlib.md5(old).hexdigest()
    assert {line["name"] for line in sides["tags"] if line["archive"] != line["uploaded"]} == {
        "Patient's Name"
    }
    path = f"/api/uploads/conflicts/{item['id']}"
    wrong = sender.ask("POST", path, JSON, b'{"choice": "both"}')
    assert wrong.status == 400
    assert sender.ask("POST", path, JSON, b'{"choice": "replace"}').status == 202
    until(lambda: not ask(server, "/api/uploads/conflicts")["items"])
    assert archived(installed_orthanc, result["instance"]) == hashlib.md5(new).hexdigest()
    assert sender.ask("POST", path, JSON, b'{"choice": "replace"}').status == 404


def _peak(server: Proxy, *, begin: bool) -> int:
    """The highest memory of the workers since `begin`, in bytes."""
    total = 0
    for pid in server.workers:
        if begin:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.split("VmHWM:")[1].split()[0]) << 10
    return total


def test_bombs_are_refused_and_harm_nobody(
    server: Proxy, sender: Sender, installed_orthanc: ThrowawayOrthanc
) -> None:
    warm = sender.batch("warm")
    for number in range(4):
        send(sender, warm, packed(("a", dicom(sop=f"1.2.90.{number}"))))
        send(sender, warm, os.urandom(CHUNK + 1))
    ended(sender, warm)
    process, batch = installed_orthanc.pid, sender.batch("bombs")
    before = _peak(server, begin=True)
    sent = {}
    for bomb in bombs():
        sent[send(sender, batch, bomb.data, bomb.name)] = (bomb.name, bomb.codes)
    results = ended(sender, batch)
    for upload, (name, codes) in sent.items():
        found = {result["code"] or "" for result in results[upload]}
        assert found, name
        assert found <= codes, (name, found)
    assert installed_orthanc.pid == process
    assert _peak(server, begin=False) - before < 32 << 20
    assert not list(Path("/tmp").glob("evil*"))


@pytest.mark.skipif(not (CORPUS / "MANIFEST.tsv").exists(), reason="no corpus on this machine")
def test_every_odd_file_ends_as_it_must(
    server: Proxy, sender: Sender, installed_orthanc: ThrowawayOrthanc
) -> None:
    with (CORPUS / "MANIFEST.tsv").open(newline="") as table:
        rows = {row["file"]: row for row in csv.DictReader(table, delimiter="\t")}
    names = [name for name in rows if name.startswith(("odd/", "archives/", "nonimage/", "media/"))]
    process, batch = installed_orthanc.pid, sender.batch("corpus")
    sent = {send(sender, batch, (CORPUS / name).read_bytes(), name): name for name in names}
    results = ended(sender, batch)
    for upload, name in sent.items():
        outcomes = {result["outcome"] for result in results[upload]}
        if name.startswith("archives/"):
            continue
        assert len(outcomes) == 1, name
        is_taken = rows[name]["orthanc"].startswith("200")
        stored = outcomes <= {"stored", "duplicate", "conflict"}
        assert stored <= is_taken, name
        if stored and outcomes != {"conflict"}:
            (result,) = results[upload]
            digest = hashlib.md5((CORPUS / name).read_bytes()).hexdigest()
            assert archived(installed_orthanc, result["instance"]) == digest, name
    assert installed_orthanc.pid == process
    by_name = {name: results[upload] for upload, name in sent.items()}
    counts = {
        name: sorted(result["outcome"] for result in by_name[f"archives/{name}"])
        for name in ("six_dicom.zip", "mixed.zip", "zip_slip.zip", "truncated.zip", "nested.zip")
    }
    taken = {"stored", "duplicate", "conflict"}
    assert len(counts["six_dicom.zip"]) == 6
    assert set(counts["six_dicom.zip"]) <= taken
    assert sum(outcome in taken for outcome in counts["mixed.zip"]) == 3
    assert sum(outcome in taken for outcome in counts["zip_slip.zip"]) == 2
    assert counts["truncated.zip"] == ["refused"]
    assert sum(outcome == "refused" for outcome in counts["nested.zip"]) == 1


def test_no_name_of_a_file_is_in_the_log(server: Proxy, sender: Sender) -> None:
    batch = sender.batch("secret")
    for data in (dicom(sop="1.2.91.7"), b"junk", packed(("SECRET^MEMBER", dicom()[:300]))):
        send(sender, batch, data, "SECRET^NAME")
    ended(sender, batch)
    assert "SECRET" not in server.log
    assert "1.2.91.7" not in server.log
    assert io.StringIO(server.log).readline()
