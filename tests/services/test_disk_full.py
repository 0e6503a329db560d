"""A disk that is really full: what cannot be written down is not handed out; nothing is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.services.test_auditing import is_sound, records
from tests.waiting import until

COUNT = 40
DATA = bytes(128) + b"DICM" + bytes(3000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root; run the tests as root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Until not a byte fits."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk took everything")


def test_on_a_full_disk_every_answer_is_written_down_or_refused(disk: Path) -> None:
    names = [orthanc_id("full", str(number)) for number in range(COUNT)]
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, data_dir=disk, workers=2) as server:
        server.data = disk
        for number, name in enumerate(names):
            tags = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
            orthanc.add(name, DATA, tags={**tags, "PatientID": f"P{number}"})
        served = {f"P{n}" for n in range(10) if server.file(names[n]).status == 200}
        assert len(served) == 10
        ballast = fill(disk)
        answers = {f"P{n}": server.file(names[n]) for n in range(10, COUNT)}
        served |= {patient for patient, one in answers.items() if one.status == 200}
        refused = [one for one in answers.values() if one.status != 200]
        assert {(one.status, one.problem["code"]) for one in refused} == {
            (503, "audit_unavailable")
        }
        # Pages that the database had already may take a few records; then nothing goes out.
        assert len(refused) >= 10
        assert all(DATA not in one.body for one in refused)
        assert server.file(names[0]).status == 200, "what is open already stays readable"
        ballast.unlink()
        until(lambda: server.file(names[-1]).status == 200, every=0.1)
        served.add(f"P{COUNT - 1}")
        read = [row["patient"] for row in records(server) if row["event"] == "study.read"]
        assert served <= set(read), "handed out and not written down"
        assert len(read) == len(set(read))
        assert is_sound(server)
