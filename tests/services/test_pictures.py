"""Pictures are made of whole verified files, and every descriptor goes back."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from pydicom.data import get_testdata_file

from pacs_proxy.archive.instances import Instances, Opened
from pacs_proxy.archive.spool import Spool
from pacs_proxy.control import Control
from pacs_proxy.decoding import Decoder, View
from pacs_proxy.errors import Busy, NotRenderable, PacsProxyError
from pacs_proxy.services.pictures import SMALLER, Pictures
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest
from tests.upstream.world import control_in

PLAIN = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
MADE = b"converted" * 100
LIMIT = 1 << 20


@dataclass
class Shelf:
    """Opens one instance, verified or as a stream past the spool."""

    spool: Spool
    data: bytes = PLAIN
    size: int = 0
    md5: str | None = "0" * 32
    opened: list[Opened] = field(default_factory=list)

    def open(self, instance: str, interest: Interest) -> Opened:
        wanted = Description(instance, self.size or len(self.data), self.md5, "uuid")
        if self.size:
            return Opened(wanted, stream=(memoryview(b"") for _ in ()))
        file = self.spool.find("uuid", len(self.data))
        if file is None:
            with self.spool.create("uuid", len(self.data)) as writer:
                writer.write(memoryview(self.data))
            file = self.spool.find("uuid", len(self.data))
        self.opened.append(Opened(wanted, file))
        return self.opened[-1]

    def describe(self, instance: str, interest: Interest) -> Description:
        return Description(instance, len(self.data), "0" * 32, "uuid")


@dataclass
class Maker:
    """A decoder that always makes the same."""

    folder: Path
    made: int = 0
    refusal: PacsProxyError | None = None

    def convert(self, source: int) -> int:
        self.made += 1
        path = self.folder / f"made{self.made}"
        path.write_bytes(MADE)
        return os.open(path, os.O_RDONLY)

    def compact(self, source: int) -> int:
        if self.refusal:
            self.made += 1
            raise self.refusal
        return self.convert(source)

    def render(self, source: int, view: View) -> bytes:
        self.made += 1
        return b"png"


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with control_in(tmp_path) as control:
        yield control


@pytest.fixture
def spool(tmp_path: Path, control: Control) -> Spool:
    return Spool(tmp_path, LIMIT, control)


@pytest.fixture
def shelf(spool: Spool) -> Shelf:
    return Shelf(spool)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


@pytest.fixture
def pictures(spool: Spool, shelf: Shelf, maker: Maker) -> Pictures:
    return Pictures(cast("Instances", shelf), spool, cast("Decoder", maker))


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = open_files()
    yield
    assert open_files() <= before


def open_files() -> set[str]:
    """Spool files that this process has open."""
    targets = set[str]()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the listing's own
            targets.add(str(link.readlink()))
    return {target for target in targets if "/files/" in target or "/made" in target}


@pytest.fixture
def drawn_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacs_proxy.services.pictures.conversion_reason_of", lambda _: "odd")


Show = Callable[[], bytes]


@pytest.fixture
def show(pictures: Pictures) -> Show:
    def run() -> bytes:
        shown = pictures.display("i", Interest())
        assert shown.opened.file
        data = os.pread(shown.opened.file.fd, 1 << 20, 0)
        shown.opened.close()
        return data

    return run


Compact = Callable[[], tuple[bytes, str | None]]


@pytest.fixture
def compact(pictures: Pictures) -> Compact:
    def run() -> tuple[bytes, str | None]:
        shown = pictures.compact("i", Interest())
        assert shown.opened.file
        data = os.pread(shown.opened.file.fd, 1 << 20, 0)
        shown.opened.close()
        return data, shown.converted

    return run


def test_for_a_slow_link_the_file_is_made_smaller_once_and_says_so(
    compact: Compact, show: Show, maker: Maker
) -> None:
    assert [compact(), compact()] == [(MADE, SMALLER)] * 2
    assert maker.made == 1
    assert show() == PLAIN


def test_what_cannot_be_made_smaller_is_tried_once(compact: Compact, maker: Maker) -> None:
    maker.refusal = NotRenderable("colour")
    assert [compact(), compact()] == [(PLAIN, None)] * 2
    assert maker.made == 1


def test_no_one_waits_for_a_busy_coder_while_the_stored_bytes_are_there(
    compact: Compact, maker: Maker
) -> None:
    maker.refusal = Busy("full", 1)
    assert compact() == (PLAIN, None)
    maker.refusal = None
    assert compact() == (MADE, SMALLER)


@pytest.mark.parametrize("md5", ["0" * 32, None])
def test_a_digest_of_our_own_proves_no_more_than_the_archives(
    pictures: Pictures, shelf: Shelf, md5: str | None
) -> None:
    shelf.md5 = md5
    shown = pictures.compact("i", Interest())
    shown.opened.close()
    assert (shown.converted, shown.is_proven) == (SMALLER, md5 is not None)


@pytest.mark.usefixtures("drawn_wrong")
def test_what_browsers_draw_wrong_comes_converted_on_slow_links_too(compact: Compact) -> None:
    assert compact() == (MADE, "odd")


def test_what_browsers_draw_right_is_shown_as_it_is(show: Show, maker: Maker) -> None:
    assert [show(), show()] == [PLAIN] * 2
    assert maker.made == 0


@pytest.mark.usefixtures("drawn_wrong")
def test_what_they_draw_wrong_is_converted_once(show: Show, maker: Maker) -> None:
    assert [show(), show(), show()] == [MADE] * 3
    assert maker.made == 1


@pytest.mark.usefixtures("drawn_wrong")
def test_a_conversion_that_made_way_is_made_again(show: Show, spool: Spool, maker: Maker) -> None:
    show()
    file = spool.find("uuid-display", len(MADE))
    assert file
    spool.give_up(file)
    assert show() == MADE
    assert maker.made == 2


@pytest.mark.usefixtures("drawn_wrong")
def test_a_conversion_half_written_by_another_worker_is_not_shown(
    show: Show, spool: Spool, maker: Maker
) -> None:
    show()
    kept = spool.find("uuid-display", len(MADE))
    assert kept
    spool.give_up(kept)
    with spool.create("uuid-display", len(MADE)) as half:
        half.write(memoryview(MADE[:10]))
        assert show() == MADE


@pytest.mark.usefixtures("drawn_wrong")
def test_no_room_for_a_conversion_passes(pictures: Pictures, spool: Spool) -> None:
    with spool.create("other", LIMIT - len(PLAIN)), pytest.raises(Busy):
        pictures.display("i", Interest())


def test_no_room_for_the_instance_passes_too(pictures: Pictures, shelf: Shelf) -> None:
    shelf.size = LIMIT
    with pytest.raises(Busy):
        pictures.display("i", Interest())
    with pytest.raises(Busy):
        pictures.rendered("i", View(), Interest())


def test_an_instance_larger_than_the_spool_is_not_drawn(pictures: Pictures, shelf: Shelf) -> None:
    shelf.size = LIMIT + 1
    with pytest.raises(NotRenderable):
        pictures.display("i", Interest())


def test_a_thumbnail_is_drawn_once(pictures: Pictures, maker: Maker) -> None:
    made = [pictures.rendered("i", View(size=160), Interest()) for _ in range(3)]
    assert {picture.data for picture in made} == {b"png"}
    assert {picture.tag for picture in made} == {pictures.tag("i", View(size=160), Interest())}
    assert maker.made == 1
