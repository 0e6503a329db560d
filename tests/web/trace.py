"""What processes write: bytes on their way to a disk, and files they open, make or remove."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import PATIENCE, until

# Whatever makes, opens, grows or renames something that has a name, or memory that looks like it.
_CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,"
    "symlink,symlinkat,truncate,ftruncate,memfd_create,mknod,mknodat,fallocate"
)
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|O_TRUNC|O_APPEND")


def written(pids: list[int]) -> int:
    """Bytes that these processes have made the kernel write to block devices, ever."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
    return total


def has_strace() -> bool:
    """Whether it is there and may attach."""
    return shutil.which("strace") is not None


@contextmanager
def traced(pids: list[int], output: Path) -> Iterator[list[str]]:
    """Afterwards the list holds a line for each call that writes, made or refused."""
    found: list[str] = []
    attach = [word for pid in pids for word in ("-p", str(pid))]
    command = ["strace", "-f", "-qq", "-e", f"trace={_CALLS}", "-o", str(output), *attach]
    tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until(lambda: all(map(_is_traced, pids)))
        yield found
    finally:
        with suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        tracer.wait(PATIENCE)
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
    calls = [line for line in lines if "(" in line]  # the others tell of signals and ends
    found += [line for line in calls if "open" not in line or _WRITES.search(line)]


def _is_traced(pid: int) -> bool:
    """Each thread of it: they are attached to one after the other."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)
