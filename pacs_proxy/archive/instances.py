"""Open an instance: from the verified spool, else from the archive through it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from threading import BoundedSemaphore

from pacs_proxy import metrics
from pacs_proxy.archive.descriptions import Descriptions
from pacs_proxy.archive.fetch import Background, Suspects, fetch
from pacs_proxy.archive.room import SpoolFull
from pacs_proxy.archive.spool import Claim, Spool, SpoolFile
from pacs_proxy.errors import Busy, Changed, Interrupted, NotRenderable
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch

_TICK = 0.005
_REPLACEMENTS = 3
_DIRECT_PATIENCE = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes; `direct` is a number of streams, `trust` the seconds of `Descriptions`."""

    verify_first: int
    minimum: int
    direct: int
    trust: float


@dataclass
class Opened:
    """One instance ready to leave: a spool file, or a stream where the spool has no room."""

    description: Description
    file: SpoolFile | None = None
    stream: Generator[memoryview, None, None] | None = None
    background: Background | None = None
    release: Callable[[], None] | None = None

    def close(self) -> None:
        """Let everything go, once."""
        if self.file:
            self.file.close()
        if self.stream:
            self.stream.close()
        if self.release:
            self.release()
            self.release = None

    def available(self, position: int, interest: Interest) -> int:
        """Bytes of the spool file that may leave, once more than `position` are there.

        Raises the fetch's own error when it failed, Abandoned when the client left.
        """
        assert self.file, "only spool files are waited for"  # noqa: S101 - for the type checker
        while (available := self._now()) <= position:
            interest.sleep(_TICK)
        return available

    def whole(self, room: int, interest: Interest) -> SpoolFile:
        """The file once its last byte is proven; `room` is what the spool could ever hold.

        Raises as `available`, and Busy or NotRenderable where the instance got no spool file.
        """
        if self.file is None:
            if self.description.size <= room:
                raise Busy("No room for this image at the moment; try again soon.", 3)
            raise NotRenderable("This instance is too large to be drawn here; download it instead.")
        self.available(self.description.size - 1, interest)
        return self.file

    def _now(self) -> int:
        assert self.file  # noqa: S101
        try:
            return self.file.available
        except Interrupted as cut:
            error = self.background.error if self.background else None
            raise (error or cut) from None


class Instances:
    """The archive's instances as verified bytes."""

    def __init__(self, client: Client, spool: Spool, watch: Watch, limits: Limits) -> None:
        self._client, self._spool, self._watch, self._limits = client, spool, watch, limits
        self._descriptions = Descriptions(client, spool, limits.trust)
        self._direct = BoundedSemaphore(limits.direct)
        self._suspects = Suspects()

    def digest(self, uuid: str) -> str | None:
        """An attachment's MD5, if its description was asked for lately."""
        return self._descriptions.digest(uuid)

    def describe(self, instance: str, interest: Interest) -> Description:
        """What the archive says it stored, asked anew each time."""
        return self._descriptions.ask(instance, interest)

    def open(self, instance: str, interest: Interest) -> Opened:
        """The instance's bytes; up to `verify_first` they are whole and verified on return.

        Raises NotFound, Unreachable, Damaged, Interrupted, Busy, Abandoned.
        """
        if ready := self._ready(instance):
            return ready
        for _ in range(_REPLACEMENTS):
            wanted = self._expected(instance, interest)
            try:
                return self._obtain(wanted, interest)
            except Changed:
                self._descriptions.forget(instance)
                log.info("instance replaced while read")
        raise Interrupted("The instance is being replaced again and again; try later.")

    def open_this(self, wanted: Description, interest: Interest) -> Opened:
        """These very bytes. Raises Changed when the archive has others now, else as `open`."""
        for _ in range(2):
            opened = self.open(wanted.instance, interest)
            if opened.description == wanted:
                return opened
            # It was believed for a moment; whoever listed these bytes knows better.
            opened.close()
            self._descriptions.forget(wanted.instance)
        raise Changed("An image was replaced in the archive while it was read.")

    def forget(self, instance: str) -> None:
        """It was changed or deleted through us: every worker asks anew before it hands out."""
        self._descriptions.forget(instance)
        self._spool.renew()

    def purge(self, gone: Iterable[Description]) -> None:
        """They were deleted through us: nothing of them stays here."""
        self._spool.renew()
        for one in gone:
            self._descriptions.forget(one.instance)
            self._spool.drop(one.uuid, one.size)

    def _ready(self, instance: str) -> Opened | None:
        """What lies verified in the spool and was the archive's a moment ago."""
        current = self._descriptions.current(instance)
        file = self._spool.find(current.uuid, current.size) if current else None
        if not current or not file:
            return None
        if file.is_verified:
            metrics.SPOOL_HITS.inc()
            return Opened(current, file)
        file.close()
        return None

    def _expected(self, instance: str, interest: Interest) -> Description:
        """A recent description is enough to fetch by; what lies here is asked about anew.

        And what leaves before it is whole: there a replacement would be noticed too late.
        """
        recent = self._descriptions.recent(instance)
        if not recent or self._is_large(recent) or self._spool.holds(recent.uuid, recent.size):
            return self._descriptions.ask(instance, interest)
        return recent

    def _obtain(self, wanted: Description, interest: Interest) -> Opened:
        """Follow whoever fetches these bytes, or fetch them; a dead fetcher's claim is free."""
        held: SpoolFile | None = None
        try:
            while True:
                file = self._spool.find(wanted.uuid, wanted.size)
                if file and file.is_verified:
                    metrics.SPOOL_HITS.inc()
                    return Opened(wanted, file)
                claim = self._spool.claim(wanted.uuid)
                if claim:
                    _close(file)
                    return self._fetched(claim, wanted, interest)
                if file and self._is_large(wanted) and file.is_filled:
                    return Opened(wanted, file)
                # An open file tells its fetcher that somebody else waits for it too.
                _close(held)
                held = file
                interest.sleep(_TICK)
        finally:
            _close(held)

    def _fetched(self, claim: Claim, wanted: Description, interest: Interest) -> Opened:
        try:
            with claim:
                return self._claimed(claim, wanted, interest)
        except SpoolFull:
            return self._streamed(wanted, interest)

    def _claimed(self, claim: Claim, wanted: Description, interest: Interest) -> Opened:
        finished = self._spool.find(wanted.uuid, wanted.size)
        if finished and finished.is_verified:
            return Opened(wanted, finished)
        _close(finished)
        self._count(wanted)
        return self._begin(claim, wanted, interest)

    def _begin(self, claim: Claim, wanted: Description, interest: Interest) -> Opened:
        if not self._is_large(wanted):
            attempts = self._client.attempts(interest)
            return Opened(wanted, fetch(self._client, self._spool, wanted, attempts))
        background = Background(self._client, self._spool, self._watch, wanted, self._suspects)
        return Opened(wanted, background.start(claim), background=background)

    def _streamed(self, wanted: Description, interest: Interest) -> Opened:
        """Past the spool, at the browser's speed: few at a time, or readers would stop Orthanc."""
        while not self._direct.acquire(blocking=False):
            if interest.waited > _DIRECT_PATIENCE:
                raise Busy("No room for another large file; try again soon.", retry_after=3)
            interest.sleep(_TICK)
        metrics.SPOOL_DIRECT.inc()
        body = self._client.body(wanted, self._client.attempts(interest))
        return Opened(wanted, stream=body, release=self._direct.release)

    def _is_large(self, wanted: Description) -> bool:
        """Whether bytes leave before the last has come; not those that were wrong once."""
        return wanted.size > self._limits.verify_first and wanted.uuid not in self._suspects

    def _count(self, wanted: Description) -> None:
        metrics.SPOOL_MISSES.inc()
        if wanted.size < self._limits.minimum:
            metrics.UNUSUALLY_SMALL.inc()


def _close(file: SpoolFile | None) -> None:
    if file:
        file.close()
