"""What the archive said of its attachments lately: a list is asked for just before its images.

A remembered description is only ever an expectation: a fetch is pinned to its MD5 by the
archive's own headers, and what lies in the spool is handed out only after a fresh question.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pacs_proxy.archive.recent import Recent
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

_SECONDS = 60.0
_MOST = 20_000


class Descriptions:
    """Asks, and remembers for a minute; safe to use from many threads."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._clock = client, clock
        self._known: Recent[tuple[float, Description]] = Recent(_MOST)

    def ask(self, instance: str, interest: Interest) -> Description:
        """What the archive says now. Raises NotFound, Unreachable, Refused."""
        found = self._client.describe(instance, interest)
        self._known.keep(instance, (self._clock(), found))
        return found

    def recent(self, instance: str) -> Description | None:
        """What it said within the last minute, if its MD5 can pin a fetch to it."""
        when, known = self._known.get(instance) or (0.0, None)
        if known is None or known.md5 is None or self._clock() - when > _SECONDS:
            return None
        return known

    def forget(self, instance: str) -> None:
        """It turned out to be something else."""
        self._known.forget(instance)
