"""The data side as the edge sees it: one upstream, asked with our key, that must prove itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pacs_proxy import logs
from pacs_proxy.errors import (
    Corrupt,
    Interrupted,
    PacsProxyError,
    Refused,
    ServicesInterrupted,
    ServicesUnreachable,
    Unreachable,
    UpstreamError,
)
from pacs_proxy.upstream.attempts import Attempts, Persistence, persist
from pacs_proxy.upstream.body import Body
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.transport import Request, Transport
from pacs_proxy.upstream.wire import Head

KEY_HEADER = "X-Internal-Key"
ID_HEADER = "X-Request-Id"
# Short answers that services sends with a digest of their bytes.
VOUCHED = frozenset({"application/json", "image/jpeg", "image/png", "text/csv"})
# Who asks the edge; the data side believes it of its edge alone.
ADDRESS_HEADER = "X-Edge-Client"
_DIGEST = re.compile(r"md5=:([A-Za-z0-9+/]{22}==):\Z")


@dataclass(frozen=True)
class Answer:
    """One whole answer; what it says is the data side's business, that it is whole is ours."""

    head: Head
    data: bytes


class Peer:
    """Asks the data side, under the id of the request that is being answered."""

    def __init__(self, transport: Transport, persistence: Persistence) -> None:
        self._transport, self._persistence = transport, persistence

    def attempts(self, interest: Interest) -> Attempts:
        """The tries of a new request."""
        return Attempts(self._persistence, interest, concerns_object=False)

    def answer(self, request: Request, interest: Interest) -> Answer:
        """The answer to what may be asked twice: asked again while the data side is away."""
        with as_data_side():
            return persist(self.attempts(interest), lambda n: self._read(n, request, interest))

    def once(self, request: Request, interest: Interest) -> Answer:
        """Asked once and at once; what became of it is for whoever asked us to find out."""
        health = self._persistence.health
        with as_data_side():
            node = health.choose(0)
            if node is None:
                self._persistence.look()
                raise Unreachable("It is away.")
            try:
                answer = self._read(node, request, interest)
            except Unreachable:
                health.failed(node)
                raise
            except UpstreamError:
                interest.check()
                raise
            health.succeeded(node)
            return answer

    @contextmanager
    def opened(self, node: int, request: Request, interest: Interest) -> Iterator[Body]:
        """An answer whose body is not read yet."""
        with self._transport.send(node, request, interest) as body:
            _expect_services(body.head)
            yield body

    def _read(self, node: int, request: Request, interest: Interest) -> Answer:
        with self.opened(node, request, interest) as body:
            data = body.read()
            if request.method != "HEAD":
                _expect_digest(body.head, data)
            return Answer(body.head, data)


@contextmanager
def as_data_side() -> Iterator[None]:
    """What upstream says of "the archive" concerns the data side here: say so."""
    try:
        yield
    except Unreachable as error:
        raise ServicesUnreachable(
            "The data side does not answer; loading goes on by itself when it is back.",
            error.retry_after or 1,
        ) from error
    except Refused as error:
        raise ServicesInterrupted(error.detail) from error
    except UpstreamError as error:
        raise ServicesInterrupted("The data side's answer broke off; try again.") from error


def digest_of(headers: Mapping[str, str]) -> str | None:
    """The MD5 in hexadecimal that an answer names for its whole (RFC 9530), or None."""
    match = _DIGEST.match(headers.get("repr-digest", ""))
    try:
        return base64.b64decode(match[1]).hex() if match else None
    except binascii.Error:
        return None


def prober(transport: Transport) -> Callable[[int, Interest], bool]:
    """Whether the data side answers again."""

    def probe(node: int, interest: Interest) -> bool:
        try:
            with transport.send(node, Request("/healthz"), interest) as answer:
                said = json.loads(answer.read())
        except (PacsProxyError, ValueError):
            return False
        return bool(said == {"status": "ok"})

    return probe


def _expect_services(head: Head) -> None:
    """A stranger on its port must not be believed, whatever it says."""
    if head.status == 401 and head.headers.get("www-authenticate") == KEY_HEADER:
        raise Refused(
            "The data side does not accept this server's INTERNAL_API_KEY; give both the same."
        )
    if head.headers.get(ID_HEADER.lower()) != logs.request_id.get():
        raise Interrupted("What answers at SERVICES_URL is no PACS Proxy.")


def _expect_digest(head: Head, data: bytes) -> None:
    """One flipped bit in a list is another patient's name."""
    named = digest_of(head.headers)
    kind = head.headers.get("content-type", "").partition(";")[0]
    if named is None and kind in VOUCHED:
        raise Interrupted("The answer came without its digest.")
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if head.length and named not in {None, found}:
        raise Corrupt("The answer is not the one that was sent.")
