"""HTTP/1.1 as Orthanc speaks it (RFC 9112), and nothing more: what is odd is refused.

Strict on purpose: http.client takes headers cut short, repeated lengths and both framings at
once for good answers, and its header parser costs more than Orthanc's whole description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedReader

from pacs_proxy.errors import Interrupted

_LONGEST_LINE = 16 << 10
_MOST_HEADERS = 100
# RFC 9112 6.3: whatever length such an answer names, no body follows it.
_BODILESS = frozenset({204, 304})


class Unanswered(Exception):
    """The connection ended before the first byte of an answer."""


@dataclass(frozen=True)
class Head:
    """Status and headers of one answer; header names in lower case.

    `length` counts the bytes that follow: none after HEAD, whatever Content-Length says.
    """

    status: int
    headers: Mapping[str, str]
    length: int

    @property
    def keeps_open(self) -> bool:
        """Whether the connection may be used again (RFC 9112 9.3)."""
        return "close" not in self.headers.get("connection", "").lower()


def request_head(method: str, target: str, headers: Mapping[str, str], length: int | None) -> bytes:
    """One request up to its body; targets and headers are ours, a line break in them is a bug."""
    lines = [
        f"{method} {target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a request must not contain line breaks")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def read_head(reader: BufferedReader, method: str = "GET") -> Head:
    """The head of one answer; raises Unanswered, Interrupted, TimeoutError, OSError."""
    line = reader.readline(_LONGEST_LINE)
    status, headers = _status(line), dict[str, str]()
    is_old = line.startswith(b"HTTP/1.0")
    for _ in range(_MOST_HEADERS):
        line = reader.readline(_LONGEST_LINE)
        if line == b"\r\n":
            if is_old:  # which keeps a connection only where it says so
                headers.setdefault("connection", "close")
            if method == "HEAD" or status in _BODILESS:
                return Head(status, headers, _no_length(status, headers))
            return Head(status, headers, _length(headers))
        _add(headers, line)
    raise Interrupted("The archive's answer has too many headers.")


def _status(line: bytes) -> int:
    if not line:
        raise Unanswered
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/1.") or not code.isdigit() or not line.endswith(b"\r\n"):
        raise Interrupted("The archive's answer is no HTTP.")
    return int(code)


def _add(headers: dict[str, str], line: bytes) -> None:
    key, text = _header(line)
    if key == "set-cookie" and key in headers:
        # Alone among headers it may be repeated and not be joined with a comma (RFC 9110, 5.3).
        headers[key] += f"\n{text}"
    elif headers.setdefault(key, text) != text and key in {"content-length", "etag"}:
        raise Interrupted(f"The archive's answer contradicts itself ({key}).")


@lru_cache(256)
def _header(line: bytes) -> tuple[str, str]:
    """Name and value of one line; most of an archive's lines are those of its last answer."""
    name, colon, value = line.partition(b":")
    if not colon or not line.endswith(b"\r\n") or name != name.strip() or not name:
        raise Interrupted("The archive's answer was cut inside its headers.")
    return name.decode("latin-1").lower(), value.decode("latin-1").strip()


def _no_length(status: int, headers: Mapping[str, str]) -> int:
    """0, unless the headers contradict it."""
    named = _length(headers) if {"content-length", "transfer-encoding"} & headers.keys() else 0
    if status == 204 and named:
        raise Interrupted("The archive's answer has a length and can have no body.")
    return 0


def _length(headers: Mapping[str, str]) -> int:
    """The one Content-Length; a body framed in any other way can be cut without a trace."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
        raise Interrupted("The archive's answer has no usable length.")
    if headers.get("content-encoding", "identity") != "identity":
        raise Interrupted("The archive compressed an answer it was asked not to.")
    return int(length)
