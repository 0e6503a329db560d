"""The built viewer, precompressed, under the content security policy it was tested with."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Response, current_app, request

from pacs_proxy.errors import NotFound

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "viewer", _PACKAGE.parent / "viewer_static" / "dist")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".css": "text/css"}

# It keeps the page, which lies one folder above it: without leave its own folder is all it may see.
_SHELL_WORKER = "shell-worker-"

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    # A proven PDF or video: the browser's own viewer shows it, in a process of its own.
    "frame-src blob:; media-src blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; "
    # One policy (trusted.ts): the page's own workers. No text becomes markup or code.
    "require-trusted-types-for 'script'; trusted-types default"
)
# A worker obeys the policy of its own answer; only the decoders there compile WebAssembly.
SCRIPT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def index() -> Response:
    """The page itself; asked for anew each time, so that updates arrive."""
    answer = _answer("index.html")
    answer.headers["Content-Security-Policy"] = PAGE_POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def asset(name: str) -> Response:
    """One hashed file."""
    answer = _answer(f"assets/{name}")
    answer.headers["Content-Security-Policy"] = SCRIPT_POLICY
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if name.startswith(_SHELL_WORKER):
        answer.headers["Service-Worker-Allowed"] = "../"
    return answer


def _answer(name: str) -> Response:
    files = _files()
    path = files.get(name)
    if path is None:
        if name == "index.html":
            raise NotFound(
                "The viewer is not built; run `make run`, or `npm run build` in viewer_static."
            )
        raise NotFound("The viewer has no such file.")
    answer = Response(mimetype=_TYPES.get(path.suffix) or mimetypes.guess_type(name)[0])
    answer.headers["Vary"] = "Accept-Encoding"
    for encoding, suffix in _ENCODINGS:
        compressed = files.get(name + suffix)
        if compressed and request.accept_encodings[encoding]:
            answer.headers["Content-Encoding"] = encoding
            answer.set_data(compressed.read_bytes())
            return answer
    answer.set_data(path.read_bytes())
    return answer


def _files() -> dict[str, Path]:
    """The built files by name, listed once: a request's name is looked up, never a path."""
    found: dict[str, Path] | None = current_app.extensions.get("pacs_proxy.viewer")
    if found is None:
        found = next((_listed(folder) for folder in _FOLDERS if folder.is_dir()), {})
        current_app.extensions["pacs_proxy.viewer"] = found
    return found


def _listed(folder: Path) -> dict[str, Path]:
    return {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
