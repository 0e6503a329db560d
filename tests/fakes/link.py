"""A bad line in front of any server: delay, narrow bandwidth, cuts, stalls and flipped bits."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Self

from tests.fakes.passage import Line, Passage, Stream
from tests.fakes.trouble import Direction, Fair, Trouble, Weather
from tests.waiting import PATIENCE


class Link:
    """`with Link("127.0.0.1", port, latency=0.02, rate=2.5e6) as link: link.url`.

    latency: seconds one way. rate: bytes a second each way, shared by all connections.
    `latency`, `rate` and `weather` (for new connections) may be changed while it runs.
    """

    def __init__(
        self,
        host: str,
        port: int,
        latency: float = 0.0,
        rate: float | None = None,
        weather: Weather | None = None,
    ) -> None:
        self.target = (host, port)
        self.weather: Weather = weather or Fair()
        self.port = self.accepted = 0
        self._line = Line(latency, rate)
        self._passages: set[Passage] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: Future[None] = Future()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def latency(self) -> float:
        return self._line.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._line.latency = seconds

    @property
    def rate(self) -> float | None:
        return self._line.rate

    @rate.setter
    def rate(self, bytes_per_second: float | None) -> None:
        self._line.rate = bytes_per_second

    @property
    def connections(self) -> int:
        return len(self._passages)

    @property
    def carried(self) -> dict[Direction, int]:
        """Bytes taken in so far, each way."""
        return dict(self._line.carried)

    @property
    def met(self) -> list[tuple[int, Trouble]]:
        """Number of the connection, and what befell it."""
        return list(self._line.met)

    def pause(self) -> None:
        """Nothing passes any more, in either direction, and nothing breaks."""
        self._call(self._line.flowing.clear)

    def resume(self) -> None:
        self._call(self._line.flowing.set)

    def cut(self, reset: bool = True) -> None:
        """Break every connection there is now."""

        def abort_all() -> None:
            for passage in list(self._passages):
                passage.abort(reset)

        self._call(abort_all)

    def refuse(self) -> None:
        """New connections are refused from now on; those there are live on."""
        self._call(self._close_door)

    def accept(self) -> None:
        """New connections are taken again, on the same port."""
        self._call(self._open_door)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        self._ready.result(PATIENCE)
        return self

    def __exit__(self, *error: object) -> None:
        self._call(self._over.set)
        self._thread.join(PATIENCE)

    def _call(self, action: Callable[[], object]) -> None:
        """In the link's own thread."""

        async def act() -> None:
            result = action()
            if isinstance(result, Awaitable):
                await result

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(PATIENCE)

    async def _main(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._line.flowing.set()
        await self._open_door()
        self._ready.set_result(None)
        await self._over.wait()
        self._close_door()
        # Whom the loop is just taking in becomes a task of ours a moment later.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(others)

    async def _open_door(self) -> None:
        self._door = await asyncio.start_server(
            self._accepted, "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._door.sockets[0].getsockname()[1]

    def _close_door(self) -> None:
        self._door.close()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.accepted = self.accepted, self.accepted + 1
        task = asyncio.create_task(self._carry((reader, writer), number))
        self._tasks.add(task)

        def over(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            # Perhaps before its first step: nobody else closes the connection then.
            if ended.cancelled():
                writer.transport.abort()

        task.add_done_callback(over)

    async def _carry(self, client: Stream, number: int) -> None:
        try:
            server = await asyncio.open_connection(*self.target)
        except OSError:
            return _reset(client[1])
        passage = Passage(self._line, client, server, number)
        self._passages.add(passage)
        try:
            await passage.carry(self.weather.troubles(number))
        finally:
            self._passages.discard(passage)
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    """The server cannot be reached; the client has been accepted already, so it is reset."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
