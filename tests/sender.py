"""A tus client that does exactly what a test wants, right or wrong."""

import base64
import hashlib
import http.client
import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.listener import Heard, hear
from tests.server import NONE, Answer
from tests.waiting import PATIENCE

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def checksum(data: bytes) -> dict[str, str]:
    return {"Upload-Checksum": "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()}


def metadata(**values: str) -> dict[str, str]:
    pairs = [f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items()]
    return {"Upload-Metadata": ",".join(pairs)} if pairs else {}


PACK = "application/vnd.pacs-proxy.pack"


def pack(batch: str, files: Mapping[str, bytes], **changes: object) -> bytes:
    """Several files as one body, by client key."""
    entries = [
        {"key": k, "name": f"disc/{k}", "size": len(d), "sha256": hashlib.sha256(d).hexdigest()}
        | changes
        for k, d in files.items()
    ]
    index = json.dumps({"batch": batch, "files": entries}).encode()
    return b"%08d" % len(index) + index + b"".join(files.values())


class Sender:
    """Speaks to the server at `url`, whose tus endpoint is `path`."""

    def __init__(self, url: str, path: str = "/api/uploads") -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "", parts.port or 80)
        self.path = path

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = NONE,
        body: bytes | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def post(self, length: int, data: bytes | None = None, **more: str) -> Answer:
        """Create; with `data` its first bytes come along. Other keywords are metadata."""
        headers = {**TUS, "Upload-Length": str(length), **metadata(**more)}
        if data is not None:
            headers |= {**BYTES, **checksum(data)}
        return self.ask("POST", self.path, headers, data or b"")

    def create(self, length: int, data: bytes | None = None, **more: str) -> str:
        """Its address, as a path."""
        answer = self.post(length, data, **more)
        assert answer.status == 201, answer.body
        return urlsplit(answer.headers["Location"]).path

    def head(self, where: str) -> Answer:
        return self.ask("HEAD", where, TUS)

    def offset(self, where: str) -> int:
        """Once a broken request is over: until then it is 423, and clients ask again."""
        deadline = time.monotonic() + PATIENCE
        while (answer := self.head(where)).status == 423:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert answer.status == 200, answer.status
        return int(answer.headers["Upload-Offset"])

    def patch(
        self, where: str, offset: int, data: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """With its checksum, unless other headers are given."""
        given = checksum(data) if headers is None else headers
        return self.ask("PATCH", where, {**BYTES, "Upload-Offset": str(offset), **given}, data)

    def patch_when_free(self, where: str, offset: int, data: bytes) -> Answer:
        """As a client does: 423 means that a broken request is not over yet, here or there."""
        deadline = time.monotonic() + PATIENCE
        while (answer := self.patch(where, offset, data)).status == 423:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return answer

    def delete(self, where: str) -> Answer:
        return self.ask("DELETE", where, TUS)

    def begin(
        self, method: str, where: str, headers: Mapping[str, str], length: int, part: bytes
    ) -> socket.socket:
        """A request whose body has only begun."""
        sock = socket.create_connection(self.address, timeout=PATIENCE)
        lines = [f"{method} {where} HTTP/1.1", "Host: {}:{}".format(*self.address)]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, f"Content-Length: {length}", "", ""])
        sock.sendall(head.encode("latin-1") + part)
        return sock

    def cut(
        self, where: str, offset: int, data: bytes, at: int, headers: Mapping[str, str] = NONE
    ) -> Heard:
        """A PATCH that announces all of `data` and half-closes after `at` bytes."""
        whole = {**BYTES, "Upload-Offset": str(offset), **headers}
        with self.begin("PATCH", where, whole, len(data), data[:at]) as sock:
            sock.shutdown(socket.SHUT_WR)
            return hear(sock)

    def batch(self, key: str, source: str = "files") -> str:
        body = json.dumps({"key": key, "source": source}).encode()
        answer = self.ask(
            "POST", "/api/uploads/batches", {"Content-Type": "application/json"}, body
        )
        assert answer.status in {200, 201}, answer.body
        return str(json.loads(answer.body)["id"])

    def news(self, batch: str, rev: int = 0) -> dict[str, Any]:
        answer = self.ask("GET", f"/api/uploads/batches/{batch}?rev={rev}")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found
