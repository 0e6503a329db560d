"""The template process: everything imported once, one forked child for each job."""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pacs_proxy.decoding import jobs, work
from pacs_proxy.decoding.jail import Limits, confine

_DESCRIPTORS = 4


@dataclass(slots=True)
class Template:
    """Owns the control socket and the children that are still at work."""

    control: socket.socket
    empty_root: int
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
        message, descriptors, _, _ = socket.recv_fds(self.control, jobs.MESSAGE_BYTES, _DESCRIPTORS)
        if not message:
            return False
        if len(descriptors) == _DESCRIPTORS:
            self.fork(jobs.Job.decode(message), *descriptors)
        return True

    def fork(self, job: jobs.Job, source: int, result: int, answer: int, watch: int) -> None:
        """Start the child; its pidfd lets the server stop it without guessing at numbers.

        The child never holds `watch`: it could claim to have ended, or name another process.
        """
        template = os.getpid()
        pid = os.fork()
        if pid == 0:
            _child(job, (source, result, answer), self.empty_root, template)
        for descriptor in (source, result, answer):
            os.close(descriptor)
        report = socket.socket(fileno=watch)
        handle = os.pidfd_open(pid)
        self.children[handle] = (pid, report)
        self.waiting.register(handle, selectors.EVENT_READ)
        _send(report, jobs.Report("started"), [handle])

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


def _child(
    job: jobs.Job, descriptors: tuple[int, int, int], empty_root: int, template: int
) -> None:
    """Never returns: whatever happens, a child does not run the template's loop."""
    code = 1
    try:
        source, result, answer = descriptors
        _close_all_but(source, result, answer, empty_root)
        limits = Limits(job.memory_bytes, job.cpu_seconds, job.output_bytes)
        confine(limits, empty_root, template)
        os.close(empty_root)
        os.write(answer, work.perform(job, source, result).encode())
        code = 0
    finally:
        os._exit(code)


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


def main() -> None:
    """Started with the control socket's number as its only argument."""
    control = socket.socket(fileno=int(sys.argv[1]))
    template = Template(control, _empty_root())
    work.warm_up()
    gc.collect()
    gc.freeze()
    try:
        template.run()
    finally:
        template.end()


if __name__ == "__main__":
    main()
