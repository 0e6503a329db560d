"""The folder that holds patients' images while they are handed out."""

import os
import shutil
import stat
from pathlib import Path

from pacs_proxy.doctor.check import Check, bad, good, note
from pacs_proxy.settings import Settings

MEMORY = {"tmpfs", "ramfs"}
MIB = 1 << 20


def checks(settings: Settings) -> list[Check]:
    """Private, in memory, and large enough."""
    path = Path(settings.spool_path)
    parent = next(folder for folder in [path, *path.parents] if folder.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        advice = "Set PACS_PROXY_SPOOL_DIR to a folder that this user may write."
        return [bad("spool", f"{path} cannot be written by this user", advice)]
    return [private(path), in_memory(parent), space(parent, path, settings.spool_bytes)]


def private(path: Path) -> Check:
    name = "spool private"
    if not path.exists():
        return good(name, f"{path} will be made with mode 0700")
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid != os.getuid():
        return bad(name, f"{path} belongs to another user", "Remove it, or choose another.")
    if mode != 0o700:
        return bad(name, f"{path} has mode {mode:04o}", f"chmod 700 {path}")
    return good(name, f"{path} has mode 0700 and is ours")


def in_memory(folder: Path) -> Check:
    """Memory forgets: on a disk patients' images would outlive a crash."""
    name, kind = "spool in memory", filesystem(folder, Path("/proc/self/mountinfo"))
    if kind in MEMORY:
        return good(name, f"{folder} is {kind}")
    advice = "Set PACS_PROXY_SPOOL_DIR to a folder on a tmpfs, such as one in /dev/shm."
    return note(name, f"{folder} is on {kind or 'an unknown file system'}, a disk", advice)


def space(folder: Path, path: Path, limit: int) -> Check:
    """What is free, and what we would free ourselves at the start."""
    name = "spool space"
    held = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    room = (shutil.disk_usage(folder).free + held) // MIB
    found = f"{room} MiB free, PACS_PROXY_SPOOL_BYTES is {limit // MIB} MiB"
    if room * MIB < limit:
        advice = f"Set PACS_PROXY_SPOOL_BYTES to {room * MIB // 2}, or make room."
        return bad(name, found, advice)
    return good(name, found)


def filesystem(folder: Path, mounts: Path) -> str:
    """The type of the file system that holds the folder; "" where that cannot be read."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    best, kind = Path("/"), ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = Path(before.split()[4].encode().decode("unicode_escape"))
        if folder.resolve().is_relative_to(point) and point.is_relative_to(best):
            best, kind = point, after.split()[0]
    return kind
