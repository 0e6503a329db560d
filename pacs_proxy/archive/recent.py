"""A memory of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The last so many values by key; safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[str, T] = OrderedDict()
        self._most, self._lock = most, Lock()

    def get(self, key: str) -> T | None:
        """The value, if it is still here."""
        with self._lock:
            return self._values.get(key)

    def forget(self, key: str) -> None:
        """As if it had never been kept."""
        with self._lock:
            self._values.pop(key, None)

    def keep(self, key: str, value: T) -> None:
        """Remember it; the oldest is forgotten."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
