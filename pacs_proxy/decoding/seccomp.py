"""System calls that decoding never needs, refused by the kernel on x86-64 and arm64."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_SET_SECCOMP, _FILTER_MODE = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_NUMBER, _ARCHITECTURE = 0, 4
# Numbers from here on select another calling convention on x86-64.
_X32 = 0x40000000

# Open files, reach the network, start processes, touch other processes, change files or mounts.
_REFUSED: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (
        0xC000003E,
        (
            *(2, 85, 257, 437),
            *(41, 42, 49, 53),
            *(56, 57, 58, 59, 322, 435),
            *(62, 101, 310, 311, 424, 434, 438),
            *(82, 83, 86, 87, 88, 90, 133, 258, 259, 263, 264, 265, 266, 268, 316),
            *(155, 161, 165, 166, 272, 308),
            *(246, 248, 249, 250, 298, 321, 323, 425),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(56, 437),
            *(198, 199, 200, 203),
            *(220, 221, 281, 435),
            *(117, 129, 270, 271, 424, 434, 438),
            *(33, 34, 35, 36, 37, 38, 53, 276),
            *(39, 40, 41, 51, 97, 268),
            *(104, 217, 218, 219, 241, 280, 282, 425),
        ),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_system_calls() -> bool:
    """Install the filter; False where this machine has none. Needs no_new_privs."""
    known = _REFUSED.get(os.uname().machine)
    if known is None:
        return False
    code = _program(*known)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None)
    result: int = libc.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0)
    return result == 0


def _program(architecture: int, numbers: tuple[int, ...]) -> bytes:
    """Classic BPF: another architecture dies, the numbers get EPERM, the rest passes.

    A jump counts from the instruction after it; the last three are allow, refuse and kill.
    """
    count = len(numbers)
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, 0, count + 4),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _X32, count + 2, 0),
        *[_line(_EQUAL, number, count - at, 0) for at, number in enumerate(numbers)],
        *[_line(_RETURN, verdict) for verdict in (_ALLOW, _REFUSE, _KILL)],
    ]
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
