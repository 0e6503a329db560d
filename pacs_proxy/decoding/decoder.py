"""The server side: hand a file to a jailed child, take back a picture or the reason why not."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import threading
import time

from pacs_proxy.decoding import jobs
from pacs_proxy.decoding.launcher import Launcher, TemplateLost
from pacs_proxy.errors import Busy, NotRenderable, PacsProxyError

log = logging.getLogger(__name__)

_ATTEMPTS = 2
_BURIAL_SECONDS = 5.0
_CPU_SECONDS = 10.0
_CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}
)


class Decoder:
    """Decodes in children of a template process; safe to use from many threads.

    `seconds` and `memory_bytes` bound one child; beyond `parallel` jobs others wait, not for long.
    """

    def __init__(
        self,
        parallel: int,
        seconds: float,
        memory_bytes: int,
        patience_seconds: float = 5.0,
        launcher: Launcher | None = None,
    ) -> None:
        self._seconds, self._memory_bytes = seconds, memory_bytes
        self._patience_seconds = patience_seconds
        self._places = threading.BoundedSemaphore(parallel)
        self._launcher = launcher or Launcher()

    def convert(self, source: int) -> int:
        """A new descriptor, at offset 0, of an anonymous file holding the converted instance.

        The caller closes it. `source` is only read, and its offset is not moved.
        """
        return self._run(self._job(jobs.CONVERT, self._memory_bytes // 2), source)

    def render(self, source: int, frame: int, size: int) -> bytes:
        """Frame `frame` (from 1) as PNG with `size` pixels on its longest side, 0 as stored."""
        output = self._memory_bytes // 2
        result = self._run(self._job(jobs.RENDER, output, frame, max(0, size)), source)
        with os.fdopen(result, "rb") as picture:
            return picture.read()

    def close(self) -> None:
        """Stop the template process and every child of it."""
        self._launcher.close()

    def _job(self, kind: str, output_bytes: int, frame: int = 1, size: int = 0) -> jobs.Job:
        seconds = math.ceil(min(_CPU_SECONDS, self._seconds))
        return jobs.Job(kind, self._memory_bytes, seconds, output_bytes, frame, size)

    def _run(self, job: jobs.Job, source: int) -> int:
        if not self._places.acquire(timeout=self._patience_seconds):
            raise Busy("Too many pictures are being decoded; ask again in a moment.", 1.0)
        try:
            return self._attempted(job, source)
        finally:
            self._places.release()

    def _attempted(self, job: jobs.Job, source: int) -> int:
        """A lost template is no fault of this file: start another and try once more."""
        for _ in range(_ATTEMPTS):
            try:
                return self._once(job, source)
            except TemplateLost:
                log.warning("decoder template lost")
        raise PacsProxyError("The decoder could not be started; see the server's log.")

    def _once(self, job: jobs.Job, source: int) -> int:
        result = os.memfd_create("decoded", os.MFD_CLOEXEC)
        try:
            report = self._worked(job, source, result)
            if report.event != "done":
                raise NotRenderable(report.detail)
            os.lseek(result, 0, os.SEEK_SET)
        except BaseException:
            os.close(result)
            raise
        return result

    def _worked(self, job: jobs.Job, source: int, result: int) -> jobs.Report:
        watch, watched = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        answer, answered = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # A new description: read-only whatever the caller's is, and with an offset of its own.
        readable = os.open(f"/proc/self/fd/{source}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            descriptors = [readable, result, answered, watched.fileno()]
            template = self._launcher.send(job.encode(), descriptors)
            # Ours must be shut, or the end of the child would not be seen.
            watched.close()
            return self._awaited(watch, answer, template)
        finally:
            watch.close()
            watched.close()
            for descriptor in (answer, readable, answered):
                os.close(descriptor)

    def _awaited(self, watch: socket.socket, answer: int, template: int) -> jobs.Report:
        """Wait for the end of the child; nothing it wrote is used before it is gone."""
        watched = _Watched(watch)
        try:
            status = watched.end(self._seconds)
        except TemplateLost:
            self._launcher.lost(template)
            raise
        finally:
            watched.close()
        if status == 0:
            return jobs.Report.decode(_read(answer))
        cause = self._cause(status)
        log.warning("decoder stopped", extra={"cause": cause})
        return jobs.Report("failed", f"The decoder was stopped: {cause}.")

    def _cause(self, status: int | None) -> str:
        if status is None:
            return f"it took longer than {self._seconds:g} s"
        if status == -signal.SIGXCPU:
            return "it used too much processor time"
        if -status in _CRASHES:
            return "it crashed on this file"
        if status == -signal.SIGKILL:
            return "the system ended it, perhaps for lack of memory"
        return f"it ended with status {status}"


class _Watched:
    """The template's messages about one child."""

    def __init__(self, watch: socket.socket) -> None:
        self.watch = watch
        self.handle = -1

    def end(self, seconds: float) -> int | None:
        """The child's exit status; None when it had to be killed for taking too long."""
        try:
            return self._until_end(time.monotonic() + seconds)
        except TimeoutError:
            self._kill()
            return None

    def _until_end(self, deadline: float) -> int:
        while True:
            self.watch.settimeout(max(deadline - time.monotonic(), 0.001))
            message, handles, _, _ = socket.recv_fds(self.watch, jobs.MESSAGE_BYTES, 1)
            if not message:
                raise TemplateLost
            report = jobs.Report.decode(message)
            if report.event == "ended":
                return report.status
            self.handle = handles[0] if handles else -1

    def _kill(self) -> None:
        """A template that does not even bury a killed child is of no more use."""
        if self.handle < 0:
            raise TemplateLost
        try:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            self._until_end(time.monotonic() + _BURIAL_SECONDS)
        except ProcessLookupError:
            return
        except TimeoutError:
            raise TemplateLost from None

    def close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)


def _read(answer: int) -> bytes:
    try:
        return os.read(answer, jobs.MESSAGE_BYTES)
    except BlockingIOError:
        return b""
