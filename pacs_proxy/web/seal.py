"""The edge's promise in force: from `seal` on, this process and its children write no file.

RLIMIT_FSIZE stops every byte on every file system, Landlock (Linux 5.13) every new name. Sockets
and pipes are no files; memory made before stays usable.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import signal
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from pacs_proxy.control import PAGE, Control
from pacs_proxy.settings import SettingError

# linux/landlock.h; syscall numbers are the same on all architectures since 5.13.
_CREATE_RULESET, _RESTRICT_SELF, _ASK_VERSION = 444, 446, 1
_NO_NEW_PRIVILEGES = 38
# All that writes: WRITE_FILE, REMOVE_DIR to MAKE_SYM; then REFER and TRUNCATE by version.
_WRITES = 0b1_1111_1111_0010
_BY_VERSION = {2: 1 << 13, 3: 1 << 14}
_PLACES = ("/tmp", "/var/tmp", "/dev/shm", ".")  # noqa: S108 - tried, and must be refused


def shared_control() -> Callable[[], Control]:
    """Numbers that all workers share without a file; each worker calls it once, for its own lock.

    Memory without any name, because where files are limited from outside already (systemd, a
    container), an empty memfd can be locked but not be made longer.
    """
    lock = os.memfd_create("control")
    page = mmap.mmap(-1, PAGE)
    return lambda: Control(Path(f"/proc/self/fd/{lock}"), page)


def seal() -> bool:
    """Take from this process what writes files; whether the kernel knows Landlock."""
    for stream in (sys.stdout, sys.stderr):
        _expect_no_file(stream.fileno())
    # By default the first write would end the process, with a core dump if there may be one.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return _landlock()


def expect_sealed() -> None:
    """Raise SettingError if this process can write a file after all."""
    for place in _PLACES:
        if _can_write(place):
            raise SettingError(
                f"SERVER_ROLE=web must write no file, and could write one in {place}. "
                "It does not serve like this."
            )


def _expect_no_file(descriptor: int) -> None:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise SettingError(
            "SERVER_ROLE=web writes no file, and its output is one. Send it to a pipe, the "
            "terminal or the journal: pacs-proxy serve 2>&1 | logger"
        )


def _landlock() -> bool:
    """Deny all that writes, everywhere; False where the kernel or a filter does not let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    if version < 1:
        return False
    handled = _WRITES | sum(bit for since, bit in _BY_VERSION.items() if version >= since)
    rules = struct.pack("=Q", handled)
    ruleset = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    try:
        zero = ctypes.c_ulong(0)
        libc.prctl(_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _can_write(place: str) -> bool:
    """Without a name where that is possible; else with one that goes at once."""
    for flags, name in ((os.O_TMPFILE, place), (os.O_CREAT | os.O_EXCL, f"{place}/.sealed")):
        try:
            descriptor = os.open(name, flags | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in {errno.EOPNOTSUPP, errno.EISDIR}:
                continue
            return False
        return _takes_a_byte(descriptor, None if flags == os.O_TMPFILE else name)
    return False


def _takes_a_byte(descriptor: int, name: str | None) -> bool:
    try:
        return os.write(descriptor, b"x") > 0
    except OSError:
        return False
    finally:
        os.close(descriptor)
        if name:
            Path(name).unlink(missing_ok=True)
