"""What lies elsewhere comes in as uploads do, each file once, whoever is killed on the way."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
from sqlalchemy import func, select

from pacs_proxy.database import Batch, Job, Upload
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.errors import BadRequest, NotFound, Unreachable
from pacs_proxy.ingest.buckets import Bucket, Place
from pacs_proxy.ingest.reference import KIND
from pacs_proxy.jobs import REFERENCE, Later, Runner
from tests.ingest.desk import LIMITS, Desk
from tests.server import ROOT
from tests.waiting import PATIENCE, until

# Copies slowly enough to be killed: each piece is a pause.
SLOW = """
import sys, time
from pathlib import Path
from tests.ingest.desk import made
from pacs_proxy.jobs import REFERENCE, Runner
from pacs_proxy.ingest import spool
write = spool.Part.write
def slowly(part, at, pieces):
    return write(part, at, (time.sleep(0.002) or piece for piece in pieces))
spool.Part.write = slowly
references, jobs = made(Path(sys.argv[1]), Path(sys.argv[2]))
runner = Runner(jobs, {"reference": references}, [(REFERENCE,)])
runner.start()
print("working", flush=True)
time.sleep(600)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "in").mkdir()
    (tmp_path / "home").mkdir()
    desk = Desk(tmp_path / "home", tmp_path / "in")
    with closing(desk.database):
        yield desk


def fill(folder: Path, count: int, size: int = 5000) -> dict[str, bytes]:
    files = {f"s{n % 3}/IM{n:04}": Random(n).randbytes(size + n) for n in range(count)}
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return files


def test_a_folder_becomes_uploads_of_a_batch_with_their_bytes(desk: Desk) -> None:
    files = fill(desk.folder, 20)
    batch = desk.take(folder="in")
    assert desk.staged() == files
    with desk.database.read() as session:
        kept = session.get_one(Batch, batch.id)
        waiting = session.scalar(select(func.count()).where(Job.kind == "ingest"))
        assert session.scalars(select(Job.state).where(Job.kind == KIND)).all() == ["done"]
    assert (kept.source, kept.files, kept.expected_files, waiting) == (KIND, 20, 20, 20)
    assert kept.bytes == sum(len(data) for data in files.values())


def test_asking_again_with_the_same_key_is_the_same_batch(desk: Desk) -> None:
    fill(desk.folder, 3)
    first = desk.take(folder="in")
    again = desk.references.ask("local", "k", {"folder": "in"})
    assert again.id == first.id
    assert not Runner(desk.jobs, {KIND: desk.references}, []).run_next((REFERENCE,))


def test_what_cannot_come_in_is_named_and_the_rest_comes(desk: Desk) -> None:
    files = fill(desk.folder, 3)
    (desk.folder / "large").write_bytes(bytes(LIMITS.file_bytes + 1))
    (desk.folder / os.fsdecode(b"caf\xe9\xff")).write_bytes(b"odd")
    desk.take(folder="in")
    assert desk.rows()["large"].state == "refused"
    assert desk.rows()["large"].code == "too_large"
    assert desk.staged() == {**files, "caf\ufffd\ufffd": b"odd"}


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ({}, BadRequest),
        ({"folder": 3}, BadRequest),
        ({"folder": "in", "s3": {"bucket": "b"}}, BadRequest),
        ({"s3": {"bucket": 3}}, BadRequest),
        ({"folder": "in/../x"}, BadRequest),
        ({"folder": "in/none"}, NotFound),
        ({"folder": "other"}, NotFound),
        ({"s3": {"bucket": "not-allowed", "prefix": ""}}, NotFound),
    ],
)
def test_what_is_not_allowed_makes_no_batch(
    desk: Desk, where: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        desk.references.ask("local", "k", where)
    with desk.database.read() as session:
        assert session.scalars(select(Batch)).all() == []


def test_a_folder_that_vanished_is_said_in_the_batch(desk: Desk) -> None:
    (desk.folder / "day").mkdir()
    batch = desk.references.ask("local", "k", {"folder": "in/day"})
    (desk.folder / "day").rmdir()
    assert Runner(desk.jobs, {KIND: desk.references}, []).run_next((REFERENCE,))
    [row] = desk.rows().values()
    assert (row.batch_id, row.state, row.code) == (batch.id, "refused", "source_failed")


def test_copies_do_not_run_far_ahead_of_the_storing(desk: Desk) -> None:
    fill(desk.folder, 150)
    thread = threading.Thread(target=desk.take, kwargs={"folder": "in"})
    thread.start()
    most = 0
    while thread.is_alive():
        with desk.database.write() as session:
            live = session.scalars(select(Upload).where(Upload.state == "received")).all()
            most = max(most, len(live))
            for row in live[:40]:
                row.state = "done"
        time.sleep(0.02)
    assert len(desk.rows()) == 150
    assert most <= 64


def test_cancelling_the_batch_ends_it(desk: Desk) -> None:
    fill(desk.folder, 5)
    batch = desk.references.ask("local", "k", {"folder": "in"})
    with desk.database.write() as session:
        session.get_one(Batch, batch.id).closed = True
    assert Runner(desk.jobs, {KIND: desk.references}, []).run_next((REFERENCE,))
    assert desk.rows() == {}
    assert list((desk.home / "uploads").iterdir()) == []


def test_of_a_cancelled_batch_nobody_is_told_that_its_folder_vanished(desk: Desk) -> None:
    (desk.folder / "day").mkdir()
    batch = desk.references.ask("local", "k", {"folder": "in/day"})
    (desk.folder / "day").rmdir()
    with desk.database.write() as session:
        session.get_one(Batch, batch.id).closed = True
    assert Runner(desk.jobs, {KIND: desk.references}, []).run_next((REFERENCE,))
    assert desk.rows() == {}
    with desk.database.read() as session:
        assert session.scalars(select(Job.state).where(Job.kind == KIND)).one() == "done"


def test_kills_at_random_moments_leave_each_file_once_and_whole(desk: Desk) -> None:
    files, dice = fill(desk.folder, 60, size=20_000), Random(3)
    desk.references.ask("local", "k", {"folder": "in"})
    command = [sys.executable, "-c", SLOW, str(desk.home), str(desk.folder)]
    for _ in range(3):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"working\n"
            begun = len(desk.rows())
            until(lambda begun=begun: len(desk.rows()) > begun or begun == len(files))  # type: ignore[misc]
            time.sleep(dice.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
    desk.jobs.bury()
    while Runner(desk.jobs, {KIND: desk.references}, []).run_next((REFERENCE,)):
        pass
    assert desk.staged() == files
    assert len(list((desk.home / "uploads").iterdir())) == len(files)
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).where(Job.kind == "ingest")) == len(files)
        assert session.scalars(select(Job.state).where(Job.kind == KIND)).one() == "done"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """moto's server, as a process of its own; its address."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        pytest.MonkeyPatch.context() as patch,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, **quiet) as server,  # type: ignore[call-overload]
    ):
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "sesame")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        address = f"http://127.0.0.1:{port}"
        client, deadline = boto3.client("s3", endpoint_url=address), time.monotonic() + PATIENCE
        while True:
            try:
                client.create_bucket(Bucket="images")
                break
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        try:
            yield address
        finally:
            server.kill()


def put(s3: str, **objects: bytes) -> None:
    client = boto3.client("s3", endpoint_url=s3)
    for key, data in objects.items():
        client.put_object(Bucket="images", Key=key, Body=data)


def test_a_prefix_in_s3_becomes_uploads(s3: str, tmp_path: Path) -> None:
    files = {f"2026/a{n}": Random(n).randbytes(3_000_000) for n in range(3)}
    put(s3, **files, **{"2026/": b"", "other/x": b"not asked for", "2026/empty": b""})
    desk = Desk(tmp_path, tmp_path, Place(s3, (("images", "2026"),)))
    with closing(desk.database):
        desk.take(s3={"bucket": "images", "prefix": "2026/"})
        wanted = {name.removeprefix("2026/"): data for name, data in files.items()}
        assert desk.staged() == {**wanted, "empty": b""}
        with pytest.raises(NotFound):
            desk.references.ask("local", "k", {"s3": {"bucket": "images", "prefix": "other/"}})


def test_a_bucket_that_is_not_there_is_said_in_the_batch(s3: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, tmp_path, Place(s3, (("missing", ""),)))
    with closing(desk.database):
        desk.take(s3={"bucket": "missing", "prefix": ""})
        [row] = desk.rows().values()
        assert (row.state, row.code) == ("refused", "source_failed")


def test_an_object_replaced_while_it_is_read_is_never_mixed(s3: str) -> None:
    put(s3, **{"mix/a": b"1" * 3_000_000})
    [found] = Bucket(Place(s3, (("images", ""),)), "images", "mix/").files()
    put(s3, **{"mix/a": b"2" * 3_000_000})
    with pytest.raises(Exception, match="changed while it was read"):
        b"".join(found.pieces())


def test_a_service_that_is_away_is_waited_for(tmp_path: Path, s3: str) -> None:
    away = Place(f"http://127.0.0.1:{free_port()}", (("images", ""),))
    with pytest.raises(Unreachable):
        list(Bucket(away, "images", "").files())
    desk = Desk(tmp_path, tmp_path, away)
    with closing(desk.database):
        desk.references.ask("local", "k", {"s3": {"bucket": "images", "prefix": ""}})
        claimed = desk.jobs.claim("me", (REFERENCE,))
        assert claimed
        with pytest.raises(Later):
            desk.references(claimed)
