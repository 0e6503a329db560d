"""Stores generated series in Orthanc, four at a time, and checks every answer."""

import hashlib
import http.client
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

PARALLEL = 4


class Files(Protocol):
    """Those of one series, made when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> bytes: ...


class LoadFailed(RuntimeError):
    """Orthanc did not store a generated file whole."""


@dataclass(frozen=True)
class Loaded:
    """What was stored: the Orthanc ids in the order of completion, and how much."""

    instances: tuple[str, ...]
    size: int


def load(
    url: str, series: Iterable[Files], progress: Callable[[int, int], None] = lambda *_: None
) -> Loaded:
    """Make and store every file; call `progress(done, total)` after each."""
    jobs = [partial(one.__getitem__, index) for one in series for index in range(len(one))]
    stored: list[str] = []
    size = 0
    with ThreadPoolExecutor(PARALLEL) as pool:
        waiting = [pool.submit(_make_and_store, url, job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                instance, length = future.result()
                stored.append(instance)
                size += length
                progress(done, len(jobs))
        finally:
            pool.shutdown(cancel_futures=True)
    return Loaded(tuple(stored), size)


def _make_and_store(url: str, make: Callable[[], bytes]) -> tuple[str, int]:
    content = make()
    return store(url, content), len(content)


def store(url: str, content: bytes) -> str:
    """Store one file and give its Orthanc id, once Orthanc's own digest agrees with ours.

    AlreadyStored alone does not prove it: Orthanc says so for other bytes too.
    """
    answer = _asked(url, "POST", "/instances", content)
    instance = str(answer["ID"])
    kept = _asked(url, "GET", f"/instances/{instance}/attachments/dicom/info")
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if kept["UncompressedMD5"] not in ("", digest):
        raise LoadFailed(f"Orthanc kept other bytes than were sent for instance {instance}.")
    return instance


def _asked(url: str, method: str, path: str, body: bytes | None = None) -> dict[str, object]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise LoadFailed(f"Orthanc answered {answer.status} to {method} {path}.")
        result: dict[str, object] = json.loads(content)
        return result
    finally:
        connection.close()
