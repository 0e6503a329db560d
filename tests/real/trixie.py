"""A Debian 13 with its Orthanc 1.12.7 (which has Range), beside whatever this machine runs."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pacs_proxy.demo.orthanc import ThrowawayOrthanc

ORTHANC = Path("usr/sbin/Orthanc")
PACKAGES = "orthanc,orthanc-dicomweb"
MINUTES = 9


class NoTrixie(Exception):
    """It cannot be had here; the text says why and what to do."""


def started(root: Path, overrides: dict[str, object] | None = None) -> ThrowawayOrthanc:
    """An Orthanc inside that root, not yet entered."""
    return ThrowawayOrthanc(overrides, command_prefix=["chroot", str(root)], root=root)


def rootfs() -> Path:
    """The root, made once and kept; PACS_PROXY_TRIXIE names another place. Raises NoTrixie."""
    if os.geteuid() != 0:
        raise NoTrixie("chroot needs root; run the tests as root to have Orthanc 1.12.7 too")
    root = Path(os.environ.get("PACS_PROXY_TRIXIE") or _cache() / "trixie-rootfs")
    root.parent.mkdir(parents=True, exist_ok=True)
    with _alone(root.with_name(root.name + ".lock")):
        if not (root / ORTHANC).exists():
            _make(root)
    return root


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pacs-proxy"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Several test processes may want it at once; one makes it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(root: Path) -> None:
    """Beside its place, then moved there: an interrupted attempt leaves nothing half done."""
    if shutil.which("debootstrap") is None:
        raise NoTrixie("debootstrap is missing; run: apt-get install debootstrap")
    unfinished = root.with_name(root.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "trixie"]
    made = subprocess.run(
        [*command, str(unfinished), *_mirror()],
        capture_output=True,
        text=True,
        timeout=60 * MINUTES,
        check=False,
    )
    if made.returncode or not (unfinished / ORTHANC).exists():
        last = (made.stdout.strip() or made.stderr.strip()).splitlines()[-1:]
        raise NoTrixie(f"debootstrap failed: {' '.join(last)}")
    unfinished.rename(root)


def _mirror() -> list[str]:
    """Where this machine's apt finds Debian; none named means debootstrap's own choice."""
    if shutil.which("apt-get") is None:
        return []
    wanted = "$(ORIGIN)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in told.stdout.splitlines():
        origin, component, codename, uri = line.split("|", 3)
        if (origin, component) == ("Debian", "main") and "-" not in codename:
            return [uri]
    return []
