"""Keeps the template process running: started when first needed, and again when it is gone."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pacs_proxy

_SEND_SECONDS = 10.0
_FAREWELL_SECONDS = 3.0
_MODULE = "pacs_proxy.decoding.template"


class TemplateLost(Exception):
    """The template process ended, or answers no more."""


class Launcher:
    """One template process for each server process, whatever forks happen around it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._owner = 0

    def send(self, message: bytes, descriptors: list[int]) -> None:
        """Deliver one job; a template found dead is replaced first."""
        with self._lock:
            control = self._living()
            try:
                socket.send_fds(control, [message], descriptors)
            except OSError:
                self._discard()
                raise TemplateLost from None

    def close(self) -> None:
        """End the template; it takes its children with it."""
        with self._lock:
            self._discard()

    def _living(self) -> socket.socket:
        if self._owner != os.getpid():
            # Inherited over a fork: the template belongs to our parent.
            self._process = self._control = None
        if self._control is None or self._process is None or self._process.poll() is not None:
            self._discard()
            self._start()
        if self._control is None:
            raise TemplateLost
        return self._control

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Never fork a server full of threads; and no secret of its environment goes along.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        ours.settimeout(_SEND_SECONDS)
        self._control, self._owner = ours, os.getpid()

    def _discard(self) -> None:
        process, control = self._process, self._control
        self._process = self._control = None
        if control is not None:
            control.close()
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    """One thread for each numeric library: the template forks, so it must have only one."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(Path(pacs_proxy.__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
        **dict.fromkeys(threads, "1"),
    }
