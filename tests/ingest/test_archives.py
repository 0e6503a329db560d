"""Archives are unpacked within bounds, names are only shown, and what a disc lists is compared."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pycdlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest import directory
from pacs_proxy.ingest.container import Bounds, Container, shown
from pacs_proxy.ingest.discs import DiscContainer
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.ingest.zips import ZipContainer
from tests.ingest import dicom as make
from tests.ingest.bombs import packed
from tests.ingest.dicom import EXPLICIT, UNDEFINED, Coding, dicom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.ingest.world import World

PLAIN = Coding()
FILES = {"A/IM1": dicom(sop="1.2.3.1"), "A/B/IM2": dicom(sop="1.2.3.2"), "README.TXT": b"text"}


@contextmanager
def staged(data: bytes) -> Iterator[Staged]:
    descriptor = os.memfd_create("upload")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        yield Staged(descriptor, len(data))
    finally:
        os.close(descriptor)


@contextmanager
def unpacked(data: bytes, folder: Path, bounds: Bounds | None = None) -> Iterator[Container]:
    with staged(data) as whole:
        yield ZipContainer(whole.source(), folder / "member", bounds or Bounds())


@contextmanager
def mounted(data: bytes, bounds: Bounds | None = None) -> Iterator[Container]:
    with staged(data) as whole:
        yield DiscContainer(whole, bounds or Bounds())


def contents(container: Container) -> dict[str, bytes]:
    found = {}
    for member in container.members:
        with container.opened(member) as file:
            found[member.name] = b"".join(bytes(piece) for piece in file.pieces())
            assert container.head(member, 10) == found[member.name][:10]
    return found


def disc(files: dict[str, bytes]) -> bytes:
    """An ISO image as a burner makes it."""
    image = pycdlib.PyCdlib()
    image.new(interchange_level=1)
    for name, data in files.items():
        folders = name.split("/")[:-1]
        for depth in range(1, len(folders) + 1):
            try:
                image.add_directory("/" + "/".join(folders[:depth]))
            except pycdlib.pycdlibexception.PyCdlibInvalidInput:
                continue
        path = "/" + (name if "." in name else f"{name}.") + ";1"
        image.add_fp(io.BytesIO(data), len(data), path)
    made = io.BytesIO()
    image.write_fp(made)
    image.close()
    return made.getvalue()


def code_of(data: bytes, folder: Path, bounds: Bounds | None = None) -> str:
    with pytest.raises(BadUpload) as refusal, unpacked(data, folder, bounds) as container:
        contents(container)
    return refusal.value.code


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_member_comes_out_as_it_went_in(tmp_path: Path, method: int) -> None:
    with unpacked(packed(*FILES.items(), method=method), tmp_path) as container:
        assert contents(container) == FILES
        assert [member.number for member in container.members] == [1, 2, 3]
    assert not list(tmp_path.iterdir())


def test_a_disc_is_read_as_another_reader_reads_it() -> None:
    many = {f"DIR{n % 7}/IM{n:04}": dicom(sop=f"1.2.{n}") for n in range(300)}
    with mounted(disc({**FILES, **many})) as container:
        assert contents(container) == {**FILES, **many}


def test_names_are_shown_and_never_used(tmp_path: Path) -> None:
    evil = [
        ("../../../etc/evil", b"1"),
        ("/etc/evil", b"2"),
        ("C:\\evil", b"3"),
        ("a" * 5000, b"4"),
    ]
    with unpacked(packed(*evil), tmp_path) as container:
        assert len(contents(container)) == 4
        assert max(len(member.name) for member in container.members) == 1000
    assert not list(tmp_path.iterdir())
    assert not Path("/etc/evil").exists()


@given(st.text())
def test_any_name_can_be_kept(name: str) -> None:
    assert "\0" not in shown(name)
    shown(name).encode()
    shown(name + "\udcff").encode()


ZIP = packed(*FILES.items())
REFUSED = {
    "no_members": (b"PK\5\6" + bytes(18), "archive_empty", Bounds()),
    "only_folders": (packed(("a/", b"")), "archive_empty", Bounds()),
    "cut": (ZIP[: len(ZIP) // 2], "archive_damaged", Bounds()),
    "too_many": (ZIP, "too_many_members", Bounds(members=2)),
    "too_large": (ZIP, "unpacks_too_large", Bounds(bytes=100)),
    "too_dense": (packed(("a", bytes(1 << 20))), "unpacks_too_large", Bounds(small=1000)),
    "rare": (packed(("a", b"x" * 99), method=zipfile.ZIP_LZMA), "packed", Bounds()),
}


@pytest.mark.parametrize("how", REFUSED)
def test_an_archive_out_of_bounds_is_refused(tmp_path: Path, how: str) -> None:
    data, code, bounds = REFUSED[how]
    assert code_of(data, tmp_path, bounds) == code
    assert not list(tmp_path.iterdir())


@settings(max_examples=200, deadline=2000)
@given(st.data())
def test_no_damage_to_an_archive_is_worse_than_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    wounded = bytearray(data.draw(st.sampled_from([ZIP, disc(FILES)])))
    is_zip = wounded[:2] == b"PK"
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0 if is_zip else 32768, len(wounded) - 1))
        wounded[at] = data.draw(st.integers(0, 255))
    try:
        opened = unpacked(bytes(wounded), folder) if is_zip else mounted(bytes(wounded))
        with opened as container:
            for member in container.members:
                _try(container, member.number)
    except BadUpload:
        return


def _try(container: Container, number: int) -> None:
    member = container.members[number - 1]
    try:
        container.head(member, 100)
        with container.opened(member) as file:
            assert file.size < 1 << 30
    except BadUpload:
        return


def _endless() -> bytes:
    """A disc whose folders contain each other."""
    image = bytearray(disc({"A/B/IM1": b"x"}))
    root = struct.unpack_from("<I", image, 16 * 2048 + 156 + 2)[0]
    for at in range(len(image) - 40):
        record = image[at : at + 40]
        is_folder = record[0] in range(34, 60) and record[25] == 2 and record[32] == 1
        if is_folder and record[33:34] in b"AB":
            struct.pack_into("<I", image, at + 2, root)
    return bytes(image)


def test_folders_within_each_other_end() -> None:
    with pytest.raises(BadUpload), mounted(_endless()):
        pass


def test_a_disc_without_contents_is_refused() -> None:
    with pytest.raises(BadUpload), mounted(bytes(32768) + b"\1CD001" + bytes(5000)):
        pass


def _directory(*names: str) -> bytes:
    items = b"".join(
        PLAIN.item(
            PLAIN.element(0x00041430, b"CS", b"IMAGE")
            + PLAIN.element(0x00041500, b"CS", name.replace("/", "\\").encode())
        )
        for name in names
    )
    records = PLAIN.element(0x00041220, b"SQ", items + PLAIN.end(make.SEQUENCE_END), UNDEFINED)
    return make.file_header(EXPLICIT, sop_class="1.2.840.10008.1.3.10") + records


def _words(names: list[str], *listed: str, here: str = "DICOMDIR") -> str:
    with staged(_directory(*listed)) as file:
        return directory.words(directory.listed(file.source(), Limits()), here, names)


def test_what_a_disc_lists_is_compared_with_what_is_there() -> None:
    there = ["DICOMDIR", "A/IM1", "A/IM2"]
    assert _words(there, "A/IM1", "A/IM2") == "The disc lists 2 images, 2 found."
    missing = _words(there, "A/IM1", "A/IM2", "A/IM3")
    assert missing == "The disc lists 3 images, 2 found; 1 are missing."


@pytest.mark.parametrize("name", ["a/im1", "A/IM1;1", "A/IM1.", "A/IM1.;1"])
def test_file_systems_may_change_names_of_a_disc(name: str) -> None:
    assert _words([name], "A/IM1") == "The disc lists 1 images, 1 found."


def test_a_disc_that_lies_in_a_folder_lists_from_there() -> None:
    names = ["CD1/DICOMDIR", "CD1/A/IM1"]
    found = _words(names, "A/IM1", here="CD1/DICOMDIR")
    assert found == "The disc lists 1 images, 1 found."


@pytest.mark.parametrize("made", [lambda files: packed(*files.items()), disc], ids=["zip", "iso"])
def test_a_tiff_within_is_refused_by_name_with_what_to_do_and_the_rest_goes_in(
    world: World, made: Callable[[dict[str, bytes]], bytes]
) -> None:
    heads = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"]
    tiffs = {f"SCAN{n}.TIF": head + bytes(600) for n, head in enumerate(heads)}
    upload = world.send(made({"IM1": FILES["A/IM1"], **tiffs}))
    world.work()
    assert world.upload(upload).state == "done"
    named = {row.member.rstrip("."): row for row in world.results(upload)}
    assert named.pop("IM1").outcome == "stored"
    assert named.keys() == tiffs.keys()
    for row in named.values():
        assert (row.outcome, row.code) == ("refused", "tiff_in_archive")
        assert "Unpack it, send it by itself" in (row.detail or "")
