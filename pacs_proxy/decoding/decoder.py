"""The server side: hand a file to a jailed child, take back a picture or the reason why not."""

from __future__ import annotations

import math
import os
import threading
from dataclasses import replace

from pacs_proxy.decoding import jobs
from pacs_proxy.decoding.jailed import Jailed
from pacs_proxy.decoding.launcher import Launcher
from pacs_proxy.errors import Busy, NotRenderable

_CPU_SECONDS = 10.0
_START_SECONDS = 60.0


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
        self._jailed = Jailed(self._launcher, seconds, _START_SECONDS)

    def convert(self, source: int) -> int:
        """A new descriptor, at offset 0, of an anonymous file holding the converted instance.

        The caller closes it. `source` is only read, and its offset is not moved.
        """
        return self._run(self._job(jobs.CONVERT, self._memory_bytes // 2), source)

    def compact(self, source: int) -> int:
        """As `convert`: the same pixels in fewer bytes, or NotRenderable."""
        return self._run(self._job(jobs.COMPACT, self._memory_bytes // 2), source)

    def render(self, source: int, view: jobs.View) -> bytes:
        """One frame as 8 bit PNG or JPEG."""
        job = self._job(jobs.RENDER, self._memory_bytes // 2)
        result = self._run(replace(job, view=view), source)
        with os.fdopen(result, "rb") as picture:
            return picture.read()

    def contents(self, source: int) -> bytes:
        """What an instance holds, as JSON; see `contents.py`."""
        result = self._run(self._job(jobs.CONTENTS, self._memory_bytes // 2), source)
        with os.fdopen(result, "rb") as told:
            return told.read()

    def close(self) -> None:
        """Stop the template process and every child of it."""
        self._launcher.close()

    def _job(self, kind: str, output_bytes: int) -> jobs.Job:
        seconds = math.ceil(min(_CPU_SECONDS, self._seconds))
        return jobs.Job(kind, self._memory_bytes, seconds, output_bytes)

    def _run(self, job: jobs.Job, source: int) -> int:
        if not self._places.acquire(timeout=self._patience_seconds):
            raise Busy("Too many pictures are being decoded; ask again in a moment.", 1.0)
        try:
            return self._made(job, source)
        finally:
            self._places.release()

    def _made(self, job: jobs.Job, source: int) -> int:
        result = os.memfd_create("decoded", os.MFD_CLOEXEC)
        try:
            report = self._jailed.run(job, source, [result])
            if report.event != "done":
                raise NotRenderable(report.detail)
            os.lseek(result, 0, os.SEEK_SET)
        except BaseException:
            os.close(result)
            raise
        return result
