"""A folder is read whole, and nothing outside it whatever lies in it."""

import ctypes
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pacs_proxy.errors import BadRequest, BadUpload, NotFound
from pacs_proxy.ingest.folders import Folder, folder
from pacs_proxy.ingest.sources import SourceFailed

SECRET = b"not to be read"
NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder beside a secret one."""
    return _filled(tmp_path)


def _filled(place: Path) -> Path:
    (place / "secret").mkdir()
    (place / "secret" / "key").write_bytes(SECRET)
    for name in ("a/2", "a/1", "b", "a/deep/er/3"):
        path = place / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return place / "in"


@contextmanager
def nobody() -> Iterator[None]:
    """This thread asks for files as somebody without rights; root would get whatever the modes say.

    Whoever is not root stays who he is.
    """
    libc, before = ctypes.CDLL(None), os.geteuid()
    libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        libc.setfsuid(before)


def read(source: Folder) -> dict[str, bytes]:
    return {found.name: b"".join(found.pieces()) for found in source.files()}


def test_every_file_is_found_in_an_order_that_stays_the_same(root: Path) -> None:
    names = [found.name for found in Folder(str(root), ()).files()]
    assert names == ["b", "a/1", "a/2", "a/deep/er/3"]
    assert names == [found.name for found in Folder(str(root), ()).files()]
    assert read(Folder(str(root), ("a", "deep"))) == {"er/3": b"a/deep/er/3"}


def test_a_single_file_may_be_meant(root: Path) -> None:
    for found in Folder(str(root), ("a", "1")).files():
        assert (found.name, found.size) == ("1", 3)
        assert [b"".join(found.pieces()) for _ in range(2)] == [b"a/1"] * 2


def test_large_files_come_in_pieces(root: Path) -> None:
    (root / "b").write_bytes(bytes(3_000_000))
    sizes = [[len(p) for p in found.pieces()] for found in Folder(str(root), ("b",)).files()]
    assert sizes == [[1 << 20, 1 << 20, 3_000_000 - (2 << 20)]]


def test_links_lead_nowhere(root: Path) -> None:
    (root / "file").symlink_to(root.parent / "secret" / "key")
    (root / "folder").symlink_to(root.parent / "secret")
    (root / "up").symlink_to("..")
    assert SECRET not in read(Folder(str(root), ())).values()
    for steps in (("file",), ("folder",), ("folder", "key"), ("up",), ("up", "secret", "key")):
        with pytest.raises(NotFound):
            Folder(str(root), steps).require()
        with pytest.raises(SourceFailed):
            list(Folder(str(root), steps).files())


def test_a_link_swapped_in_after_the_look_leads_nowhere(root: Path) -> None:
    for found in Folder(str(root), ("a",)).files():
        (root / "a" / "1").unlink()
        (root / "a" / "1").symlink_to(root.parent / "secret" / "key")
        with pytest.raises(BadUpload):
            b"".join(found.pieces())
        break


def test_what_is_no_file_is_left_out_and_stops_nobody(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)
    assert "pipe" not in read(Folder(str(root), ()))


def test_what_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as place:
        root = _filled(Path(place))
        for path, mode in ((root.parent, 0o755), (root, 0o755), (root / "b", 0), (root / "a", 0)):
            path.chmod(mode)
        refused = []
        with nobody():
            for found in Folder(str(root), ()).files():
                with pytest.raises(BadUpload):
                    b"".join(found.pieces())
                refused.append(found.name)
        (root / "a").chmod(0o755)
    assert refused == ["b", "a"]


@pytest.mark.parametrize(
    "path",
    ["/etc", "in/../secret", "..", "../secret", "in/a/../../secret", "in/\0", "\0", "in/a/.."],
)
def test_no_spelling_leads_out(root: Path, path: str) -> None:
    with pytest.raises(BadRequest):
        folder({"in": str(root)}, path)


@pytest.mark.parametrize("path", ["", ".", "other", "IN", "in2/a"])
def test_only_what_is_named_is_allowed(root: Path, path: str) -> None:
    with pytest.raises(NotFound):
        folder({"in": str(root)}, path)


def test_the_name_and_steps_below_are_found(root: Path) -> None:
    assert read(folder({"in": str(root)}, "in/a/./deep//er")) == {"3": b"a/deep/er/3"}
    assert len(read(folder({"in": str(root)}, "in"))) == 4
