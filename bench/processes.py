"""What running processes hold: memory, descriptors, connections. Linux only."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

EVERY = 0.02
_ESTABLISHED = "01"


def own_memory(pid: int) -> int:
    """RssAnon + RssFile in bytes: without shared memory, that is without spool and control page."""
    wanted = {"RssAnon:", "RssFile:"}
    lines = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return sum(int(words[1]) << 10 for words in lines if words[0] in wanted)


def family(pid: int) -> list[int]:
    """A process and all that it has started, and they."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread that ends meanwhile has no children
            for child in (task / "children").read_text().split():
                found += family(int(child))
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of living processes."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - a count, and quick


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208


def connections_to(port: int) -> int:
    """Established IPv4 connections of this machine to a port, counted on their callers' side."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = f":{port:04X}"
    return sum(row[2].endswith(wanted) and row[3] == _ESTABLISHED for row in rows)


def available_memory() -> int:
    """What the machine can give without swapping, in bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 0


class Growth:
    """`with Growth(pids) as growth: …; growth.peak`: bytes beyond the start, for each process."""

    def __init__(self, pids: Sequence[int]) -> None:
        self.before = {pid: own_memory(pid) for pid in pids}
        self._highest = dict(self.before)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def peak(self) -> Mapping[int, int]:
        return {pid: self._highest[pid] - self.before[pid] for pid in self.before}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            for pid, highest in self._highest.items():
                self._highest[pid] = max(highest, own_memory(pid))
