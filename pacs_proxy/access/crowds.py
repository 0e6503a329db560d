"""Refusals that anybody can cause without end: counted in bounded memory, told once a minute."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Any

# So many addresses are told apart, and so many of them named.
_ADDRESSES, _NAMED, _OTHERS = 1000, 20, "others"
# Of one address, and of all, in a minute.
_EACH, _ALL, _MINUTE = 10, 100, 60.0


class Crowd:
    """How many were refused since the last record, by address; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock, self._met = Lock(), Counter[str]()

    def add(self, address: str) -> None:
        """One more."""
        with self._lock:
            is_known = address in self._met or len(self._met) < _ADDRESSES
            self._met[address if is_known else _OTHERS] += 1

    def take(self) -> Counter[str]:
        """All of them, to be written; give back what could not be."""
        with self._lock:
            met, self._met = self._met, Counter()
        return met

    def give_back(self, met: Counter[str]) -> None:
        """They wait for the next record."""
        with self._lock:
            self._met.update(met)


class Gate:
    """Lets the first of each address's minute through; the rest are to be counted."""

    def __init__(self) -> None:
        self._lock, self._minute, self._passed = Lock(), 0.0, Counter[str]()

    def lets(self, address: str, now: float) -> bool:
        """Whether this one is among the first; `now` in seconds."""
        with self._lock:
            if now // _MINUTE != self._minute:
                self._minute, self._passed = now // _MINUTE, Counter()
            if self._passed[address] >= _EACH or self._passed.total() >= _ALL:
                return False
            self._passed[address] += 1
            return True


def figures(met: Counter[str]) -> dict[str, Any]:
    """A record's detail."""
    return {"refused": met.total(), "addresses": dict(met.most_common(_NAMED))}
