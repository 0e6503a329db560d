"""One connection through the bad line, and what all of its connections share."""

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.fakes.trouble import Course, Direction, Trouble
from tests.waiting import PATIENCE

PIECE = 16 * 1024
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Waiting = asyncio.Queue[tuple[float, bytes]]
BOTH: tuple[Direction, Direction] = ("down", "up")


class Cut(Exception):
    """The connection ends here."""

    def __init__(self, reset: bool) -> None:
        super().__init__()
        self.reset = reset


@dataclass
class Line:
    """The wire that all connections share: its delay, its width, whether it carries at all."""

    latency: float = 0.0
    rate: float | None = None
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    carried: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(BOTH, 0))
    met: list[tuple[int, Trouble]] = field(default_factory=list)
    _free: dict[Direction, float] = field(default_factory=lambda: dict.fromkeys(BOTH, 0.0))

    async def sent(self, direction: Direction, size: int) -> float:
        """Take the line's time for so many bytes; the moment when they arrive."""
        now = asyncio.get_running_loop().time()
        done = max(now, self._free[direction]) + (size / self.rate if self.rate else 0.0)
        self._free[direction] = done
        self.carried[direction] += size
        await _until(done)
        return done + self.latency


class Passage:
    """A client's connection and ours to the server behind, with bytes on their way."""

    def __init__(self, line: Line, client: Stream, server: Stream, number: int) -> None:
        self._line, self._client, self._server, self._number = line, client, server, number
        self._left = asyncio.Event()
        for _, writer in (client, server):
            writer.transport.set_write_buffer_limits(0)

    async def carry(self, troubles: Iterable[Trouble]) -> None:
        """Until both sides have said all, or something breaks."""
        met, reset = list_by_direction(troubles), False
        try:
            async with asyncio.TaskGroup() as group:
                for direction in BOTH:
                    waiting: Waiting = asyncio.Queue(64)
                    group.create_task(self._take_in(direction, waiting))
                    group.create_task(self._give_out(direction, waiting, Course(met[direction])))
        except* Cut as cuts:
            reset = any(isinstance(cut, Cut) and cut.reset for cut in cuts.exceptions)
        except* OSError:
            reset = True
        finally:
            self.abort(reset)

    def abort(self, reset: bool) -> None:
        """Towards the client RST or FIN as asked; the server loses its caller."""
        if reset:
            _linger_zero(self._client[1])
        _linger_zero(self._server[1])
        self._client[1].transport.abort()
        self._server[1].transport.abort()

    async def _take_in(self, direction: Direction, waiting: Waiting) -> None:
        reader = (self._server if direction == "down" else self._client)[0]
        while data := await reader.read(PIECE):
            await waiting.put((await self._line.sent(direction, len(data)), data))
        if direction == "up":
            self._left.set()
        await waiting.put((await self._line.sent(direction, 0), b""))

    async def _give_out(self, direction: Direction, waiting: Waiting, course: Course) -> None:
        writer = (self._client if direction == "down" else self._server)[1]
        while True:
            due, data = await waiting.get()
            await _until(due)
            await self._line.flowing.wait()
            if not data:
                return writer.write_eof()
            for part in course.split(data):
                await self._pass(part, writer)

    async def _pass(self, part: bytes | Trouble, writer: asyncio.StreamWriter) -> None:
        if isinstance(part, bytes):
            writer.write(part)
            return await writer.drain()
        self._line.met.append((self._number, part))
        if part.kind == "stall":
            await self._stall(part.seconds)
        elif part.kind != "flip":
            await _flushed(writer)
            raise Cut(reset=part.kind == "rst")
        return None

    async def _stall(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._left.wait(), seconds)
        except TimeoutError:
            return
        raise Cut(reset=True)


def list_by_direction(troubles: Iterable[Trouble]) -> dict[Direction, Iterable[Trouble]]:
    """An endless storm blows downwards only; a script may name both directions."""
    if not isinstance(troubles, (list, tuple)):
        return {"down": troubles, "up": ()}
    return {d: [trouble for trouble in troubles if trouble.direction == d] for d in BOTH}


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))


async def _flushed(writer: asyncio.StreamWriter) -> None:
    """The other kernel has it all (or patience is): a reset would throw the rest away."""
    sock = writer.get_extra_info("socket")
    for _ in range(int(PATIENCE / 0.002)):
        if not int.from_bytes(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)), "little"):
            return
        await asyncio.sleep(0.002)


def _linger_zero(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
