"""A raw client: what came, and how the connection ended, with nothing made nicer."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tests.waiting import PATIENCE

QUIET = 0.25
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Heard:
    """All bytes that came; `end` is "fin", "rst" or "quiet" (nothing more for a while)."""

    data: bytes
    end: str

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1])

    @property
    def head(self) -> str:
        return self.data.partition(b"\r\n\r\n")[0].decode("latin-1")

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> list[str]:
        pairs = [line.partition(": ") for line in self.head.split("\r\n")[1:]]
        return [value for key, _, value in pairs if key.lower() == name.lower()]


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def ask(
    sock: socket.socket,
    path: str,
    headers: Mapping[str, str] = NONE,
    method: str = "GET",
    body: bytes = b"",
) -> None:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    sock.sendall("\r\n".join([*lines, "", ""]).encode() + body)


def hear(sock: socket.socket, quiet: float | None = None, least: int = 0) -> Heard:
    """Read to the end, or for as long as something is due, or until quiet for so long.

    What must come is waited for: `least` bytes, or without `quiet` a whole answer.
    """
    heard = b""
    while True:
        try:
            due = len(heard) < least or (quiet is None and _due(heard))
            sock.settimeout(PATIENCE if due else quiet or 0.05)
            data = sock.recv(1 << 16)
        except TimeoutError:
            return Heard(heard, "quiet")
        except ConnectionResetError:
            return Heard(heard, "rst")
        if not data:
            return Heard(heard, "fin")
        heard += data


def _due(heard: bytes) -> bool:
    promised = re.search(rb"Content-Length: (\d+)", heard)
    _, mark, body = heard.partition(b"\r\n\r\n")
    if mark and heard.partition(b" ")[2][:3] in {b"204", b"304"}:
        return False
    return not mark or promised is None or len(body) < int(promised[1])


def fetch(
    port: int,
    path: str,
    headers: Mapping[str, str] = NONE,
    quiet: float | None = None,
    least: int = 0,
) -> Heard:
    """One GET on a connection of its own."""
    with connect(port) as sock:
        ask(sock, path, headers)
        return hear(sock, quiet, least)


def post(port: int, path: str, body: bytes) -> Heard:
    with connect(port) as sock:
        ask(sock, path, method="POST", body=body)
        return hear(sock)


def at_the_door(port: int, seconds: float = PATIENCE) -> tuple[bytes, str]:
    """Listen without asking; a reset may come while the connection is still being made."""
    try:
        with connect(port) as sock:
            heard = hear(sock, seconds)
    except ConnectionResetError:
        return b"", "rst"
    return heard.data, heard.end
