"""Keeps the template process running: started when first needed, and again when it is gone."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pacs_proxy

_SEND_SECONDS = 10.0
_FAREWELL_SECONDS = 3.0
_MODULE = "pacs_proxy.decoding.work"


class TemplateLost(Exception):
    """The template process ended, or answers no more."""


@dataclass(slots=True)
class Running:
    """A template process and the server process that started it."""

    process: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None
    owner: int = 0
    number: int = 0

    def end(self) -> None:
        """Close the socket, which tells the template to go; it takes its children with it."""
        process, control = self.process, self.control
        self.process = self.control = None
        if control is not None:
            control.close()
        if process is None or self.owner != os.getpid():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_FAREWELL_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait()


class Launcher:
    """One template process for each server process, whatever forks happen around it."""

    def __init__(
        self, module: str = _MODULE, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._module, self._environment = module, {**_environment(), **environment}
        self._lock = threading.Lock()
        self._running = Running()
        self._closed = False
        # A server that ends, or forgets us, leaves no process behind.
        weakref.finalize(self, self._running.end)

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The template, if one was started."""
        return self._running.process

    def send(self, message: bytes, descriptors: list[int]) -> int:
        """Deliver one job, to a new template if need be; returns which one took it."""
        with self._lock:
            if self._closed:
                raise TemplateLost
            control = self._running.control
            if control is None or not self._lives():
                control = self._start()
            try:
                socket.send_fds(control, [message], descriptors)
            except OSError:
                self._running.end()
                raise TemplateLost from None
            return self._running.number

    def lost(self, number: int) -> None:
        """Give this template up; the next job starts another, once for all who noticed."""
        with self._lock:
            if self._running.number == number:
                self._running.end()

    def close(self) -> None:
        """End the template for good."""
        with self._lock:
            self._closed = True
            self._running.end()

    def _lives(self) -> bool:
        """One inherited over a fork is our parent's, and not for us."""
        process = self._running.process
        ours = self._running.owner == os.getpid()
        return ours and process is not None and process.poll() is None

    def _start(self) -> socket.socket:
        self._running.end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # Never fork a server full of threads; and no secret of its environment goes along.
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", self._module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
            )
        ours.settimeout(_SEND_SECONDS)
        running = self._running
        running.number += 1
        running.process, running.control, running.owner = process, ours, os.getpid()
        return ours


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
