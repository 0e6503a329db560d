"""What a decoding child gives up before it looks at a byte of the file."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
from dataclasses import dataclass

from pacs_proxy.decoding.seccomp import refuse_system_calls

_NO_NEW_PRIVILEGES = 38
_DIE_WITH_PARENT = 1
_DUMPABLE = 4
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000
_NOBODY = 65534
_NICENESS = 5
_SIGKILL = 9

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    memory_bytes: int
    cpu_seconds: int
    output_bytes: int
    descriptors: int = 32


def confine(limits: Limits, empty_root: int, parent: int) -> None:
    """Bound this process, then take from it the network, the file system and its user.

    The bounds are certain; the rest is done where the kernel and the container allow it.
    """
    _bound(limits)
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):
        _leave(empty_root)
    _die_with(parent)
    _libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    if _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    refuse_system_calls()


def _die_with(parent: int) -> None:
    """After the change of user, which clears this; and the parent may be dead already."""
    _libc.prctl(_DIE_WITH_PARENT, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError(parent)


def _bound(limits: Limits) -> None:
    bounds = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.output_bytes,
        resource.RLIMIT_NOFILE: limits.descriptors,
        resource.RLIMIT_CORE: 0,
        # No process and no thread more; the one that is running is not counted out by this.
        resource.RLIMIT_NPROC: 0,
    }
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        capped = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        # At the soft bound of time comes a signal of its own name, at the hard one SIGKILL.
        spare = 1 if kind == resource.RLIMIT_CPU and capped != hard else 0
        resource.setrlimit(kind, (capped, capped + spare))


def _leave(empty_root: int) -> None:
    """A root without the capability is helped by a user namespace, as everyone else is."""
    separate = _NEW_NETWORK | _NEW_IPC
    if os.geteuid() != 0 or _libc.unshare(separate) != 0:
        _libc.unshare(separate | _NEW_USER)
    with contextlib.suppress(OSError):
        os.fchdir(empty_root)
        os.chroot(".")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
