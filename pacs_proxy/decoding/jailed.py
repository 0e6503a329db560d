"""One job handed to a jailed child: sent, watched, stopped when it takes too long, and judged."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence

from pacs_proxy.decoding import jobs
from pacs_proxy.decoding.launcher import Launcher, TemplateLost
from pacs_proxy.errors import PacsProxyError

log = logging.getLogger(__name__)

Beat = Callable[[], None]

_ATTEMPTS = 2
_BURIAL_SECONDS = 5.0
_BEAT_SECONDS = 1.0
_CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}
)


def _still() -> None:
    """Nobody wants to hear that the child is still at work."""


class Jailed:
    """Runs jobs in children of one template process; `seconds` bound each of them.

    `start_seconds` is what a template that is only just starting may take longer.
    """

    def __init__(self, launcher: Launcher, seconds: float, start_seconds: float = 0.0) -> None:
        self._launcher, self._seconds = launcher, seconds
        self._start_seconds = start_seconds

    def run(
        self, job: jobs.Job, source: int, results: Sequence[int], beat: Beat = _still
    ) -> jobs.Report:
        """The child's report, or "failed" with the reason why there is none.

        A lost template is no fault of this file: another is started and the job given to it once
        more, with `results` emptied. `beat` is called each second; what it raises ends the child.
        """
        starts = [os.fstat(result).st_size for result in results]
        for _ in range(_ATTEMPTS):
            try:
                return self._worked(job, source, results, beat)
            except TemplateLost:
                log.warning("decoder template lost")
                for result, start in zip(results, starts, strict=True):
                    os.ftruncate(result, start)
                    os.lseek(result, start, os.SEEK_SET)
        raise PacsProxyError("The decoder could not be started; see the server's log.")

    def _worked(
        self, job: jobs.Job, source: int, results: Sequence[int], beat: Beat
    ) -> jobs.Report:
        watch, watched = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        answer, answered = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # A new description: read-only whatever the caller's is, and with an offset of its own.
        readable = os.open(f"/proc/self/fd/{source}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            descriptors = [readable, answered, watched.fileno(), *results]
            template = self._launcher.send(job.encode(), descriptors)
            # Ours must be shut, or the end of the child would not be seen.
            watched.close()
            return self._awaited(watch, answer, template, beat)
        finally:
            watch.close()
            watched.close()
            for descriptor in (answer, readable, answered):
                os.close(descriptor)

    def _awaited(self, watch: socket.socket, answer: int, template: int, beat: Beat) -> jobs.Report:
        """Wait for the end of the child; nothing it wrote is used before it is gone."""
        watched = _Watched(watch, beat)
        try:
            status = watched.end(self._seconds, self._start_seconds)
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

    def __init__(self, watch: socket.socket, beat: Beat) -> None:
        self.watch, self.beat = watch, beat
        self.handle = -1

    def end(self, seconds: float, start_seconds: float) -> int | None:
        """The child's exit status; None when it had to be killed for taking too long."""
        try:
            if start_seconds:
                self._until_started(time.monotonic() + start_seconds)
            return self._until_end(time.monotonic() + seconds, self.beat)
        except TimeoutError:
            self._kill()
            return None
        except TemplateLost:
            raise
        except BaseException:
            self._kill()
            raise

    def _until_started(self, deadline: float) -> None:
        message, handles = self._message(deadline, self.beat)
        if not message:
            raise TemplateLost
        self.handle = handles[0] if handles else -1

    def _until_end(self, deadline: float, beat: Beat) -> int:
        while True:
            message, handles = self._message(deadline, beat)
            if not message:
                raise TemplateLost
            report = jobs.Report.decode(message)
            if report.event == "ended":
                return report.status
            self.handle = handles[0] if handles else self.handle

    def _message(self, deadline: float, beat: Beat) -> tuple[bytes, list[int]]:
        while True:
            left = deadline - time.monotonic()
            self.watch.settimeout(max(min(left, _BEAT_SECONDS), 0.001))
            try:
                message, handles, _, _ = socket.recv_fds(self.watch, jobs.MESSAGE_BYTES, 1)
            except TimeoutError:
                if left <= _BEAT_SECONDS:
                    raise
                beat()
                continue
            return message, handles

    def _kill(self) -> None:
        """A template that does not even bury a killed child is of no more use."""
        if self.handle < 0:
            raise TemplateLost
        try:
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            self._until_end(time.monotonic() + _BURIAL_SECONDS, _still)
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
