"""A server that takes bodies as a test has written it down: one script for each connection."""

import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from tests.fakes.wire import REASONS
from tests.waiting import PATIENCE

Script = Callable[["Taken"], None]


class Taken:
    """One accepted connection: what came, and how to answer or end it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.data = sock, bytearray()

    @property
    def head(self) -> bytes:
        return bytes(self.data.partition(b"\r\n\r\n")[0])

    @property
    def body(self) -> bytes:
        return bytes(self.data.partition(b"\r\n\r\n")[2])

    def take_head(self) -> None:
        self._take(lambda: b"\r\n\r\n" in self.data)

    def take(self, count: int) -> None:
        """Until that many bytes of the body have come, or the other side has left."""
        self.take_head()
        self._take(lambda: len(self.body) >= count)

    def take_all(self) -> None:
        self.take_head()
        lines = self.head.lower().split(b"\r\n")
        lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
        self.take(lengths[0] if lengths else 0)

    def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Unknown')}", *headers]
        head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
        self.sock.sendall(head.encode() + body)

    def serve(self, requests: int = 1 << 30) -> None:
        """As it should be: take a whole request, answer it, and again on the same connection."""
        for _ in range(requests):
            # The last request stays to be looked at until the next one comes.
            first = self.sock.recv(1 << 16)
            if not first:
                return
            self.data[:] = first
            self.take_all()
            self.answer(200, b"ok")

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hear_out(self) -> None:
        """Take all that comes and say nothing."""
        while self.sock.recv(1 << 16):
            pass

    def ignore(self) -> None:
        """Take nothing, until the other side has gone."""
        poller = select.poll()
        poller.register(self.sock, select.POLLRDHUP)
        poller.poll(PATIENCE * 1000)

    def _take(self, is_enough: Callable[[], bool]) -> None:
        while not is_enough():
            piece = self.sock.recv(1 << 16)
            if not piece:
                return
            self.data += piece


class Receiver:
    """`with Receiver([script, …]) as server`: the last script serves all further connections."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self._scripts = list(scripts)
        self.connections: list[Taken] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for taken in self.connections:
            with suppress(OSError):
                taken.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def join(self) -> None:
        """Until the script of every connection made has come to its end."""
        with self._changed:
            self._changed.wait_for(lambda: self._threads, PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._begin(Taken(sock))

    def _begin(self, taken: Taken) -> None:
        with self._changed:
            self.connections.append(taken)
            script = self._scripts[min(len(self.connections), len(self._scripts)) - 1]
            thread = threading.Thread(target=self._run, args=(script, taken), daemon=True)
            thread.start()
            self._threads.append(thread)
            self._changed.notify_all()

    def _run(self, script: Script, taken: Taken) -> None:
        with suppress(OSError):
            script(taken)
        taken.sock.close()
