"""A world for the tries of a request in which time passes only where the code waits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore

from pacs_proxy.control import Control
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.upstream.attempts import Attempts, Persistence
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Abandoned, Interest
from pacs_proxy.upstream.retry import Policy

START = 1000.0


@dataclass
class Clock:
    """Seconds, as `time.monotonic` gives them."""

    now: float = START

    def __call__(self) -> float:
        return self.now


class Waiting(Interest):
    """An interest whose sleep moves the clock and remembers."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._time, self.slept = clock, list[float]()
        self.on_sleep: Callable[[], None] = _nothing

    def sleep(self, seconds: float) -> None:
        if self.is_lost:
            raise Abandoned("The client left.")
        self.slept.append(seconds)
        self._time.now += max(seconds, 1e-3)
        self.on_sleep()


def _at_once(work: Callable[[], object]) -> None:
    work()


def _nothing() -> None:
    """Nobody looks on."""


@dataclass
class World:
    """One machine with one archive, away or not."""

    control: Control
    clock: Clock = field(default_factory=Clock)
    nodes: int = 1
    policy: Policy = field(default_factory=Policy)
    share: float = 1.0
    rate: float = 1000.0
    waiters: int = 8
    is_back: Callable[[], bool] = bool
    probes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.health = Health(self.control, self.nodes, self.share, self.rate, self.clock)
        self.shared = Persistence(
            self.health,
            self.policy,
            self._probe,
            Semaphore(self.waiters),
            lambda: 0.5,
            _at_once,
        )

    def interest(self) -> Waiting:
        return Waiting(self.clock)

    def attempts(self) -> Attempts:
        return Attempts(self.shared, self.interest())

    def open_breaker(self, node: int = 0) -> None:
        for _ in range(5):
            self.health.failed(node)

    def _probe(self, node: int, interest: Interest) -> bool:
        self.probes.append(self.clock.now)
        return self.is_back()


@contextmanager
def control_in(folder: Path) -> Iterator[Control]:
    control = Control(folder / "control")
    try:
        yield control
    finally:
        control.close()


def raising(error: Callable[[], PacsProxyError]) -> Callable[[int], object]:
    def ask(node: int) -> object:
        raise error()

    return ask
