"""What may befall the bytes of one connection, decided by counting them; no input or output."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

Kind = Literal["rst", "fin", "stall", "flip"]
Direction = Literal["down", "up"]


@dataclass(frozen=True)
class Trouble:
    """At that byte of one direction ("down" is towards the client) this happens."""

    kind: Kind
    at: int
    direction: Direction = "down"
    seconds: float | None = None
    bit: int = 0


def rst_at(at: int, direction: Direction = "down") -> Trouble:
    return Trouble("rst", at, direction)


def fin_at(at: int, direction: Direction = "down") -> Trouble:
    return Trouble("fin", at, direction)


def stall_at(at: int, seconds: float | None = None, direction: Direction = "down") -> Trouble:
    """Silence for that long; for ever (until the client leaves) if no time is given."""
    return Trouble("stall", at, direction, seconds)


def flip_at(at: int, bit: int = 0, direction: Direction = "down") -> Trouble:
    return Trouble("flip", at, direction, bit=bit)


class Weather(Protocol):
    """The troubles of connection number n (from 0), in the order of their bytes."""

    def troubles(self, connection: int) -> Iterable[Trouble]: ...


class Fair:
    """No trouble at all."""

    def troubles(self, connection: int) -> Iterable[Trouble]:
        return ()


class Script:
    """The first connection meets the first entry, and so on; those after the last meet none."""

    def __init__(self, *script: Trouble | Sequence[Trouble] | None) -> None:
        self.script = script

    def troubles(self, connection: int) -> Iterable[Trouble]:
        entry = self.script[connection] if connection < len(self.script) else None
        return () if entry is None else (entry,) if isinstance(entry, Trouble) else entry


KINDS: dict[Kind, Callable[[int, Random], Trouble]] = {
    "rst": lambda at, random: rst_at(at),
    "fin": lambda at, random: fin_at(at),
    "stall": lambda at, random: stall_at(at),
    "flip": lambda at, random: flip_at(at, random.randrange(8)),
}


class Storm:
    """A trouble every so many bytes on average, f(seed, connection): the same for each run."""

    def __init__(self, seed: int, every: int, kinds: Iterable[Kind] = tuple(KINDS)) -> None:
        self.seed, self.every, self.kinds = seed, every, tuple(kinds)

    def troubles(self, connection: int) -> Iterator[Trouble]:
        random, at = Random(f"{self.seed}:{connection}"), 0
        while True:
            at += 1 + int(random.expovariate(1 / self.every))
            yield KINDS[random.choice(self.kinds)](at, random)


class Course:
    """One direction of a connection: bytes go in, and bytes and troubles come out in order."""

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        self._coming = iter(troubles)
        self._next = next(self._coming, None)
        self._offset = 0

    def split(self, data: bytes) -> Iterator[bytes | Trouble]:
        """A flip is done here already, and still comes out, so that it can be counted."""
        while (trouble := self._next) is not None and trouble.at < self._offset + len(data):
            here = max(0, trouble.at - self._offset)
            if here:
                yield data[:here]
            data, self._offset = data[here:], self._offset + here
            if trouble.kind == "flip":
                data = bytes([data[0] ^ 1 << trouble.bit]) + data[1:]
            self._next = next(self._coming, None)
            yield trouble
        self._offset += len(data)
        if data:
            yield data
