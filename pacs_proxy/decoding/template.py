"""The template process: everything imported once, one forked child for each job."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pacs_proxy.decoding import jobs
from pacs_proxy.decoding.jail import Limits, confine

# The file, the pipe for one answer, the socket for what the template says; then the results.
_LEAST, _MOST = 4, 24

# What a job means: the file and the descriptors for its results in, what to say of it out.
Perform = Callable[[jobs.Job, int, list[int]], jobs.Report]


@dataclass(slots=True)
class Template:
    """Owns the control socket and the children that are still at work."""

    control: socket.socket
    empty_root: int
    perform: Perform
    children: dict[int, tuple[int, socket.socket]] = field(default_factory=dict)
    waiting: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> None:
        """Serve until the server closes its end."""
        self.waiting.register(self.control, selectors.EVENT_READ)
        while True:
            for key, _ in self.waiting.select():
                if key.fileobj is not self.control:
                    self.bury(key.fd)
                elif not self.accept():
                    return

    def accept(self) -> bool:
        """Take one job and fork; False when the server is gone."""
        message, descriptors, _, _ = socket.recv_fds(self.control, jobs.MESSAGE_BYTES, _MOST)
        if not message:
            return False
        if len(descriptors) >= _LEAST:
            source, answer, watch, *results = descriptors
            self.fork(jobs.Job.decode(message), (source, answer, *results), watch)
        return True

    def fork(self, job: jobs.Job, given: tuple[int, ...], watch: int) -> None:
        """Start the child; its pidfd lets the server stop it without guessing at numbers.

        The child never holds `watch`: it could claim to have ended, or name another process.
        """
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            self.child(job, given, template)
        for descriptor in given:
            os.close(descriptor)
        report = socket.socket(fileno=watch)
        handle = os.pidfd_open(pid)
        self.children[handle] = (pid, report)
        self.waiting.register(handle, selectors.EVENT_READ)
        _send(report, jobs.Report("started"), [handle])

    def child(self, job: jobs.Job, given: tuple[int, ...], template: int) -> None:
        """Never returns: whatever happens, a child does not run the template's loop."""
        code = 1
        try:
            source, answer, *results = given
            _close_all_but(*given, self.empty_root)
            limits = Limits(job.memory_bytes, job.cpu_seconds, job.output_bytes)
            confine(limits, self.empty_root, template)
            os.close(self.empty_root)
            os.write(answer, self.perform(job, source, results).encode())
            code = 0
        finally:
            os._exit(code)

    def bury(self, handle: int) -> None:
        """A child has ended: say how, and forget it."""
        self.waiting.unregister(handle)
        pid, report = self.children.pop(handle)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        _send(report, jobs.Report("ended", status=status), [])
        report.close()
        os.close(handle)

    def end(self) -> None:
        """The server is gone, and with it everyone who waits for a child."""
        for handle in self.children:
            signal.pidfd_send_signal(handle, signal.SIGKILL)


def _close_all_but(*kept: int) -> None:
    lowest = 3
    for descriptor in sorted(kept):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, 65536)


def _send(report: socket.socket, message: jobs.Report, descriptors: list[int]) -> None:
    try:
        socket.send_fds(report, [message.encode()], descriptors, socket.MSG_DONTWAIT)
    except OSError:
        # The one who asked has given up; the child is dealt with all the same.
        return


def _empty_root() -> int:
    """A directory that is open but no longer exists: nothing can ever be in it."""
    path = Path(tempfile.mkdtemp())
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    path.rmdir()
    return descriptor


def serve(perform: Perform, warm_up: Callable[[], None]) -> None:
    """Run as a template process, started with the control socket's number as only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    template = Template(control, _empty_root(), perform)
    warm_up()
    gc.collect()
    gc.freeze()
    try:
        template.run()
    finally:
        template.end()
