"""Large files leave while they come, never whole and wrong; past the spool they are streamed."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pacs_proxy.archive.instances import Opened
from pacs_proxy.archive.spool import SpoolFile
from pacs_proxy.errors import Busy, Damaged, Interrupted, PacsProxyError
from pacs_proxy.upstream.interest import Interest
from tests.archive.opening import (
    INSTANCE,
    LARGE,
    OTHER,
    SMALL,
    Process,
    Workers,
    names,
    together,
    whole,
)
from tests.fakes import Always, FakeOrthanc, Scripted, faults
from tests.waiting import until


def test_readers_of_a_killed_fetchers_large_file_see_its_end(
    orthanc: FakeOrthanc, workers: Workers, other_process: Callable[..., Process]
) -> None:
    orthanc.plan = Scripted([faults.stall_after(0.5)])
    process = other_process(OTHER)
    together([process])
    interest, here = Interest(), workers()
    until(lambda: orthanc.counts["data"] == 1)
    opened = here.instances.open(OTHER, interest)
    assert opened.available(0, interest) < len(LARGE)
    process.kill()
    with pytest.raises(Interrupted):
        opened.available(len(LARGE) - 1, interest)
    opened.close()
    assert here.read(OTHER) == LARGE
    assert orthanc.counts["data"] == 2


def test_a_large_file_is_read_while_it_comes(orthanc: FakeOrthanc, workers: Workers) -> None:
    orthanc.plan = Scripted([faults.stall_after(1_000_000, 0.1)])
    here, interest = workers(), Interest()
    opened = here.instances.open(OTHER, interest)
    first = opened.available(0, interest)
    assert 0 < first <= 1_000_000
    assert whole(opened, interest) == LARGE
    opened.close()


def test_the_last_byte_of_a_wrong_large_file_never_leaves(
    orthanc: FakeOrthanc, workers: Workers, tmp_path: Path
) -> None:
    orthanc.plan = Always(faults.bit_flip(-1))
    here, interest = workers(), Interest()
    opened = here.instances.open(OTHER, interest)
    with pytest.raises(PacsProxyError):
        whole(opened, interest)
    assert opened.file
    assert os.fstat(opened.file.fd).st_size < len(LARGE)
    opened.close()
    until(lambda: names(tmp_path / "files") == [])


def test_a_large_file_wrong_once_is_verified_before_it_leaves_again(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    orthanc.plan = Scripted([faults.bit_flip(-1), faults.bit_flip(0.5)])
    here = workers()
    with pytest.raises(PacsProxyError):
        here.read(OTHER)
    assert here.read(OTHER) == LARGE
    assert orthanc.counts["data"] == 3


def test_a_large_file_damaged_in_the_archive_is_named_the_second_time(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    orthanc.store.damage(OTHER, faults.flipped(LARGE, 0.9))
    here = workers()
    with pytest.raises(PacsProxyError):
        here.read(OTHER)
    for _ in range(2):
        with pytest.raises(Damaged):
            here.instances.open(OTHER, Interest())


def test_a_fault_of_our_own_in_the_background_ends_its_readers_too(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("pacs_proxy.archive.fetch.pour", broken)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    here, interest = workers(), Interest()
    opened = here.instances.open(OTHER, interest)
    with pytest.raises(PacsProxyError):
        opened.available(0, interest)
    opened.close()
    until(lambda: names(tmp_path / "files") == [])
    # The bug surfaces once the thread is unwound: in the next test, if this one does not wait.
    until(lambda: "fetch" not in {thread.name for thread in threading.enumerate()})


def test_nobody_left_reading_a_large_file_ends_its_fetch(
    orthanc: FakeOrthanc, workers: Workers, tmp_path: Path
) -> None:
    orthanc.plan = Always(faults.stall_after(0.5))
    here = workers()
    opened = here.instances.open(OTHER, Interest())
    opened.close()
    assert orthanc.wait_for(connections=0)
    until(lambda: names(tmp_path / "files") == [])


def test_who_comes_while_a_fetch_is_broken_off_has_one_of_his_own(
    orthanc: FakeOrthanc, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He comes when its end is decided and not done: then he looks, and the file goes away."""
    orthanc.plan = Scripted([faults.stall_after(0.5)])
    here, looked, joined = workers(), list[object](), list[Opened]()
    find, give_up = here.spool.find, here.spool.give_up

    def looks(key: str, size: int) -> SpoolFile | None:
        found = find(key, size)
        looked.append(found)
        return found

    def gives_up(file: SpoolFile) -> None:
        monkeypatch.setattr(here.spool, "find", looks)
        late.start()
        until(lambda: joined or len(looked) > 1)
        give_up(file)

    late = threading.Thread(target=lambda: joined.append(here.instances.open(OTHER, Interest())))
    monkeypatch.setattr(here.spool, "give_up", gives_up)
    here.instances.open(OTHER, Interest()).close()
    until(lambda: joined)
    assert whole(joined[0], Interest()) == LARGE
    joined[0].close()
    assert orthanc.counts["data"] == 2


def test_what_the_spool_has_no_room_for_is_streamed(orthanc: FakeOrthanc, workers: Workers) -> None:
    here = workers(spool_bytes=1000)
    assert [here.read(INSTANCE), here.read(OTHER)] == [SMALL, LARGE]


def test_streams_past_the_spool_are_few(orthanc: FakeOrthanc, workers: Workers) -> None:
    here = workers(spool_bytes=1000, direct_streams=1)
    first = here.instances.open(OTHER, Interest())
    impatient = Interest()
    impatient._since -= 60
    with pytest.raises(Busy):
        here.instances.open(OTHER, impatient)
    first.close()
    assert here.read(OTHER) == LARGE


def test_a_wrong_stream_past_the_spool_never_reaches_its_full_length(
    orthanc: FakeOrthanc, workers: Workers
) -> None:
    orthanc.plan = Always(faults.bit_flip(0))
    here, got = workers(spool_bytes=1000), list[int]()
    opened = here.instances.open(OTHER, Interest())
    assert opened.stream
    with pytest.raises(PacsProxyError):
        got.extend(len(piece) for piece in opened.stream)
    opened.close()
    assert 0 < sum(got) < len(LARGE)


def test_a_spool_on_a_full_disk_falls_back_to_streaming(
    orthanc: FakeOrthanc, workers: Workers, tmp_path: Path
) -> None:
    here = workers()
    (tmp_path / "files").rmdir()
    assert here.read(INSTANCE) == SMALL
