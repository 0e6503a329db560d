"""Part files: held by one, lost when they are gone, never acknowledged unless durable."""

import errno
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy.errors.uploads import DiskLow, StagingFailed, UploadBusy
from pacs_proxy.ingest import tus
from pacs_proxy.ingest.spool import Lost, Staging
from tests.waiting import PATIENCE

HOLD = """
import sys, time
from pathlib import Path
from pacs_proxy.ingest.spool import Staging
with Staging(Path(sys.argv[1])).hold("a"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(tmp_path / "uploads")


def test_nobody_else_can_look_into_it(staging: Staging) -> None:
    with staging.hold("a"):
        assert staging.path("a").stat().st_mode & 0o777 == 0o600
    assert staging.folder.stat().st_mode & 0o777 == 0o700


def test_bytes_lie_where_they_belong(staging: Staging) -> None:
    with staging.hold("a") as part:
        assert part.write(0, [b"abc", b"def"]).count == 6
        assert part.write(3, [b"DEF"]) == tus.Received(3, hashlib.sha256(b"DEF").digest())
    assert staging.path("a").read_bytes() == b"abcDEF"


def test_what_a_failing_body_brought_is_told(staging: Staging) -> None:
    cut = tus.cut(3, 5)

    def body() -> Iterator[bytes]:
        yield b"abc"
        raise cut

    with staging.hold("a") as part:
        assert part.write(0, body()) == tus.Received(3, hashlib.sha256(b"abc").digest(), cut)


def test_two_never_write_at_once(staging: Staging) -> None:
    with staging.hold("a"), pytest.raises(UploadBusy), staging.hold("a"):
        pass
    with staging.hold("a"), staging.hold("b"):
        pass


def test_whether_it_is_written_to_can_be_told_without_disturbing(staging: Staging) -> None:
    staging.require_quiet("a")
    with staging.hold("a"):
        with pytest.raises(UploadBusy):
            staging.require_quiet("a")
        staging.require_quiet("b")
    staging.require_quiet("a")


def test_a_killed_holder_holds_nothing(staging: Staging) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(staging.folder)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UploadBusy), staging.hold("a"):
        pass
    holder.kill()
    holder.communicate()
    with staging.hold("a"):
        pass


def test_a_file_that_is_gone_or_short_is_lost(staging: Staging) -> None:
    with pytest.raises(Lost), staging.hold("a", offset=3):
        pass
    staging.path("a").write_bytes(b"abc")
    with staging.hold("a", offset=3) as part:
        part.require(3)
        with pytest.raises(Lost):
            part.require(4)


def test_a_file_removed_while_it_was_waited_for_is_not_written_to(staging: Staging) -> None:
    """The lock of a file without a name protects nothing: the next one would make a new file."""
    opened, removed = threading.Event(), threading.Event()
    real_open = os.open

    def slow_open(*args: object, **more: object) -> int:
        fd = real_open(*args, **more)  # type: ignore[arg-type]
        if str(args[0]).endswith(".part") and not opened.is_set():
            opened.set()
            assert removed.wait(PATIENCE)
        return fd

    staging.path("a").touch()
    held: list[int] = []

    def hold() -> None:
        with staging.hold("a") as part:
            part.write(0, [b"kept"])
            held.append(1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.open", slow_open)
        thread = threading.Thread(target=hold)
        thread.start()
        assert opened.wait(PATIENCE)
        staging.discard("a")
        removed.set()
        thread.join(PATIENCE)
    assert held
    assert staging.path("a").read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, DiskLow), (errno.EDQUOT, DiskLow), (errno.EIO, StagingFailed)],
)
def test_a_failing_disk_is_never_acknowledged(
    staging: Staging, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with staging.hold("a") as part:
        part.write(0, [b"abc"])
        with monkeypatch.context() as patch:
            patch.setattr("os.fdatasync", fail)
            with pytest.raises(kind):
                part.sync()
        monkeypatch.setattr("os.pwrite", fail)
        assert isinstance(part.write(3, [b"def"]).failure, kind)


def test_old_files_are_found_by_their_last_write(staging: Staging) -> None:
    for name, moment in (("old", 1000), ("new", 3000)):
        with staging.hold(name):
            os.utime(staging.path(name), (moment, moment))
    (staging.folder / "other").touch()
    os.utime(staging.folder / "other", (1, 1))
    assert list(staging.older_than(2000)) == ["old"]
    staging.discard("old")
    staging.discard("old")
    assert [path.name for path in staging.folder.iterdir() if "part" in path.name] == ["new.part"]
