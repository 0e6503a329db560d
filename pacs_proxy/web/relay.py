"""Whatever the edge does not have itself, from the data side: nothing of it is kept here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from flask import Response, current_app, g, request

from pacs_proxy import logs
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.sending import Sendable
from pacs_proxy.upstream.transport import Request
from pacs_proxy.upstream.watch import Watch
from pacs_proxy.web.hold import Hold
from pacs_proxy.web.peer import ADDRESS_HEADER, ID_HEADER, Answer, Peer

KEY = "pacs_proxy.edge"

# What a browser may tell the data side. Keys, forwarding and overrides of its own stay here.
_ASKED = (
    *("Host", "Origin", "Accept", "Content-Type", "Content-Encoding"),
    *("Cookie", "Authorization", "X-Change-Token", "X-Present", "Sec-Fetch-Site"),
    *("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum"),
)
# What the data side may tell a browser.
_ANSWERED = (
    *("Content-Type", "Content-Disposition", "Content-Range", "Accept-Ranges", "ETag"),
    *("Cache-Control", "Repr-Digest", "Retry-After", "Allow", "Location", "Accept-Encoding"),
    *("X-Integrity", "X-Converted", "X-Diagnostic", "X-Transfer-Syntax"),
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size"),
    *("Tus-Checksum-Algorithm", "Upload-Offset", "Upload-Length", "Upload-Metadata"),
    *("Upload-Expires", "Clear-Site-Data"),
)
_PATH = "/-._~!$&'()*+,;=:@"


@dataclass(frozen=True)
class Edge:
    """What the edge's views need, made once by `edge.create_edge`.

    `patience` and `body_seconds` in seconds: the longest silence of the data side, which itself
    waits for the archive, and of a client in the middle of its body; `request_bytes` is how much
    of a refused body is read all the same.
    """

    peer: Peer
    watch: Watch
    hold: Hold
    verify_first: int
    patience: float
    body_seconds: float
    request_bytes: int


def here() -> Edge:
    """The objects of the application that answers this request."""
    found: Edge = current_app.extensions[KEY]
    return found


def interest() -> Interest:
    """This request's interest; it is lost when the client leaves."""
    found: Interest = g.interest
    return found


def asked(method: str | None = None, body: Sendable | None = None) -> Request:
    """The request as the data side gets it: same address, allowed headers, same id."""
    headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
    headers[ID_HEADER] = logs.request_id.get()
    headers[ADDRESS_HEADER] = request.remote_addr or ""
    query = request.query_string.decode("latin-1")
    path = quote(request.path, _PATH) + ("?" + query if query else "")
    return Request(path, method or request.method, body, headers, patience=here().patience)


def passed(answer: Answer) -> Response:
    """An answer as the browser gets it."""
    head = answer.head
    response = Response(answer.data, head.status, content_type=head.headers.get("content-type"))
    response.headers.update(allowed(answer))
    for cookie in filter(None, head.headers.get("set-cookie", "").split("\n")):
        response.headers.add("Set-Cookie", cookie)
    if not head.headers.get("content-type"):
        response.headers.pop("Content-Type", None)
    if request.method == "HEAD" and "content-length" in head.headers:
        response.automatically_set_content_length = False
        response.headers["Content-Length"] = head.headers["content-length"]
    return response


def allowed(answer: Answer) -> dict[str, str]:
    """The headers of an answer that may pass."""
    said = answer.head.headers
    return {name: said[name.lower()] for name in _ANSWERED if name.lower() in said}


def question() -> Response:
    """Lists and other short answers: whole, and what was sent."""
    wanted = asked()
    known = request.headers.get("If-None-Match")
    if known:
        wanted = replace(wanted, headers={**wanted.headers, "If-None-Match": known})
    return passed(here().peer.answer(wanted, interest()))


def glance() -> Response:
    """What is asked once and at once, such as how things are."""
    return passed(here().peer.once(asked(), interest()))
