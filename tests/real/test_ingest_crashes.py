"""kill -9 at each step of bringing a file in: it is there once, whole, and nothing is left over."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from pacs_proxy.database import Database
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import BytesSource
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.migrations import upgrade
from pacs_proxy.settings import Settings
from tests.ingest.bombs import packed
from tests.ingest.crashing import POINTS, finish
from tests.ingest.dicom import Coding, dicom, native
from tests.ingest.world import World
from tests.server import ROOT
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.orthanc, pytest.mark.timeout(900)]

PLAIN = Coding()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    address = Settings(data_dir=str(tmp_path)).database_address
    upgrade(address)
    return Database(address)


def _run(folder: Path, orthanc: ThrowawayOrthanc, point: str) -> int:
    command = [sys.executable, "-m", "tests.ingest.crashing"]
    arguments = [str(folder), orthanc.url, point]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, timeout=5 * PATIENCE, check=False
    ).returncode


def _held(orthanc: ThrowawayOrthanc, sop: str) -> list[str]:
    """The MD5 of every instance of that name."""
    question = {"Level": "Instance", "Query": {"SOPInstanceUID": sop}}
    asked = Request(f"{orthanc.url}/tools/find", json.dumps(question).encode())
    with urlopen(asked) as answer:
        found = json.load(answer)
    digests = []
    for instance in found:
        with urlopen(f"{orthanc.url}/instances/{instance}/file") as file:
            digests.append(hashlib.md5(file.read(), usedforsecurity=False).hexdigest())
    return digests


# What differs for members of an archive is only how their rows are written.
CASES = [*(("file", point) for point in POINTS), ("zip", POINTS[1]), ("zip", POINTS[5])]


@pytest.mark.parametrize(("kind", "point"), CASES)
def test_a_crash_anywhere_ends_with_one_instance_and_nothing_else(
    installed_orthanc: ThrowawayOrthanc,
    database: Database,
    tmp_path: Path,
    kind: str,
    point: str,
) -> None:
    sop = f"1.2.66.{POINTS.index(point)}.{kind == 'zip'}".replace("True", "1").replace("False", "2")
    data = dicom(sop=sop, pixels=native(PLAIN, 3 << 20))
    with_world = World(database, None, tmp_path)  # type: ignore[arg-type]
    upload = with_world.send(data if kind == "file" else packed(("IM1", data)))
    assert _run(tmp_path, installed_orthanc, point) == -signal.SIGKILL
    finish(tmp_path, installed_orthanc.url)
    assert _held(installed_orthanc, sop) == [hashlib.md5(data).hexdigest()]
    (row,) = with_world.results(upload)
    assert (row.outcome, row.settled) == ("stored", True)
    assert row.instance == examine(BytesSource(data), Limits()).identity.instance
    assert with_world.upload(upload).state == "done"
    assert not list(with_world.staging.folder.iterdir())
    database.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_among_several_ends_with_one_instance_of_each(
    installed_orthanc: ThrowawayOrthanc, database: Database, tmp_path: Path, point: str
) -> None:
    sops = [f"1.2.67.{POINTS.index(point)}.{number}" for number in range(3)]
    files = [dicom(sop=sop, pixels=native(PLAIN, 3 << 19)) for sop in sops]
    world = World(database, None, tmp_path)  # type: ignore[arg-type]
    uploads = [world.send(data, light=True) for data in files]
    assert _run(tmp_path, installed_orthanc, point) == -signal.SIGKILL
    finish(tmp_path, installed_orthanc.url)
    for sop, data, upload in zip(sops, files, uploads, strict=True):
        assert _held(installed_orthanc, sop) == [hashlib.md5(data).hexdigest()]
        (row,) = world.results(upload)
        assert (row.outcome, row.settled) == ("stored", True)
        assert world.upload(upload).state == "done"
    assert not list(world.staging.folder.iterdir())
    database.close()
