"""Connections to one node: bounded, and never reused after a silence Orthanc may end."""

from __future__ import annotations

import base64
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader
from urllib.parse import urlsplit

from pacs_proxy.errors import Busy, Unreachable

# Kept apart for questions, so that long bodies never silence the study list.
RESERVE = 4


@dataclass(frozen=True)
class Node:
    """Where one Orthanc listens."""

    host: str
    port: int
    prefix: str = ""
    tls: bool = False

    @property
    def authority(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def parse(cls, url: str) -> Node:
        """`http://host:port/prefix`, as the settings have checked it."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return cls(parts.hostname or "", parts.port or (443 if tls else 80), parts.path, tls)


def authorization(username: str, password: str) -> dict[str, str]:
    """RFC 7617 Basic credentials, or nothing when no user is set."""
    if not username:
        return {}
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _keep_alive(sock: socket.socket) -> None:
    """A machine that lost power says nothing; its kernel's silence is noticed in ten seconds."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 4), (socket.TCP_KEEPINTVL, 2)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


class Link:
    """One TCP connection; `idle_since` is when its last answer ended."""

    def __init__(self, node: Node, context: ssl.SSLContext | None) -> None:
        self._node, self._context = node, context
        self._sock: socket.socket | None = None
        self._reader: BufferedReader | None = None
        self.used = False
        self.idle_since = 0.0

    def connect(self, seconds: float) -> None:
        """Open it; Unreachable when that takes longer."""
        try:
            self._sock = sock = self._connected(seconds)
        except OSError as error:
            raise Unreachable(f"No connection to the archive: {error.strerror or error}.") from None
        self._reader = sock.makefile("rb")

    def _connected(self, seconds: float) -> socket.socket:
        sock = socket.create_connection((self._node.host, self._node.port), seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock)
        if self._context is None:
            return sock
        return self._context.wrap_socket(sock, server_hostname=self._node.host)

    @property
    def is_open(self) -> bool:
        """Whether it was connected."""
        return self._sock is not None

    @property
    def sock(self) -> socket.socket:
        """The socket of an open connection."""
        if self._sock is None:
            raise Unreachable("The connection to the archive is closed.")
        return self._sock

    @property
    def reader(self) -> BufferedReader:
        """The one reader of the connection; what it read ahead belongs to the next answer."""
        if self._reader is None:
            raise Unreachable("The connection to the archive is closed.")
        return self._reader

    def has_rest(self) -> bool:
        """Whether bytes follow the answer just read: they would begin the next one."""
        self.sock.settimeout(0)
        try:
            return bool(self.reader.peek(1))
        except ssl.SSLWantReadError:  # TLS says so where a plain socket gives no bytes
            return False
        except (OSError, ValueError):
            return True

    def takes_more(self, seconds: float) -> bool:
        """Whether it may be written to; False when the other side answers already or has gone.

        Raises TimeoutError when neither happens in `seconds`.
        """
        poller = select.poll()
        poller.register(self.sock, select.POLLIN | select.POLLOUT | select.POLLRDHUP)
        while state := poller.poll(seconds * 1000):
            event = state[0][1]
            if event == select.POLLOUT:
                return True
            if event & ~(select.POLLOUT | select.POLLIN) or self._has_answer(seconds):
                return False
            if event & select.POLLOUT:
                return True
        raise TimeoutError

    def _has_answer(self, seconds: float) -> bool:
        """Bytes are there; but under TLS they may be session tickets, which answer nothing."""
        found = self._context is None or self.has_rest()
        self.sock.settimeout(seconds)
        return found

    def is_quiet(self) -> bool:
        """Whether nothing waits on it: neither stray bytes nor the other side's goodbye."""
        poller = select.poll()
        poller.register(self.sock, select.POLLIN | select.POLLRDHUP)
        return not poller.poll(0)

    def abort(self) -> None:
        """Wake whoever reads it, from another thread; the reader closes it."""
        sock = self._sock
        if sock is not None:
            try:
                # Closed plainly, a full line to us would keep the archive sending for a minute.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was gone already, which is what we want

    def close(self) -> None:
        """Give the socket back to the kernel."""
        if self._sock is not None and self._reader is not None:
            self._reader.close()
            self._sock.close()
            self._sock = self._reader = None
        if self._sock is not None:
            self._sock.close()


class Pool:
    """At most `size` connections to one node at a time, `reserve` of them for questions."""

    def __init__(
        self,
        node: Node,
        size: int,
        idle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        reserve: int = RESERVE,
    ) -> None:
        self.node = node
        reserve = min(reserve, max(1, size // 4))
        self._bodies = threading.BoundedSemaphore(max(1, size - reserve))
        self._questions = threading.BoundedSemaphore(reserve)
        self._idle: list[Link] = []
        self._lock = threading.Lock()
        self._idle_seconds, self._clock = idle_seconds, clock
        self._context = ssl.create_default_context() if node.tls else None

    def take(self, *, question: bool, seconds: float) -> Link:
        """A connection of the caller's own, open or not yet; give it back with `give`."""
        if not self._slots(question).acquire(timeout=seconds):
            raise Busy("All connections to the archive are in use; try again soon.", retry_after=1)
        return self._fresh_enough() or self.unused()

    def unused(self) -> Link:
        """A connection that was never used."""
        return Link(self.node, self._context)

    def give(self, link: Link, *, question: bool, reusable: bool) -> None:
        """Take a connection back; anything odd about it means it is closed."""
        if reusable and link.is_quiet():
            link.idle_since, link.used = self._clock(), True
            with self._lock:
                self._idle.append(link)
        else:
            link.close()
        self._drop_oldest()
        self._slots(question).release()

    def _drop_oldest(self) -> None:
        """One that lies below those in use would else stay until all of them are."""
        with self._lock:
            oldest = self._idle[0] if self._idle else None
            if oldest is None or self._clock() - oldest.idle_since < self._idle_seconds:
                return
            del self._idle[0]
        oldest.close()

    def _fresh_enough(self) -> Link | None:
        """The most recently used idle connection; those idle too long are closed."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                link = self._idle.pop()
            if self._clock() - link.idle_since < self._idle_seconds and link.is_quiet():
                return link
            link.close()

    def _slots(self, question: bool) -> threading.BoundedSemaphore:
        return self._questions if question else self._bodies
