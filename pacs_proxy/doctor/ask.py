"""Plain questions to Orthanc by http.client: this has to work when all else is broken."""

import base64
import http.client
import json
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 5.0
MOST = 4 << 20


class Unanswered(Exception):
    """No answer; the text says why, for people."""


@dataclass(frozen=True)
class Answer:
    """Status, headers with lower-case names, and the first 4 MiB of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, or None when it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()


@dataclass(frozen=True)
class Archive:
    """Where one Orthanc is, and how to sign in."""

    url: str
    username: str = ""
    password: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def loopback(self) -> bool:
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")

    def get(self, path: str, signed: bool = True, **headers: str) -> Answer:
        """One GET on a connection of its own."""
        connection = self.connection()
        try:
            return self._get(connection, path, {**self.headers(signed), **headers})
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_reason(error)) from error
        finally:
            connection.close()

    def headers(self, signed: bool = True) -> dict[str, str]:
        plain = {"Accept-Encoding": "identity"}
        if not (signed and self.username):
            return plain
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {**plain, "Authorization": f"Basic {token}"}

    def connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        if self.secure:
            return http.client.HTTPSConnection(self.host, parts.port, timeout=SECONDS)
        return http.client.HTTPConnection(self.host, parts.port, timeout=SECONDS)

    def idle_seconds(self, patience: float) -> float | None:
        """How long an idle connection is left open; None when it outlasts our patience."""
        connection = self.connection()
        try:
            self._get(connection, "/system", self.headers())
            return _seconds_until_closed(connection.sock, patience)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_reason(error)) from error
        finally:
            connection.close()

    def _get(
        self, connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]
    ) -> Answer:
        base = urlsplit(self.url).path.rstrip("/")
        connection.request("GET", base + path, headers=dict(headers))
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read(MOST))


def _seconds_until_closed(sock: socket.socket | None, patience: float) -> float | None:
    """None also when the server keeps no connection at all: http.client has let go then."""
    if sock is None:
        return 0.0
    started = time.monotonic()
    readable, _, _ = select.select([sock], [], [], patience)
    return time.monotonic() - started if readable else None


def _reason(error: Exception) -> str:
    """In words that help, without the address (which the reader knows)."""
    reasons: list[tuple[type[Exception], str]] = [
        (ConnectionRefusedError, "connection refused: nothing listens there"),
        (socket.gaierror, "this host name is not known"),
        (TimeoutError, f"no answer in {SECONDS:.0f} s"),
        (ssl.SSLCertVerificationError, "its TLS certificate is not trusted here"),
        (ssl.SSLError, "it does not speak TLS as expected"),
        (http.client.RemoteDisconnected, "it closed the connection without an answer"),
        (http.client.BadStatusLine, "it does not speak HTTP"),
    ]
    for kind, words in reasons:
        if isinstance(error, kind):
            return words
    return type(error).__name__ + (f" ({error.strerror})" if isinstance(error, OSError) else "")
