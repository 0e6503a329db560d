"""A template whose children do what a taken-over or broken decoder would do; for tests only.

The job's frame number picks the deed, so nothing of this is in the product.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import time
from pathlib import Path

from pacs_proxy.decoding import jobs, template, work
from pacs_proxy.errors import NotRenderable

RIGHT_ANSWER = b"the work was done"


def _loop(_source: int, result: int) -> None:
    while True:
        pass


def _sleep(_source: int, result: int) -> None:
    time.sleep(600)


def _eat_memory(_source: int, result: int) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(1 << 24))


def _segfault(_source: int, result: int) -> None:
    ctypes.string_at(0)


def _abort(_source: int, result: int) -> None:
    os.abort()


def _write_without_end(_source: int, result: int) -> None:
    while True:
        os.write(result, bytes(1 << 20))


def _exit_at_once(_source: int, result: int) -> None:
    os._exit(3)


def _babble(_source: int, result: int) -> None:
    # Reaches the server only through the pipe made for one answer.
    raise NotRenderable("\x1b[31m" + "line\n" * 2000)


def _deface(source: int, result: int) -> None:
    """Try to change the stored instance."""
    with contextlib.suppress(OSError):
        os.pwrite(source, b"defaced", 0)
    with contextlib.suppress(OSError):
        os.pwrite(os.open(f"/proc/self/fd/{source}", os.O_RDWR), b"defaced", 0)
    os.write(result, RIGHT_ANSWER)


def _report_confinement(_source: int, result: int) -> None:
    findings = [_network(), _files(), _children(), _privileges(), _descriptors()]
    findings.append(f"uid={os.getuid()}")
    os.write(result, "\n".join(findings).encode())


def _network() -> str:
    try:
        with socket.create_connection(("127.0.0.1", 1), timeout=1):
            return "network=open"
    except OSError as error:
        return f"network={error.errno}"


def _files() -> str:
    found = []
    for path in ("/etc/passwd", "/proc/self/status", "/"):
        with contextlib.suppress(OSError):
            found += [path] if not Path(path).is_dir() and Path(path).read_bytes() else []
            found += [str(entry) for entry in Path(path).iterdir()]
    return f"files={len(found)}"


def _children() -> str:
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError:
        return "children=0"
    return "children=1"


def _privileges() -> str:
    return f"no_new_privileges={ctypes.CDLL(None).prctl(39, 0, 0, 0, 0)}"


def _descriptors() -> str:
    open_ones = []
    for number in range(64):
        with contextlib.suppress(OSError):
            os.fstat(number)
            open_ones.append(number)
    return f"descriptors={len(open_ones)}"


def _right(_source: int, result: int) -> None:
    os.write(result, RIGHT_ANSWER)


DEEDS = {
    deed.__name__.removeprefix("_"): (number, deed)
    for number, deed in enumerate(
        (
            _right,
            _loop,
            _sleep,
            _eat_memory,
            _segfault,
            _abort,
            _write_without_end,
            _exit_at_once,
            _babble,
            _deface,
            _report_confinement,
        ),
        start=1,
    )
}


def _misbehave(job: jobs.Job, source: int, result: int) -> None:
    deeds = dict(DEEDS.values())
    deeds[job.view.frame](source, result)


if __name__ == "__main__":
    work._write = _misbehave
    template.serve(work.perform, work.warm_up)
