"""A process's name in the table of jobs, by which others on its machine see that it has died."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def name() -> str:
    """This process: machine since its start, namespace of process ids, id, and start time."""
    return f"{machine()}:{os.getpid()}:{_started(os.getpid())}"


@cache
def machine() -> str:
    """Where process ids mean the same as here; two containers of one host are two machines."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"


def dead(owners: Iterable[str]) -> list[str]:
    """Those claims whose process has ended; not those of which it cannot be seen from here."""
    by_process: dict[str, list[str]] = {}
    for owner in owners:
        by_process.setdefault(owner.partition("#")[0], []).append(owner)
    return [owner for of, claims in by_process.items() if _has_ended(of) for owner in claims]


def _has_ended(process: str) -> bool:
    where, pid, started = process.rsplit(":", 2)
    return where == machine() and _started(int(pid)) != started


def _started(pid: int) -> str | None:
    """Clock ticks from the machine's start to the process's; ids are given again, this is not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field is a name in parentheses, and may hold anything. A zombie has died as well.
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]
