"""Which request meets which fault: by seed, by script, or by instance."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from random import Random
from typing import Protocol

from tests.fakes import faults
from tests.fakes.exchange import Fault
from tests.fakes.routes import route_of
from tests.fakes.wire import Request

DATA = frozenset({"data", "file"})
Mix = Mapping[str, Callable[[Random], Fault]]

# The nine of facts/reliability.md 7, T1; all equally likely.
MIX: Mix = {
    "rst": lambda r: faults.rst_after(r.random()),
    "fin": lambda r: faults.fin_after(r.random()),
    "stall": lambda r: faults.stall_after(r.random()),
    "drip": lambda r: faults.drip(1.0, r.random()),
    "short length": lambda r: faults.short_length(1 + r.randrange(1000)),
    "bit flip": lambda r: faults.bit_flip(r.random(), r.randrange(8)),
    "html 200": lambda r: faults.html_200,
    "headers cut": lambda r: faults.headers_cut(r.uniform(0.15, 0.9)),
    "503": lambda r: faults.status(503),
}


class Choice(Protocol):
    """Asked once for each request, one at a time: its number in the plan, and its fault."""

    def next(self, request: Request) -> tuple[int, Fault | None]: ...


class Never:
    """No fault at all."""

    def next(self, request: Request) -> tuple[int, Fault | None]:
        return 0, None


class Plan:
    """Request n meets f(seed, n): the same seed is the same weather, whatever the timing.

    Only requests on `routes` count (names as in `routes.route_of`; None is every route).
    """

    def __init__(
        self,
        seed: int,
        rate: float = 0.2,
        mix: Mix = MIX,
        routes: Collection[str] | None = DATA,
    ) -> None:
        self.seed, self.rate, self.mix, self.routes = seed, rate, mix, routes
        self.asked = 0

    def next(self, request: Request) -> tuple[int, Fault | None]:
        if not _counts(request, self.routes):
            return -1, None
        number, self.asked = self.asked, self.asked + 1
        return number, self.fault(number)

    def fault(self, number: int) -> Fault | None:
        """f(seed, n), for replaying one request without the others."""
        random = Random(f"{self.seed}:{number}")
        if random.random() >= self.rate:
            return None
        return self.mix[random.choice(list(self.mix))](random)


class Scripted:
    """The faults in this order, one for each request that counts, and none afterwards."""

    def __init__(
        self, script: Iterable[Fault | None], routes: Collection[str] | None = DATA
    ) -> None:
        self.script: Iterator[Fault | None] = iter(script)
        self.routes = routes
        self.asked = 0

    def next(self, request: Request) -> tuple[int, Fault | None]:
        if not _counts(request, self.routes):
            return -1, None
        number, self.asked = self.asked, self.asked + 1
        return number, next(self.script, None)


class Always:
    """The same fault for ever: `Always(bit_flip(200))` is a rotten disk."""

    def __init__(self, fault: Fault, routes: Collection[str] | None = DATA) -> None:
        self.fault, self.routes = fault, routes

    def next(self, request: Request) -> tuple[int, Fault | None]:
        return 0, self.fault if _counts(request, self.routes) else None


class ByInstance:
    """A plan of its own for some instances, as for one poisoned object among good ones."""

    def __init__(self, plans: Mapping[str, Choice], otherwise: Choice | None = None) -> None:
        self.plans, self.otherwise = plans, otherwise or Never()

    def next(self, request: Request) -> tuple[int, Fault | None]:
        parts = request.path.split("/")
        chosen = self.plans.get(parts[2]) if len(parts) > 2 else None
        return (chosen or self.otherwise).next(request)


def _counts(request: Request, routes: Collection[str] | None) -> bool:
    return routes is None or route_of(request) in routes
