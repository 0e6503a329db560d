"""HTTP/1.1 by hand: what a scripted server reads, what it would answer, and the wire between."""

import fcntl
import json
import select
import socket
import struct
import termios
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from tests.waiting import PATIENCE

PIECE = 64 * 1024
REASONS = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    302: "Found",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Requested Range Not Satisfiable",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Gone(Exception):
    """The other side has left, or the server is being closed."""


@dataclass(frozen=True)
class Request:
    """One request as it came, kept for the test to look at."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    connection: int = 0

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class Reply:
    """The answer an honest server would give; a fault decides what becomes of it."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> "Reply":
        return replace(self, headers=(*self.without(name).headers, (name, value)))

    def without(self, name: str) -> "Reply":
        kept = tuple(h for h in self.headers if h[0].lower() != name.lower())
        return replace(self, headers=kept)

    def head(self, *framing: str) -> bytes:
        """Status line and headers, with the given framing lines instead of a Content-Length."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, *framing, "", ""]).encode("latin-1")

    def sized_head(self, length: int | None = None) -> bytes:
        return self.head(f"Content-Length: {len(self.body) if length is None else length}")


def json_reply(value: Any, status: int = 200) -> Reply:
    """As Orthanc: JSON has a type only when it is not an error."""
    body = json.dumps(value, indent=3).encode()
    kind = (("Content-Type", "application/json; charset=utf-8"),) if status == 200 else ()
    return Reply(status, body, kind)


@dataclass(eq=False)
class Wire:
    """One accepted connection, with the ways of ending it that a test wants to name."""

    sock: socket.socket
    closing: threading.Event
    number: int = 0
    _pending: bytearray = field(default_factory=bytearray)

    def send(self, data: bytes | memoryview) -> None:
        """In pieces, so that the send timeout counts stalled time and not the whole body."""
        view = memoryview(data)
        try:
            for start in range(0, len(view), PIECE):
                self.sock.sendall(view[start : start + PIECE])
        except OSError as error:
            raise Gone from error

    def wait(self, seconds: float | None) -> None:
        """Pass the time without a busy loop; raise as soon as the other side leaves."""
        deadline = None if seconds is None else monotonic() + seconds
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        while True:
            left = 0.1 if deadline is None else min(0.1, deadline - monotonic())
            if left <= 0:
                return
            if poll.poll(left * 1000) or self.closing.is_set():
                raise Gone

    def flushed(self) -> None:
        """Until the other side's kernel has taken everything sent; it raises when that leaves."""
        deadline = monotonic() + PATIENCE
        while self._unsent() and monotonic() < deadline:
            self.wait(0.001)

    def _unsent(self) -> int:
        waiting = fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(waiting, "little")

    def reset(self) -> None:
        """End with RST: linger of zero seconds makes close() send one."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def cut(self) -> None:
        """From another thread: wake whoever reads or writes here, and let the end be an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.shutdown(socket.SHUT_RDWR)

    def fin(self) -> None:
        """End with FIN, after taking in what is unread (which would turn it into RST)."""
        self._drain()
        self.sock.close()

    def _drain(self) -> None:
        self.sock.setblocking(False)
        try:
            while self.sock.recv(PIECE):
                pass
        except OSError:
            pass

    def read_request(self, idle: float | None) -> Request | None:
        """The next request, or None when there is none within the idle time."""
        head = self._until(b"\r\n\r\n", idle)
        if head is None:
            return None
        line, *rest = head.decode("latin-1").split("\r\n")
        method, target, _version = line.split(" ", 2)
        headers = dict(_header(text) for text in rest if text)
        body = self._exactly(int(headers.get("content-length", "0")))
        return Request(method, target, headers, body, self.number)

    def _until(self, mark: bytes, idle: float | None) -> bytes | None:
        while mark not in self._pending:
            if not self._more(idle):
                return None
        end = self._pending.index(mark)
        found = bytes(self._pending[:end])
        del self._pending[: end + len(mark)]
        return found

    def _exactly(self, length: int) -> bytes:
        while len(self._pending) < length:
            if not self._more(PATIENCE):
                raise Gone
        found = bytes(self._pending[:length])
        del self._pending[:length]
        return found

    def _more(self, idle: float | None) -> bool:
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        try:
            if not poll.poll(None if idle is None else idle * 1000):
                return False
            data = self.sock.recv(PIECE)
        except OSError:
            return False
        self._pending += data
        return bool(data)


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip().lower(), value.strip()


def chunked(pieces: Iterable[bytes]) -> bytes:
    """The pieces in chunked coding, without the closing chunk."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
