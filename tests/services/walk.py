"""Requests by the thousand on one connection, each written as it is, with nothing tidied up."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect, Rule

from pacs_proxy.services.routes import ROUTES

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
FILE = Path(__file__).with_name("orthanc_routes.txt")
# What no documentation of Orthanc's core lists: its plugins, and its pages.
BESIDES = (
    *("GET /app/explorer.html", "GET /app/images/orthanc-logo.png", "GET /ui/app/", "GET /ohif/"),
    *("GET /dicom-web/studies", "POST /dicom-web/studies", "GET /dicom-web/servers"),
    *("GET /dicom-web/studies/1.2/series/1.3/instances/1.4", "GET /wado-rs/studies"),
    *("POST /dicom-web/servers/a/stow", "POST /dicom-web/servers/a/retrieve"),
    *("DELETE /webdav/by-uids/", "GET /webdav/", "PUT /webdav/uploads/a", "GET /wsi/", "GET /"),
    *("GET /stone-webviewer/index.html", "GET /web-viewer/app/viewer.html", "GET /worklists"),
    *("POST /transfers/send", "POST /auth/tokens/resource-instant-link", "GET /osimis-viewer/"),
)
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
_RULES = Map(
    [Rule(r.rule, endpoint=r.view, methods=r.methods) for r in ROUTES], merge_slashes=False
)
_LISTED = _RULES.bind("localhost")


def orthancs() -> list[tuple[str, str]]:
    """Method and path of every route of both Orthancs, names filled in."""
    lines = [*FILE.read_text(encoding="ascii").splitlines(), *BESIDES]
    pairs = [line.split(" ", 1) for line in lines]
    return [(method, filled(path)) for method, path in pairs]


def filled(path: str) -> str:
    named = {"frame": "0", "index": "0", "name": "dicom", "format": "a"}
    return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], ID), path)


def spellings(path: str) -> list[str]:
    """The same route to whoever is careless about addresses."""
    letters = "".join(f"%{ord(c):02x}" if c.isalpha() else c for c in path)
    up = f"/api/pacs/instances/{ID}/file"
    return [
        f"/{path}", f"{path}/", f"{path}.", f"{path};a=b", f"{path}%00", f"{path}%20", f"/.{path}",
        f"/x/..{path}", f"/%2e%2e{path}", f"/..%2f{path[1:]}", path.replace("/", "%2F"), letters,
        f"{up}/../../../../..{path}", f"{up}%2f..%2f..%2f..%2f..%2f..{path}", f"/assets/..{path}",
        f"/wado/..{path}", f"http://127.0.0.1{path}", f"{path}?_method=DELETE", f"/api/pacs/{path}",
        f"/api{path}", path.upper(), f"/\\..{path}", f"{path}?x#/healthz",
    ]  # fmt: skip


def is_ours(method: str, target: str) -> bool:
    """Whether the route table lists it, once decoded as WSGI does."""
    path = re.sub(r"\Ahttp://[^/]+", "", target).partition("#")[0].partition("?")[0]
    try:
        _LISTED.match(unquote(path), method=method)
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


class Walker:
    """Asks again and again; `statuses` is what came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sock: socket.socket | None = None
        self._left = b""

    def ask(self, method: str, target: str, *headers: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and head of the answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", *headers]
        if method not in {"GET", "HEAD"}:
            lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        try:
            return self._asked(data, method)
        except (ConnectionError, EOFError):
            # The last answer had closed it: that is no answer to this one.
            self.close()
            return self._asked(data, method)

    def _asked(self, data: bytes, method: str) -> tuple[int, bytes]:
        if self._sock is None:
            self._sock = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        self._sock.sendall(data)
        head = self._until_blank()
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if length and method != "HEAD" and not re.match(rb"HTTP/1.1 (304|204)", head):
            self._take(int(length[1]))
        if re.search(rb"(?i)\r\nconnection: close", head):
            self.close()
        return int(head.split(b" ", 2)[1]), head

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
        self._sock, self._left = None, b""

    def _until_blank(self) -> bytes:
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        return head

    def _take(self, size: int) -> None:
        while len(self._left) < size:
            self._more()
        self._left = self._left[size:]

    def _more(self) -> None:
        assert self._sock
        data = self._sock.recv(1 << 16)
        if not data:
            raise EOFError
        self._left += data


def everywhere() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every route with every method, then every spelling with the method that it has."""
    for number, (method, path) in enumerate(orthancs()):
        for way in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"):
            for prefix in ("", "/api/pacs"):
                yield way, prefix + path, ()
        for target in spellings(path):
            yield method, target, ()
        override = OVERRIDES[number % len(OVERRIDES)]
        yield "POST", path, (f"{override}: {method}",)
        yield "GET", f"/api/pacs{path}", (f"{override}: DELETE",)


def plainly() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every route once, as its documentation has it, there and where ours are."""
    for method, path in orthancs():
        for prefix in ("", "/api/pacs"):
            yield method, prefix + path, ()
