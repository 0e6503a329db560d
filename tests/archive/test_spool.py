"""Files that many read while one writes, and that nobody trusts before they are whole."""

import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from pacs_proxy.archive import locks
from pacs_proxy.archive.room import SpoolFull
from pacs_proxy.archive.spool import Spool
from pacs_proxy.control import Control
from pacs_proxy.errors import Interrupted
from tests.archive.opening import names

DATA = bytes(range(256)) * 4


def test_a_reader_follows_the_growing_file(spool: Spool) -> None:
    writer = spool.create("key", len(DATA))
    reader = spool.find("key", len(DATA))
    assert reader
    with writer, reader:
        for end in (0, 100, 1000):
            writer.write(memoryview(DATA)[os.fstat(writer.fd).st_size : end])
            assert reader.available == end
            assert not reader.is_verified
        writer.write(memoryview(DATA)[1000:])
        assert reader.is_verified
        assert os.pread(reader.fd, 2000, 0) == DATA


def test_readers_see_that_a_file_was_given_up(spool: Spool) -> None:
    writer = spool.create("key", len(DATA))
    reader = spool.find("key", len(DATA))
    assert reader
    writer.write(memoryview(DATA[:100]))
    spool.give_up(writer)
    with reader, pytest.raises(Interrupted):
        assert reader.available
    assert spool.find("key", len(DATA)) is None


def test_readers_see_that_nobody_fills_the_file_any_more(spool: Spool) -> None:
    """As the kernel leaves it when the writer's process is killed."""
    writer = spool.create("key", len(DATA))
    reader = spool.find("key", len(DATA))
    assert reader
    writer.write(memoryview(DATA[:100]))
    writer.close()
    with reader, pytest.raises(Interrupted):
        assert reader.available


def test_whoever_finds_a_new_file_finds_it_with_its_writer(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even between the two steps of its making."""
    share, found = locks.share, list[str]()

    def look_first(fd: int, at: int = 0) -> bool:
        reader = spool.find("key", len(DATA))
        if reader:
            found.append("too early")
            reader.close()
        return share(fd, at)

    monkeypatch.setattr(locks, "share", look_first)
    spool.create("key", len(DATA)).close()
    assert found == []


def test_a_finished_file_needs_no_writer(spool: Spool) -> None:
    with spool.create("key", len(DATA)) as writer:
        writer.write(memoryview(DATA))
    reader = spool.find("key", len(DATA))
    assert reader
    with reader:
        assert reader.available == len(DATA)


def test_a_file_is_followed_only_while_another_has_it_open(spool: Spool) -> None:
    writer = spool.create("key", len(DATA))
    assert not writer.is_followed()
    reader = spool.find("key", len(DATA))
    assert reader
    assert writer.is_followed()
    reader.close()
    assert not writer.is_followed()
    writer.close()
    assert not writer.is_followed()


def test_a_file_is_withdrawn_only_while_nobody_follows_it_and_then_nobody_finds_it(
    spool: Spool,
) -> None:
    writer = spool.create("key", len(DATA))
    reader = spool.find("key", len(DATA))
    assert reader
    assert not writer.withdraw()
    writer.write(memoryview(DATA[:100]))
    assert reader.available == 100
    reader.close()
    assert writer.withdraw()
    assert spool.find("key", len(DATA)) is None
    assert writer.withdraw()
    writer.write(memoryview(DATA[100:]))
    writer.close()
    assert writer.withdraw()
    # It came whole all the same: whoever waited has it.
    found = spool.find("key", len(DATA))
    assert found
    with found:
        assert found.is_verified


def test_a_half_file_of_another_size_is_never_found(spool: Spool) -> None:
    with spool.create("key", 100):
        assert spool.find("key", 101) is None


def test_a_claim_is_the_only_one_among_threads(spool: Spool) -> None:
    start, claims = threading.Barrier(8), []

    def claim() -> None:
        start.wait()
        claims.append(spool.claim("key"))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [claim for claim in claims if claim]
    assert len(held) == 1
    assert spool.claim("other key")
    with held[0]:
        assert spool.claim("key") is None
    assert spool.claim("key")


def test_a_claim_handed_over_ends_with_its_new_holder(spool: Spool) -> None:
    claim = spool.claim("key")
    assert claim
    with claim:
        other = claim.handed_over()
    assert spool.claim("key") is None
    with other:
        pass
    assert spool.claim("key")


def test_a_full_disk_is_a_full_spool(spool: Spool) -> None:
    """RLIMIT_FSIZE stands for ENOSPC: write(2) fails in the same way, without root."""
    writer = spool.create("key", len(DATA))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(SpoolFull):
            writer.write(memoryview(DATA))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not writer.is_verified
    spool.give_up(writer)


def test_a_folder_that_cannot_take_a_file_is_a_full_spool(tmp_path: Path, control: Control) -> None:
    spool = Spool(tmp_path, 100_000, control)
    (tmp_path / "files").rmdir()
    with pytest.raises(SpoolFull):
        spool.create("key", 100)
    assert control.spool_used == 0


def test_finding_a_file_makes_it_young_again(tmp_path: Path, control: Control) -> None:
    spool = Spool(tmp_path, 100_000, control)
    with spool.create("key", 4) as writer:
        writer.write(memoryview(b"data"))
    path = tmp_path / "files" / "key.4"
    os.utime(path, (1000, 1000))
    found = spool.find("key", 4)
    assert found
    found.close()
    assert path.stat().st_mtime > 1000


def test_files_are_their_owners_alone_and_named_by_attachment(
    tmp_path: Path, control: Control
) -> None:
    spool = Spool(tmp_path, 100_000, control)
    spool.create("00000000-0000-4000-8000-000000000001", 4).close()
    assert names(tmp_path / "files") == ["00000000-0000-4000-8000-000000000001.4"]
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    assert next((tmp_path / "files").iterdir()).stat().st_mode & 0o777 == 0o600
