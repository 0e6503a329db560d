"""The questions we put to Orthanc; each path is built from validated parts, never passed on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pacs_proxy import metrics
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.upstream.answers import (
    Description,
    check_file,
    description,
    expect_success,
    parse_json,
)
from pacs_proxy.upstream.attempts import Attempts, Persistence, persist
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.stream import proven, resumed
from pacs_proxy.upstream.transport import Request, Transport


class Client:
    """One archive behind one or several nodes."""

    def __init__(self, transport: Transport, persistence: Persistence) -> None:
        self._transport, self._persistence = transport, persistence

    def attempts(self, interest: Interest) -> Attempts:
        """The tries of a new request."""
        return Attempts(self._persistence, interest)

    def describe(self, instance: str, interest: Interest) -> Description:
        """Size, MD5 and attachment Uuid as stored: the HEAD that Orthanc does not answer.

        Raises NotFound, Unreachable, Refused.
        """
        path = f"/instances/{instance}/attachments/dicom/info"
        return persist(
            self.attempts(interest),
            lambda node: description(instance, self._ask(node, path, interest)),
        )

    def get(self, path: str, interest: Interest) -> Any:
        """The JSON answer to a question of ours."""
        return self._persist(interest, lambda node: self._ask(node, path, interest))

    def post(self, path: str, question: Any, interest: Interest) -> Any:
        """The JSON answer to a question with a body, such as a search; it must change nothing."""
        body = json.dumps(question).encode()
        return self._persist(interest, lambda node: self._ask(node, path, interest, body))

    def body(self, wanted: Description, attempts: Attempts) -> Iterator[memoryview]:
        """The stored bytes of one attachment, proven; chunks as in `stream.resumed`.

        Raises Corrupt, Damaged, Changed, NotFound, Interrupted, Unreachable.
        """
        open_at = partial(self._opened, wanted, attempts.interest)
        return proven(resumed(open_at, wanted.size, attempts), wanted.expected)

    @contextmanager
    def _opened(
        self, wanted: Description, interest: Interest, node: int, offset: int
    ) -> Iterator[Body]:
        """The attachment's body at `offset`; only the very bytes described may continue it."""
        headers = {"Range": f"bytes={offset}-{wanted.size - 1}"} if offset else {}
        path = f"/instances/{wanted.instance}/attachments/dicom/data"
        request = Request(path, headers=headers, size=wanted.size)
        with self._transport.send(node, request, interest) as body:
            body.skip(check_file(body.status, body.headers, body.length, wanted, offset))
            yield body

    def _ask(self, node: int, path: str, interest: Interest, body: bytes | None = None) -> Any:
        with self._transport.send(node, Request(path, body), interest) as answer:
            data = answer.read()
        expect_success(answer.status, answer.headers)
        return parse_json(data)

    def _persist(self, interest: Interest, ask: Callable[[int], Any]) -> Any:
        return persist(self.attempts(interest), ask)


def prober(transport: Transport) -> Callable[[int, Interest], bool]:
    """Whether a node answers and is an Orthanc: a stranger on its port must not be believed."""

    def probe(node: int, interest: Interest) -> bool:
        try:
            with transport.send(node, Request("/system"), interest) as answer:
                system = parse_json(answer.read())
        except PacsProxyError:
            metrics.PROBES.labels("none").inc()
            return False
        is_orthanc = isinstance(system, dict) and "ApiVersion" in system
        metrics.PROBES.labels("orthanc" if is_orthanc else "stranger").inc()
        return is_orthanc

    return probe
