"""The spool folder: private, in memory, large enough."""

from dataclasses import replace
from pathlib import Path

import pytest

from pacs_proxy.doctor import spool
from pacs_proxy.settings import Settings

MOUNTS = """\
20 1 254:1 / / rw,relatime - ext4 /dev/vda rw
21 20 0:20 / /dev rw,nosuid - devtmpfs udev rw
22 21 0:21 / /dev/shm rw,nosuid shared:1 - tmpfs tmpfs rw
23 20 0:30 / /mnt/my\\040disk rw - xfs /dev/vdb rw
"""


def verdicts(folder: Path, limit: int = 1000) -> dict[str, bool | None]:
    settings = replace(Settings(), spool_dir=str(folder), spool_bytes=limit)
    return {check.name: check.ok for check in spool.checks(settings)}


def test_a_folder_that_does_not_exist_yet_is_judged_by_where_it_will_be(tmp_path: Path) -> None:
    assert verdicts(tmp_path / "a" / "b")["spool private"] is True
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("mode", "private"), [(0o700, True), (0o750, False), (0o777, False)])
def test_others_must_not_look_in(tmp_path: Path, mode: int, private: bool) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    folder.chmod(mode)
    assert verdicts(folder)["spool private"] is private


def test_too_little_room_is_a_fault_with_a_number_that_fits(tmp_path: Path) -> None:
    settings = replace(Settings(), spool_dir=str(tmp_path), spool_bytes=1 << 60)
    check = next(check for check in spool.checks(settings) if check.name == "spool space")
    assert check.ok is False
    assert int(check.advice.split()[3].rstrip(",")) < 1 << 60


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/dev/shm/x", "tmpfs"), ("/dev", "devtmpfs"), ("/srv", "ext4"), ("/mnt/my disk/x", "xfs")],
)
def test_the_file_system_is_that_of_the_innermost_mount(
    tmp_path: Path, folder: str, kind: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert spool.filesystem(Path(folder), mounts) == kind


@pytest.mark.parametrize(("kind", "ok"), [("tmpfs", True), ("ext4", None), ("", None)])
def test_a_disk_is_noted(monkeypatch: pytest.MonkeyPatch, kind: str, ok: bool | None) -> None:
    monkeypatch.setattr(spool, "filesystem", lambda folder, mounts: kind)
    assert spool.in_memory(Path("/anywhere")).ok is ok
