"""The digests of a list: a few questions to the archive at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context

from pacs_proxy.errors import Damaged, NotFound
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest

# One of a node's four connections for questions stays free for whoever else asks.
BESIDE = 2
# Fewer are asked about sooner than a thread has started.
_FEW = 8

Answer = Description | NotFound | Damaged


class Describing:
    """Asks about each in turn, from this thread and others beside it, while `is_time` says so."""

    def __init__(
        self,
        wanted: Sequence[str],
        ask: Callable[[str, Interest], Description],
        is_time: Callable[[], bool],
    ) -> None:
        self._left: Iterator[str] = iter(wanted)
        self._beside = BESIDE if len(wanted) > _FEW else 0
        self._ask, self._is_time = ask, is_time
        self._lock = threading.Lock()
        self._failed: Exception | None = None
        self.found: dict[str, Answer] = {}

    def run(self, interest: Interest) -> dict[str, Answer]:
        """What was said of those that were asked about.

        Raises the first failure that is not the instance's own, Abandoned when the client left.
        """
        others = [Interest() for _ in range(self._beside)]
        threads = [
            threading.Thread(target=copy_context().run, args=(self._work, own), daemon=True)
            for own in others
        ]

        def stop() -> None:
            for own in others:
                own.lose()

        for thread in threads:
            thread.start()
        self._work(interest)
        if self._failed:
            # Nobody wants the rest; what is under way ends at once.
            stop()
        else:
            interest.hold(stop)
        for thread in threads:
            thread.join()
        interest.let_go()
        if self._failed:
            raise self._failed
        return self.found

    def _work(self, interest: Interest) -> None:
        try:
            while (name := self._next()) is not None:
                self.found[name] = self._answer(name, interest)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._failed = self._failed or error

    def _next(self) -> str | None:
        with self._lock:
            return None if self._failed or not self._is_time() else next(self._left, None)

    def _answer(self, name: str, interest: Interest) -> Answer:
        try:
            return self._ask(name, interest)
        except (NotFound, Damaged) as error:
            return error
