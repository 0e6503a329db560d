"""A batch is followed by revision: every change is told once, in order, and none is missed."""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.fakes import FakeOrthanc
from tests.sender import Sender
from tests.server import Answer, Proxy
from tests.waiting import PATIENCE, until

JSON = {"Content-Type": "application/json"}
SPLIT = "11111111-22222222-33333333-44444444-55555555"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeOrthanc, Proxy]]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, threads=24, upload_disk_reserve=0) as server:
        yield orthanc, server


@pytest.fixture
def sender(server: Proxy) -> Sender:
    return Sender(server.url)


def begin(sender: Sender, body: object, headers: dict[str, str] = JSON) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sender.ask("POST", "/api/uploads/batches", headers, text)


def put(server: Proxy, statement: str, *rows: tuple[object, ...]) -> None:
    """What the pipeline would write."""
    with sqlite3.connect(server.data / "pacs-proxy.db", timeout=PATIENCE) as database:
        database.executemany(statement, rows)
    database.close()


def add_result(server: Proxy, batch: str, upload: str, *rows: Mapping[str, object]) -> None:
    """One for each of `rows`, numbered; what they do not say is as for a stored file."""
    default: dict[str, object] = {
        "member": "", "outcome": "stored", "code": None, "detail": None, "instance": None,
        "series": None, "study": None, "size": 1, "created": 1.0, "settled": 0, "rev": 1,
    }  # fmt: skip
    of = {"batch_id": batch, "upload_id": upload}
    full = [{**of, "number": number, **default, **row} for number, row in enumerate(rows)]
    names, marks = ",".join(full[0]), ",".join("?" * len(full[0]))
    statement = f"INSERT INTO results ({names}) VALUES ({marks})"
    put(server, statement, *(tuple(row.values()) for row in full))


def test_a_batch_is_begun_once(sender: Sender) -> None:
    first = begin(sender, {"key": "once", "source": "folder", "expected": 12})
    again = begin(sender, {"key": "once", "source": "folder", "expected": 12})
    assert (first.status, again.status) == (201, 200)
    made = json.loads(first.body)
    assert made == json.loads(again.body)
    assert re.fullmatch("[0-9a-f]{32}", made["id"])
    assert (made["label"], made["source"], made["expected"]) == (None, "folder", 12)


def test_media_are_labelled_by_day_and_number(sender: Sender) -> None:
    labels = [
        json.loads(begin(sender, {"key": f"usb-{n}", "source": "usb"}).body)["label"]
        for n in range(3)
    ]
    matches = [re.fullmatch(r"USB_(\d{8})_(\d+)", label) for label in labels]
    found = [(match[1], int(match[2])) for match in matches if match]
    for (day, number), (next_day, next_number) in pairwise(found):
        assert next_number == (number + 1 if day == next_day else 1)
    assert len(found) == 3


@pytest.mark.parametrize(
    "body",
    [
        {}, {"key": ""}, {"key": 1}, {"key": "a b"}, {"key": "k", "source": "tape"}, [], b"", b"{",
        {"key": "k", "expected": -1}, {"key": "k", "expected": True}, {"key": "k", "expected": "1"},
    ],
)  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused(sender: Sender, body: object) -> None:
    assert begin(sender, body).problem["code"] == "bad_request"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_only_json_is_read(sender: Sender, media: str) -> None:
    answer = begin(sender, {"key": "k"}, {"Content-Type": media})
    assert (answer.status, answer.problem["code"]) == (415, "unsupported_media")


def test_an_endless_json_is_not_read(sender: Sender) -> None:
    assert begin(sender, {"key": "k", "x": "y" * (1 << 20)}).problem["code"] == "too_large"


def test_every_change_is_told_once(sender: Sender) -> None:
    batch = sender.batch("told-once")
    before = sender.news(batch)
    assert (before["uploads"], before["results"], before["more"]) == ([], [], False)
    where = sender.create(10, b"12345", batch=batch, name="a/b")
    first = sender.news(batch, before["rev"])
    assert [(u["name"], u["offset"], u["state"]) for u in first["uploads"]] == [
        ("a/b", 5, "receiving")
    ]
    assert first["rev"] > before["rev"]
    assert sender.news(batch, first["rev"])["uploads"] == []
    sender.patch(where, 5, b"67")
    second = sender.news(batch, first["rev"])
    assert [u["offset"] for u in second["uploads"]] == [7]
    assert sender.news(batch, second["rev"])["uploads"] == []


def test_the_shape_that_the_viewer_is_built_on(sender: Sender, server: Proxy) -> None:
    batch = sender.batch("shape")
    where = sender.create(10, b"12345", batch=batch, name="a/b")
    upload = where.rpartition("/")[2]
    add_result(server, batch, upload, {"study": SPLIT, "series": SPLIT, "instance": SPLIT})
    news = sender.news(batch)
    assert news["counts"] == {
        "uploads": 1, "bytes": 10, "received_bytes": 5, "waiting": 1, "stored": 1, "duplicate": 0,
        "conflict": 0, "refused": 0, "skipped": 0,
    }  # fmt: skip
    assert news["uploads"] == [
        {
            "id": upload, "name": "a/b", "length": 10, "offset": 5, "state": "receiving",
            "code": None, "detail": None, "kind": None, "progress": None, "rev": 1, "study": SPLIT,
            "results": {"stored": 1, "duplicate": 0, "conflict": 0, "refused": 0, "skipped": 0},
        }
    ]  # fmt: skip
    assert [dict(r, id=0) for r in news["results"]] == [
        {
            "id": 0, "upload": upload, "member": "", "outcome": "stored", "code": None,
            "detail": None, "instance": SPLIT, "series": SPLIT, "study": SPLIT, "rev": 1,
        }
    ]  # fmt: skip


def followed(sender: Sender, batch: str) -> tuple[list[dict[str, Any]], list[int]]:
    """All results as a viewer gathers them, and how many each answer had."""
    rev, found, sizes = 0, [], []
    while True:
        news = sender.news(batch, rev)
        found += news["results"]
        sizes.append(len(news["results"]))
        rev = news["rev"]
        if not news["more"]:
            return found, sizes


def test_many_results_come_in_pages_and_none_is_missed(sender: Sender, server: Proxy) -> None:
    batch = sender.batch("pages")
    upload = sender.create(10, batch=batch).rpartition("/")[2]
    # Three to a revision, so that pages would split some if they went by number alone.
    add_result(server, batch, upload, *({"rev": 2 + number // 3} for number in range(1200)))
    put(server, "UPDATE batches SET rev = 500 WHERE id = ?", (batch,))
    found, sizes = followed(sender, batch)
    assert len(found) == len({result["id"] for result in found}) == 1200
    assert max(sizes) < 510
    assert len(sizes) >= 3


def test_one_revision_of_many_rows_is_never_split(sender: Sender, server: Proxy) -> None:
    batch = sender.batch("one-revision")
    upload = sender.create(10, batch=batch).rpartition("/")[2]
    add_result(server, batch, upload, *({"rev": 5} for _ in range(700)))
    put(server, "UPDATE batches SET rev = 6 WHERE id = ?", (batch,))
    found, _ = followed(sender, batch)
    assert len(found) == 700


def test_recent_batches_are_listed_newest_first(sender: Sender) -> None:
    made = [sender.batch(f"recent-{n}") for n in range(3)]
    sender.create(10, b"12345", batch=made[1])
    items = json.loads(sender.ask("GET", "/api/uploads/batches").body)["items"]
    assert [item["id"] for item in items[:3]] == made[::-1]
    assert items[1]["counts"]["received_bytes"] == 5


def _states(sender: Sender, batch: str) -> dict[str, str]:
    answer = sender.ask("GET", f"/api/uploads/batches/{batch}")
    return {upload["id"]: upload["state"] for upload in json.loads(answer.body)["uploads"]}


def test_cancelling_a_batch_ends_what_is_unfinished_and_takes_nothing_more(
    sender: Sender, server: Proxy
) -> None:
    batch = sender.batch("cancel")
    half = sender.create(10, b"12345", batch=batch)
    done = sender.create(5, b"12345", batch=batch)
    until(lambda: _states(sender, batch)[done.rpartition("/")[2]] == "skipped")
    for _ in range(2):
        assert sender.ask("DELETE", f"/api/uploads/batches/{batch}").status == 200
    states = _states(sender, batch)
    assert states == {half.rpartition("/")[2]: "cancelled", done.rpartition("/")[2]: "skipped"}
    assert sender.head(half).status == 410
    assert not (server.data / "uploads" / f"{half.rpartition('/')[2]}.part").exists()
    assert sender.post(5, batch=batch).problem["code"] == "gone"


def test_another_batch_is_404(sender: Sender) -> None:
    for path in ("x", "0" * 32, "0" * 32 + "/report"):
        assert sender.ask("GET", f"/api/uploads/batches/{path}").status == 404
    assert sender.ask("DELETE", "/api/uploads/batches/" + "0" * 32).status == 404


@pytest.mark.parametrize("rev", ["-1", "x", "1e3", "9" * 12])
def test_a_revision_that_is_no_number_is_refused(sender: Sender, rev: str) -> None:
    batch = sender.batch("revision")
    answer = sender.ask("GET", f"/api/uploads/batches/{batch}?rev={rev}")
    assert answer.problem["code"] == "bad_request"


def report(sender: Sender, batch: str) -> list[dict[str, str]]:
    answer = sender.ask("GET", f"/api/uploads/batches/{batch}/report")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert re.fullmatch(
        r'attachment; filename="upload-[0-9a-f]{8}\.csv"', answer.headers["Content-Disposition"]
    )
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '"=1"', "Ä ö\n,;"])
def test_no_cell_of_the_report_is_a_formula(sender: Sender, name: str) -> None:
    batch = sender.batch(f"formula-{name.encode().hex()}")
    sender.create(10, batch=batch, name=name)
    (row,) = report(sender, batch)
    assert row["file"].lstrip("'") == name
    assert not row["file"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_the_report_names_every_file_with_its_reason(sender: Sender, server: Proxy) -> None:
    batch = sender.batch("report")
    upload = sender.create(10, batch=batch, name="disc.zip").rpartition("/")[2]
    kept: dict[str, object] = {"member": "IM1", "instance": SPLIT, "size": 5}
    left = {"member": "AUTORUN", "outcome": "skipped", "code": "other", "detail": "Not an image."}
    add_result(server, batch, upload, kept, {**left})
    sender.create(7, batch=batch, name="late")
    rows = report(sender, batch)
    assert [(r["file"], r["member"], r["outcome"], r["reason"]) for r in rows] == [
        ("disc.zip", "IM1", "stored", ""),
        ("disc.zip", "AUTORUN", "skipped", "Not an image."),
        ("late", "", "", ""),
    ]
    whole = json.loads(sender.ask("GET", f"/api/uploads/batches/{batch}/report?format=json").body)
    assert (whole["files"], whole["outcomes"]) == (2, {"stored": 1, "skipped": 1})
    assert [(r["file"], r["member"], r["outcome"]) for r in whole["rejects"]] == [
        ("disc.zip", "AUTORUN", "skipped"),
        ("late", "", "receiving"),
    ]
