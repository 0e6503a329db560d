"""What several threads want written, in one transaction; each is answered after its commit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from pacs_proxy.database import Database
from pacs_proxy.errors import DatabaseUnavailable

T = TypeVar("T")
Step = Callable[[Session], Any]


class _Wish:
    """A step, and what became of it."""

    def __init__(self, step: Step) -> None:
        self.step, self.is_over = step, False
        self.result: Any = None
        self.error: Exception | None = None

    def end(self, result: Any = None, error: Exception | None = None) -> None:
        self.result, self.error, self.is_over = result, error, True


class Together:
    """Whoever comes while another commits is taken along with the next commit."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wishes: deque[_Wish] = deque()
        self._turn = threading.Lock()

    def run(self, step: Callable[[Session], T]) -> T:
        """What `step` returns, once it is durable; raises what it raises, and undoes it alone.

        It may be called a second time, when another one's step fails beside it.
        """
        wish = _Wish(step)
        self._wishes.append(wish)
        with self._turn:
            if not wish.is_over:
                self._fulfil([self._wishes.popleft() for _ in range(len(self._wishes))])
        if wish.error:
            raise wish.error
        result: T = wish.result
        return result

    def _fulfil(self, wishes: Sequence[_Wish]) -> None:
        try:
            with self._database.write() as session:
                results = [wish.step(session) for wish in wishes]
        except Exception as error:  # noqa: BLE001 - it is theirs, and raised where they wait
            self._fail(wishes, error)
        else:
            for wish, result in zip(wishes, results, strict=True):
                wish.end(result)

    def _fail(self, wishes: Sequence[_Wish], error: Exception) -> None:
        """One step spoils it for all, so each goes alone; unless nothing can be written at all."""
        if len(wishes) > 1 and not isinstance(error, DatabaseUnavailable):
            for wish in wishes:
                self._fulfil([wish])
            return
        for wish in wishes:
            wish.end(error=error)
