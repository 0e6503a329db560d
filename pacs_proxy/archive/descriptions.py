"""What the archive said of its attachments lately: a list is asked for just before its images.

A remembered description is only ever an expectation: a fetch is pinned to its MD5 by the
archive's own headers. What lies in the spool is handed out by one that is a moment old.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from pacs_proxy.archive.recent import Recent
from pacs_proxy.archive.spool import Spool
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

_SECONDS = 60.0
_MOST = 20_000
# Small enough to keep for several series of thousands.
_DIGESTS = 50_000


class _Said(NamedTuple):
    """An answer, when it was asked for, and after how many changes of our own."""

    description: Description
    when: float
    generation: int


class Descriptions:
    """Asks, and remembers for a minute; safe to use from many threads.

    `trust` is for how many seconds an answer stands for the next one.
    """

    def __init__(
        self,
        client: Client,
        spool: Spool,
        trust: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._spool, self._trust, self._clock = client, spool, trust, clock
        self._known: Recent[_Said] = Recent(_MOST)
        self._digests: Recent[str] = Recent(_DIGESTS)

    def ask(self, instance: str, interest: Interest) -> Description:
        """What the archive says now. Raises NotFound, Unreachable, Refused."""
        # Before the question: what changes while it is under way may not be in its answer.
        when, generation = self._clock(), self._spool.generation
        found = self._client.describe(instance, interest)
        self._known.keep(instance, _Said(found, when, generation))
        if found.md5 is not None:
            self._digests.keep(found.uuid, found.md5)
        return found

    def digest(self, uuid: str) -> str | None:
        """The MD5 of an attachment that was ever asked about: its Uuid names the same bytes."""
        return self._digests.get(uuid)

    def current(self, instance: str) -> Description | None:
        """What it said a moment ago, unless something was changed through this machine since."""
        said = self._known.get(instance)
        if said is None or self._clock() - said.when >= self._trust:
            return None
        return said.description if said.generation == self._spool.generation else None

    def recent(self, instance: str) -> Description | None:
        """What it said within the last minute, if its MD5 can pin a fetch to it."""
        said = self._known.get(instance)
        if said is None or said.description.md5 is None or self._clock() - said.when > _SECONDS:
            return None
        return said.description

    def forget(self, instance: str) -> None:
        """It turned out to be something else."""
        self._known.forget(instance)
