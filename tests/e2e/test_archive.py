"""The archive dies, rots, is overwritten or set up oddly: what the reader sees then."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from pacs_proxy.demo.load import store
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.e2e.conftest import TAG, OpenViewer
from tests.e2e.shelf import Book, Shelf, is_drawn_right
from tests.e2e.slices import Barred
from tests.e2e.viewer import Viewer
from tests.fakes import Link
from tests.server import Proxy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

COUNT = 24
OUTAGE = 4.0
# The series takes a quarter of a minute: however busy the machine, most of it has yet to come.
SLOW = 120_000.0
# Counts the frames on which anything was called failed.
FAILED = """() => {
  window.__failed = 0;
  const look = () => {
    requestAnimationFrame(look);
    window.__failed += (window.__pacsProxy?.failures().length ?? 0)
      + document.querySelectorAll('.toast-bad').length;
  };
  look();
}"""


@pytest.fixture
def archive() -> Iterator[ThrowawayOrthanc]:
    """One of its own for each test that harms it."""
    with ThrowawayOrthanc({"MaximumStorageCacheSize": 0, "OverwriteInstances": True}) as orthanc:
        yield orthanc


def wrong_ones(window: Viewer, shelf: Shelf) -> list[int]:
    drawn = window.walk(range(COUNT))
    return [n for n, picture in enumerate(drawn) if not is_drawn_right(shelf, picture)]


def damage(orthanc: ThrowawayOrthanc, shelf: Shelf, instance: str, *, flip: bool) -> None:
    """The stored file loses its end, or one bit of it changes."""
    file = orthanc.attachment(str(shelf.asked(f"instances/{instance}")["FileUuid"]))
    data = bytearray(file.read_bytes())
    data[-5000] ^= flip
    file.write_bytes(bytes(data) if flip else bytes(data[:-5000]))


def test_an_archive_that_dies_and_comes_back_is_only_a_pause(
    archive: ThrowawayOrthanc, viewer: OpenViewer
) -> None:
    """kill -9 within a series; the reader asks for more, and is told what is waited for."""
    shelf = Shelf(archive.url)
    book, warm = shelf.add(Barred(TAG)), shelf.add(Barred(1, 1, 48))
    with (
        Link("127.0.0.1", archive.http_port) as line,
        Proxy(line.url, threads=16) as proxy,
    ):
        window = viewer(proxy.url, 900).open(warm)
        window.until_shown(0)
        line.rate = SLOW
        window.go_to(book)
        window.witness(TAG)
        window.page.evaluate(FAILED)
        window.until("s.counts().received >= 2")
        archive.kill()
        dead = time.monotonic()
        window.show(20)
        window.page.get_by_text("The archive has not answered for").first.wait_for()
        window.until("s.cover() === 'waiting'")
        window.picture("archive-away")
        window.page.wait_for_timeout(max(0.0, OUTAGE - (time.monotonic() - dead)) * 1000)
        assert window.page.evaluate("() => window.__pacsProxy.counts().received") < COUNT
        archive.restart()
        line.rate = None
        back = time.monotonic()
        window.until_shown(20)
        print(f"\nshown {time.monotonic() - back:.1f} s after the archive answered again")
        assert wrong_ones(window, shelf) == []
        window.until_all(COUNT)
        assert window.page.evaluate("() => window.__failed") == 0
        assert window.told()["wrong"] == []


def test_what_rots_on_the_disk_is_named_damaged_and_the_others_show(
    archive: ThrowawayOrthanc, viewer: OpenViewer
) -> None:
    shelf = Shelf(archive.url)
    book = shelf.add(Barred(TAG))
    cut, flipped = 3, 7
    damage(archive, shelf, book.instances[cut], flip=False)
    damage(archive, shelf, book.instances[flipped], flip=True)
    with Proxy(archive.url, threads=16) as proxy:
        window = viewer(proxy.url, 900).open(book)
        window.until_shown(0)
        window.witness(TAG)
        assert wrong_ones(window, shelf) == [cut, flipped]
        window.until("s.counts().verified === 22 && s.counts().failed === 2")
        for index in (cut, flipped):
            window.show(index)
            assert "Request " in window.until_named(index, "damaged in the archive")
        window.picture("damaged")
        window.until_said("2 images could not be loaded")
        assert window.told()["wrong"] == []


@pytest.mark.parametrize(
    ("option", "words", "note"),
    [
        ("StorageCompression", "24/24 received, 24 verified", ""),
        (
            "StoreMD5ForAttachments",
            "24/24 received, 0 verified, 24 by length only",
            "length only: the archive keeps no digest",
        ),
    ],
)
def test_an_unusual_archive_is_shown_exactly_and_the_proof_is_named(
    viewer: OpenViewer, option: str, words: str, note: str
) -> None:
    with ThrowawayOrthanc({option: option == "StorageCompression"}) as orthanc:
        shelf = Shelf(orthanc.url)
        book = shelf.add(Barred(TAG))
        with Proxy(orthanc.url, threads=16) as proxy:
            window = viewer(proxy.url, 900).open(book)
            assert wrong_ones(window, shelf) == []
            window.until_status(words)
            assert note in window.page.inner_text(".corner.bottom-left")
            window.picture(f"proof-{option}")


def test_killed_workers_of_ours_cost_the_reader_nothing(
    archive: ThrowawayOrthanc, viewer: OpenViewer
) -> None:
    shelf = Shelf(archive.url)
    book, warm = shelf.add(Barred(TAG)), shelf.add(Barred(1, 1, 48))
    with (
        Link("127.0.0.1", archive.http_port) as line,
        Proxy(line.url, threads=16, workers=2) as proxy,
    ):
        window = viewer(proxy.url, 900).open(warm)
        window.until_shown(0)
        line.rate = SLOW
        window.go_to(book)
        window.witness(TAG)
        window.page.evaluate(FAILED)
        for received in (2, 4):
            window.until(f"s.counts().received >= {received}")
            for worker in proxy.workers:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        assert window.page.evaluate("() => window.__pacsProxy.counts().received") < COUNT
        line.rate = None
        assert wrong_ones(window, shelf) == []
        window.until_all(COUNT)
        assert window.page.evaluate("() => window.__failed") == 0
        assert window.told()["wrong"] == []


def test_an_image_replaced_in_the_archive_is_never_shown_under_the_old_proof(
    archive: ThrowawayOrthanc, viewer: OpenViewer
) -> None:
    """The list still has the old digest: refused. Opened again: the new picture, and only it."""
    shelf = Shelf(archive.url)
    book = shelf.add(Barred(TAG, 4))
    with Proxy(archive.url, threads=16) as proxy:
        window = viewer(proxy.url, 900).open(book)
        window.until_all(4)
        replace(archive, shelf, book)
        window.go_to_list()
        window.go_to(book)
        drawn = window.walk(range(4))
        assert [is_drawn_right(shelf, one) for one in drawn] == [True] * 4
        window.until_status("4/4 received, 4 verified")


def replace(archive: ThrowawayOrthanc, shelf: Shelf, book: Book) -> None:
    """Slice 2 becomes another picture under the same identifiers."""
    instance = book.instances[2]
    changed = bytearray(shelf.files[instance])
    changed[-20000:] = bytes(20000)
    shelf.files[instance] = bytes(changed)
    assert store(archive.url, bytes(changed)) == instance


def test_a_series_opened_again_says_again_what_was_proven(
    served: Proxy, shelf: Shelf, bars: Book, viewer: OpenViewer
) -> None:
    """Its pictures are still decoded, and nothing is fetched; the words must not say less."""
    window = viewer(served.url, 900).open(bars)
    assert wrong_ones(window, shelf) == []
    window.until_all(COUNT)
    window.go_to_list()
    window.go_to(bars)
    assert wrong_ones(window, shelf) == []
    window.until_all(COUNT)
    window.until_status("24/24 received, 24 verified")
