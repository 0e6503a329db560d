"""A series that is opened comes into the spool before its images are asked for.

Only where the archive is far: from a near one it would bring nothing. One image at a time, none
while a reader waits for one, and no more of it once nobody asks for the series' images.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pacs_proxy import metrics
from pacs_proxy.archive.instances import Opened
from pacs_proxy.errors import Busy, PacsProxyError
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch

_TICK = 0.02

log = logging.getLogger(__name__)


class Listed(Protocol):
    """An image in a series' list; size in bytes."""

    @property
    def id(self) -> str: ...
    @property
    def size(self) -> int: ...


# Opens an image, as its readers will: whether in fewer bytes comes second.
Bring = Callable[[str, bool, Interest], Opened]


@dataclass(frozen=True)
class Bounds:
    """How many `series` at once (0: none), and bytes of each series and of each image.

    far: seconds until a usual answer begins from which the archive counts as far.
    lease: seconds without a question for any image after which the reader has left the series.
    """

    series: int
    far: float
    total: int
    each: int
    lease: float = 15.0


@dataclass(eq=False)
class _Series:
    id: str
    waiting: dict[str, None]
    images: frozenset[str]
    until: float
    is_compact: bool = False
    interest: Interest = field(default_factory=Interest)


class Warmer:
    """What one worker fetches ahead; `delay` is the archive's usual time to answer, in seconds."""

    def __init__(
        self,
        bring: Bring,
        delay: Callable[[], float],
        watch: Watch,
        bounds: Bounds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bring, self._delay, self._watch = bring, delay, watch
        self._bounds, self._clock = bounds, clock
        self._lock, self._under_way = threading.Lock(), list[_Series]()
        self._visible = 0

    def opened(self, series: str, listed: Sequence[Listed]) -> None:
        """Somebody reads the series; its images come in the order of the list."""
        if not self._bounds.series or self._delay() < self._bounds.far:
            return
        with self._lock:
            if any(one.id == series and not one.interest.is_lost for one in self._under_way):
                return
            images = list(self._fitting(listed))
            until = self._clock() + self._bounds.lease
            begun = _Series(series, dict.fromkeys(images), frozenset(images), until)
            over, self._under_way = self._under_way, [*self._under_way, begun]
            over = over[: max(0, len(over) + 1 - self._bounds.series)]
        for one in over:
            one.interest.lose()
        threading.Thread(target=self._run, args=(begun,), daemon=True).start()

    @contextmanager
    def visible(self, image: str, is_compact: bool = False) -> Iterator[None]:
        """A reader waits for the image: nothing else is begun meanwhile, and its series goes on."""
        if not self._under_way:
            yield
            return
        with self._lock:
            self._visible += 1
            self._renew(image, is_compact)
        try:
            yield
        finally:
            with self._lock:
                self._visible -= 1

    def _renew(self, image: str, is_compact: bool) -> None:
        for series in self._under_way:
            if image in series.images:
                series.waiting.pop(image, None)
                series.until = self._clock() + self._bounds.lease
                series.is_compact = is_compact

    def _fitting(self, listed: Sequence[Listed]) -> Iterator[str]:
        room = self._bounds.total
        for image in listed:
            if image.size <= self._bounds.each:
                room -= image.size
                if room < 0:
                    return
                yield image.id

    def _run(self, series: _Series) -> None:
        try:
            with self._watch.over(series.interest, lambda: self._clock() > series.until):
                while image := self._next(series):
                    self._fetch(image, series)
        except PacsProxyError as error:
            # It was nobody's wish; whoever wishes for the image meets the error himself.
            log.info("fetching ahead ended", extra={"code": error.code})
        finally:
            with self._lock:
                self._under_way.remove(series)

    def _next(self, series: _Series) -> str | None:
        """The next image once no reader waits for one; None after the last."""
        while self._visible:
            series.interest.sleep(_TICK)
        series.interest.check()
        with self._lock:
            image = next(iter(series.waiting), None)
            if image is not None:
                del series.waiting[image]
            return image

    def _fetch(self, image: str, series: _Series) -> None:
        opened = self._bring(image, series.is_compact, series.interest)
        opened.close()
        if opened.file is None:
            raise Busy("The spool is full of what is being read.", 3)
        metrics.WARMED.inc()
