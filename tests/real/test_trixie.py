"""Where the Debian 13 root cannot be made, the reason is said and nothing is left half done."""

from pathlib import Path

import pytest

from tests.real import trixie
from tests.real.trixie import NoTrixie, rootfs


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Root's rights, an empty PATH and a place for the root."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PACS_PROXY_TRIXIE", str(tmp_path / "cache" / "root"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(place: Path, text: str) -> None:
    path = place / "bin" / "debootstrap"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NoTrixie, match="needs root"):
        rootfs()


@pytest.mark.usefixtures("place")
def test_without_debootstrap_it_says_what_to_install() -> None:
    with pytest.raises(NoTrixie, match="apt-get install debootstrap"):
        rootfs()


def test_a_failure_is_told_in_debootstraps_last_words(place: Path) -> None:
    program(place, 'echo "E: no such mirror"; exit 1')
    with pytest.raises(NoTrixie, match="no such mirror"):
        rootfs()
    assert not (place / "cache" / "root").exists()


def test_it_is_made_once_and_kept(place: Path) -> None:
    made = 'echo x >> "$0.runs"; d=$4; /bin/mkdir -p $d/usr/sbin; echo > $d/usr/sbin/Orthanc'
    program(place, made)
    assert rootfs() == rootfs() == place / "cache" / "root"
    assert (place / "bin" / "debootstrap.runs").read_text(encoding="utf-8") == "x\n"
    assert (rootfs() / trixie.ORTHANC).exists()
