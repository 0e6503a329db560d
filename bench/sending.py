"""What sends files in the benches: to Orthanc directly, to us by tus, to Orthanc by DICOM."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bench.large import Large
from pacs_proxy.demo.orthanc import ThrowawayOrthanc

T = TypeVar("T")

CHUNK = 8 << 20
BYTES = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
# What a browser keeps to one server, less one for the page itself.
BROWSER = 5
# The viewer looks each second; near the end more often, so that the figure is not rounded up.
_POLL_SECONDS, _END_SECONDS, _END_FILES = 1.0, 0.1, 50


class SendingFailed(RuntimeError):
    """Something that must succeed did not."""


def checksum(data: bytes) -> str:
    return "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()


def metadata(**values: str) -> str:
    pairs = [f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in values.items()]
    return ",".join(pairs)


class Connection:
    """One kept-alive connection."""

    def __init__(self, url: str) -> None:
        self._http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)

    def ask(
        self, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        self._http.request(method, path, body, headers or {})
        answer = self._http.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        self._http.close()


def in_parallel(
    url: str, count: int, work: Sequence[T], send: Callable[[Connection, int, T], None]
) -> None:
    """Each piece of work once, over `count` connections."""
    numbered = list(enumerate(work))

    def run(first: int) -> None:
        connection = Connection(url)
        for number, data in numbered[first::count]:
            send(connection, number, data)
        connection.close()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))


def directly(orthanc: ThrowawayOrthanc, files: Sequence[bytes], parallel: int = 4) -> float:
    """POST /instances; what loaders do that check nothing."""

    def send(connection: Connection, _: int, data: bytes) -> None:
        status, _headers, body = connection.ask("POST", "/instances", data)
        if status != 200 or json.loads(body)["Status"] != "Success":
            raise SendingFailed(f"Orthanc answered {status}.")

    began = time.monotonic()
    in_parallel(orthanc.url, parallel, files, send)
    return time.monotonic() - began


def by_dicom(orthanc: ThrowawayOrthanc, files: Sequence[bytes]) -> float:
    """One association of dcmsend."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(files):
            (Path(folder) / f"{number}.dcm").write_bytes(data)
        began = time.monotonic()
        command = ["dcmsend", "--scan-directories", "127.0.0.1", str(orthanc.dicom_port), folder]
        subprocess.run(command, check=True, capture_output=True)
        return time.monotonic() - began


class Batch:
    """One batch at our server, followed as the viewer follows it."""

    _numbers = itertools.count()

    def __init__(self, url: str) -> None:
        self.url, self.key = url, f"bench-{time.time_ns()}-{next(self._numbers)}"
        body = json.dumps({"key": self.key, "source": "files"}).encode()
        media = {"Content-Type": "application/json"}
        status, _, answer = Connection(url).ask("POST", "/api/uploads/batches", body, media)
        if status != 201:
            raise SendingFailed(f"No batch: {status}.")
        self.id = str(json.loads(answer)["id"])
        self.rev = 0

    def news(self) -> dict[str, Any]:
        path = f"/api/uploads/batches/{self.id}?rev={self.rev}"
        # A connection of its own each time: between two looks the server may close an idle one.
        status, _, body = Connection(self.url).ask("GET", path, headers={"Connection": "close"})
        if status != 200:
            raise SendingFailed(f"No news: {status}.")
        found: dict[str, Any] = json.loads(body)
        self.rev = int(found["rev"])
        return found

    def create(self, connection: Connection, number: int, length: int, data: bytes) -> str:
        """Its address; `data` are its first bytes."""
        named = metadata(key=f"{self.key}-{number}", batch=self.id, name=f"disc/{number}")
        headers = {**BYTES, "Upload-Length": str(length), "Upload-Metadata": named}
        headers |= {"Upload-Checksum": checksum(data)}
        status, answer, _ = connection.ask("POST", "/api/uploads", data, headers)
        if status != 201:
            raise SendingFailed(f"Not created: {status}.")
        return answer["Location"]

    def pack(self, connection: Connection, first: int, files: Sequence[bytes]) -> None:
        """Several new uploads in one request, numbered from `first` on."""
        entries = [
            {
                "key": f"{self.key}-{number}",
                "name": f"disc/{number}",
                "size": len(data),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
            for number, data in enumerate(files, first)
        ]
        index = json.dumps({"batch": self.id, "files": entries}).encode()
        body = b"".join((b"%08d" % len(index), index, *files))
        media = {"Content-Type": "application/vnd.pacs-proxy.pack"}
        status, _, _ = connection.ask("POST", "/api/uploads/pack", body, media)
        if status != 201:
            raise SendingFailed(f"Not taken: {status}.")

    def wait(self, expected: int, seconds: float = 900.0) -> dict[str, int]:
        """Until all of it is dealt with; the outcomes."""
        deadline = time.monotonic() + seconds
        while True:
            counts: dict[str, int] = self.news()["counts"]
            if counts["uploads"] == expected and not counts["waiting"]:
                return counts
            if time.monotonic() > deadline:
                raise SendingFailed(f"Not done in {seconds} s: {counts}.")
            near = counts["waiting"] <= _END_FILES
            time.sleep(_END_SECONDS if near else _POLL_SECONDS)


def by_tus(url: str, files: Sequence[bytes], parallel: int = BROWSER) -> tuple[float, float]:
    """Seconds until all are sent, and until all are proven stored in the archive."""
    batch = Batch(url)

    def send(connection: Connection, number: int, data: bytes) -> None:
        batch.create(connection, number, len(data), data)

    return _timed(batch, files, lambda: in_parallel(url, parallel, files, send))


def by_packs(url: str, files: Sequence[bytes], parallel: int = BROWSER) -> tuple[float, float]:
    """The same as the viewer sends small files: several in one request."""
    batch = Batch(url)
    each = max(1, CHUNK // max(map(len, files)))
    packs = [files[at : at + each] for at in range(0, len(files), each)]

    def send(connection: Connection, number: int, pack: Sequence[bytes]) -> None:
        batch.pack(connection, number * each, pack)

    return _timed(batch, files, lambda: in_parallel(url, parallel, packs, send))


def _timed(batch: Batch, files: Sequence[bytes], send: Callable[[], None]) -> tuple[float, float]:
    began = time.monotonic()
    send()
    sent = time.monotonic() - began
    counts = batch.wait(len(files))
    if counts["stored"] != len(files):
        raise SendingFailed(f"Not all were stored: {counts}.")
    return sent, time.monotonic() - began


def one_by_tus(url: str, large: Large, batch: Batch) -> None:
    """A large file in chunks of 8 MiB, one after the other, never held."""
    connection, where, at = Connection(url), "", 0
    for data in _chunks(large):
        if not where:
            where = batch.create(connection, 0, large.size, data)
        else:
            headers = {**BYTES, "Upload-Offset": str(at), "Upload-Checksum": checksum(data)}
            status, _, _ = connection.ask("PATCH", where, data, headers)
            if status != 204:
                raise SendingFailed(f"A chunk was answered {status}.")
        at += len(data)
    connection.close()


def _chunks(large: Large) -> Any:
    held = bytearray()
    for piece in large.pieces():
        held += piece
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
