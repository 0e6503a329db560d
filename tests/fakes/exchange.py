"""What a fault is given, and what it is."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.store import Store
from tests.fakes.wire import Reply, Request, Wire

At = int | float


def place(at: At, length: int) -> int:
    """A count of bytes, from the end if negative; a fraction is a share of the whole."""
    if isinstance(at, float):
        return int(at * length)
    return max(0, length + at) if at < 0 else min(at, length)


@dataclass(frozen=True)
class Exchange:
    """A request, the honest answer to it, and the means to do otherwise."""

    wire: Wire
    request: Request
    reply: Reply
    store: Store

    def send(self, reply: Reply | None = None) -> bool:
        """An answer as it should be framed; the connection stays open."""
        reply = reply or self.reply
        self.wire.send(reply.sized_head() + reply.body)
        return True

    def raw(self, *pieces: bytes) -> bool:
        """These bytes and then FIN."""
        for piece in pieces:
            self.wire.send(piece)
        self.wire.fin()
        return False

    def begin(self, at: At) -> None:
        """The honest head, and the body up to there."""
        self.wire.send(self.reply.sized_head() + self.reply.body[: place(at, len(self.reply.body))])

    @property
    def instance_id(self) -> str:
        return self.request.path.split("/")[2]


@dataclass(frozen=True)
class Fault:
    """`act` sends what goes wrong, and says whether the connection may be used again."""

    name: str
    act: Callable[[Exchange], bool]

    def __repr__(self) -> str:
        return self.name
