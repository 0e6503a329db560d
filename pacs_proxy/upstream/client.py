"""The questions we put to Orthanc; each path is built from validated parts, never passed on."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from pacs_proxy import metrics
from pacs_proxy.errors import Changed, Doubtful, Interrupted, NotFound, PacsProxyError
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
from pacs_proxy.upstream.sending import Sendable
from pacs_proxy.upstream.storing import Stored, stored
from pacs_proxy.upstream.stream import Pieces, proven, resumed
from pacs_proxy.upstream.transport import Request, Transport

# Seconds that an archive may think about a file, and bytes a second that it takes at least.
_STORE_SECONDS, _STORE_RATE = 60.0, 8 << 20


class Client:
    """One archive behind one or several nodes."""

    def __init__(self, transport: Transport, persistence: Persistence, patience: float) -> None:
        self._transport, self._persistence = transport, persistence
        self._patience = patience

    def attempts(self, interest: Interest) -> Attempts:
        """The tries of a new request."""
        return Attempts(self._persistence, interest)

    def impatient(self, seconds: float) -> Client:
        """The same archive for work that can be put off: it gives up after so many seconds."""
        policy = replace(self._persistence.policy, deadline=seconds)
        return Client(self._transport, replace(self._persistence, policy=policy), self._patience)

    def delay(self) -> float:
        """Seconds until an answer of the archive usually begins; 0 before the first."""
        return self._transport.delay

    def look(self) -> None:
        """Notice the return of an archive that was away; waits for nothing."""
        self._persistence.look()

    def describe(self, instance: str, interest: Interest) -> Description:
        """Size, MD5 and attachment Uuid as stored: the HEAD that Orthanc does not answer.

        Raises NotFound, Unreachable, Refused.
        """
        request = Request(f"/instances/{instance}/attachments/dicom/info")
        return persist(
            self.attempts(interest),
            lambda node: description(instance, self._ask(node, request, interest)),
        )

    def get(self, path: str, interest: Interest) -> Any:
        """The JSON answer to a question of ours."""
        return self._answer(Request(path), interest)

    def post(self, path: str, question: Any, interest: Interest) -> Any:
        """The JSON answer to a search; the archive may think about it for long."""
        body = json.dumps(question).encode()
        search = Request(path, "POST", body, repeatable=True, patience=self._patience)
        return self._answer(search, interest)

    def instances(self, wanted: Collection[str], interest: Interest) -> dict[str, Any]:
        """Those of these that it holds, expanded, by ID, in one question.

        Raises as `get`, NotFound where it does not know the question (before 1.9.4).
        """
        question = {"Resources": list(wanted), "Level": "Instance", "Metadata": False}
        answer = self.post("/tools/bulk-content", question, interest)
        try:
            return {str(found["ID"]): found for found in answer}
        except (KeyError, TypeError):
            raise Interrupted("The archive did not say what it holds.") from None

    def store(
        self, size: int, pieces: Callable[[], Iterator[memoryview]], interest: Interest
    ) -> Stored:
        """Send a whole file of `size` bytes once; `pieces` may be called again if none left us.

        Raises BadUpload, Unreachable (not stored), Doubtful (ask before sending again), Full,
        and what `pieces` raises.
        """
        patience = _STORE_SECONDS + size / _STORE_RATE

        def once(node: int) -> Stored:
            body = Sendable(size, pieces())
            request = Request("/instances", "POST", body, patience=patience)
            with self._transport.send(node, request, interest) as answer:
                try:
                    data = answer.read()
                except Interrupted:
                    raise Doubtful("The archive's answer to a file broke off.") from None
            return stored(answer.head, data)

        return persist(self.attempts(interest), once)

    def delete(self, level: str, resource: str, interest: Interest) -> bool:
        """Delete one of `instances`, `series`, `studies`, `patients`; False if it was gone already.

        Raises as `get`; may be repeated after any failure.
        """
        request = Request(f"/{level}/{resource}", "DELETE", repeatable=True)
        with suppress(NotFound):
            self._answer(request, interest)
            return True
        return False

    def _answer(self, request: Request, interest: Interest) -> Any:
        attempts = Attempts(self._persistence, interest, concerns_object=False)
        return persist(attempts, lambda node: self._ask(node, request, interest))

    def body(self, wanted: Description, attempts: Attempts) -> Generator[memoryview, None, None]:
        """The stored bytes of one attachment, proven; chunks as in `stream.resumed`.

        Raises Corrupt, Damaged, Changed, NotFound, Interrupted, Unreachable.
        """
        open_at = partial(self._opened, wanted, attempts.interest)
        left = wanted.size
        with (
            Pieces(wanted.size) as buffers,
            closing(resumed(open_at, wanted.size, attempts, buffers)) as chunks,
            closing(proven(chunks, wanted.expected)) as pieces,
        ):
            for piece in pieces:
                left -= len(piece)
                if not left and wanted.md5 is None:
                    self._confirm(wanted, attempts.interest)
                yield piece

    def _confirm(self, wanted: Description, interest: Interest) -> None:
        """Where the archive keeps no MD5, at least the attachment must still be the same."""
        if self.describe(wanted.instance, interest).uuid != wanted.uuid:
            raise Changed("The object was replaced in the archive while it was read.")

    @contextmanager
    def _opened(
        self, wanted: Description, interest: Interest, node: int, offset: int
    ) -> Iterator[Body]:
        """The attachment's body at `offset`; only the very bytes described may continue it."""
        headers = {"Range": f"bytes={offset}-{wanted.size - 1}"} if offset else {}
        path = f"/instances/{wanted.instance}/attachments/dicom/data"
        request = Request(path, headers=headers, size=wanted.size)
        with self._transport.send(node, request, interest) as body:
            body.skip(check_file(body.head, wanted, offset))
            yield body

    def _ask(self, node: int, request: Request, interest: Interest) -> Any:
        with self._transport.send(node, request, interest) as answer:
            data = answer.read()
        expect_success(answer.head)
        return parse_json(data)


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
