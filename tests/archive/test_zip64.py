"""The layout of a ZIP: what it says beforehand is what zipfile, unzip and zip find afterwards."""

import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.archive.zip64 import Entry, Layout

GIB = 1 << 30


def whole(files: dict[str, bytes]) -> tuple[Layout, bytes]:
    layout = Layout([Entry(name, len(data)) for name, data in files.items()])
    crcs = [zlib.crc32(data) for data in files.values()]
    members = zip(range(len(files)), files.values(), strict=True)
    parts = [layout.header(n, crcs[n]) + data for n, data in members]
    return layout, b"".join(parts) + layout.end(crcs)


@given(st.lists(st.binary(max_size=200), max_size=12))
def test_the_length_and_each_place_are_known_beforehand(files: list[bytes]) -> None:
    named = {f"IMAGES/IM{number:06}": data for number, data in enumerate(files)}
    layout, data = whole(named)
    assert layout.size == len(data)
    for position in range(0, layout.directory, 7):
        member = layout.member_at(position)
        end = [*layout.offsets[1:], layout.directory][member]
        assert layout.offsets[member] <= position < end
    assert layout.member_at(layout.directory) == len(files)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == named


class Sparse(io.RawIOBase):
    """Gigabytes of nothing with a few true places, so that wide fields need no disk."""

    def __init__(self, size: int, places: dict[int, bytes]) -> None:
        self._size, self._places, self._at = size, places, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        size = min(self._size - self._at, size if size >= 0 else self._size)
        data = bytearray(size)
        for place, held in self._places.items():
            begin, end = max(place, self._at), min(place + len(held), self._at + size)
            if begin < end:
                data[begin - self._at : end - self._at] = held[begin - place : end - place]
        self._at += size
        return bytes(data)


@pytest.mark.parametrize(
    "sizes",
    [(5 * GIB, 7), (3 * GIB, 3 * GIB, 7), (2**32 - 1, 7), (2**32 - 2, 7), (7,)],
    ids=["a large member", "a far member", "just too wide", "just not", "small"],
)
def test_members_and_places_beyond_four_gigabytes_are_found(sizes: tuple[int, ...]) -> None:
    layout = Layout([Entry(f"IM{number}", size) for number, size in enumerate(sizes)])
    last = b"1234567"
    crcs = [0] * (len(sizes) - 1) + [zlib.crc32(last)]
    places = {o: layout.header(n, crcs[n]) for n, o in enumerate(layout.offsets)}
    places[layout.directory - 7] = last
    places[layout.directory] = layout.end(crcs)
    with zipfile.ZipFile(Sparse(layout.size, places)) as found:
        assert tuple(info.file_size for info in found.infolist()) == sizes
        assert found.read(f"IM{len(sizes) - 1}") == last


def test_more_members_than_sixteen_bits_count() -> None:
    layout, data = whole({f"IM{number}": b"" for number in range(70_000)})
    assert layout.size == len(data)
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert len(found.namelist()) == 70_000
