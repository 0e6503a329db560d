"""Server folders as a source: neither a link nor `..` leads out of the folder that is allowed.

Every step is opened relative to the step before and without following links, so nobody who may
write below can swap one in between a look and a step.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from pacs_proxy.errors import BadRequest, BadUpload, NotFound
from pacs_proxy.ingest.sources import PIECE, Found, SourceFailed

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DAMAGED = "The file cannot be read from its disk. Copy it from another medium."
_UNREADABLE = "The server may not read this file. Give it the right to, or leave the file out."


@dataclass(frozen=True)
class Folder:
    """A file, or all files below a folder; `root` is the allowed one, `steps` lead down from it."""

    root: str
    steps: tuple[str, ...]

    def files(self) -> Iterator[Found]:
        """Every regular file; links, devices and pipes are none."""
        with self._opened() as top:
            status = os.fstat(top)
            if stat.S_ISREG(status.st_mode):
                yield Found(self.steps[-1], status.st_size, partial(_pieces, partial(os.dup, top)))
            else:
                yield from _below(top)

    def require(self) -> None:
        """Raise NotFound where nothing is."""
        try:
            with self._opened():
                return
        except SourceFailed:
            raise NotFound("There is no such folder, or the server may not read it.") from None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        fd = _open(self.root, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            for step in self.steps:
                above, fd = fd, _open(step, _STEP, fd)
                os.close(above)
            yield fd
        finally:
            os.close(fd)


def folder(allowed: dict[str, str], path: str) -> Folder:
    """The place that `name/steps` means. Raises BadRequest, NotFound."""
    name, *steps = PurePosixPath(path).parts or ("",)
    if "\0" in path or path.startswith("/") or ".." in steps or name == "..":
        raise BadRequest("folder must be the name of an allowed folder and steps down from it.")
    if name not in allowed:
        raise NotFound("No folder of this name is allowed here (PACS_PROXY_INGEST_FOLDERS).")
    return Folder(allowed[name], tuple(steps))


def _below(top: int) -> Iterator[Found]:
    closed: list[OSError] = []
    for place, folders, names, fd in os.fwalk(".", dir_fd=top, onerror=closed.append):
        folders.sort()
        for name in sorted(names):
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                opened = partial(_open_file, name, fd)
                shown = os.path.normpath(f"{place}/{name}")
                yield Found(shown, status.st_size, partial(_pieces, opened))
        yield from _named(closed)
    # A folder that is the last to be looked into ends the walk.
    yield from _named(closed)


def _named(closed: list[OSError]) -> Iterator[Found]:
    """Folders that may not be read, each once, as files that cannot be."""
    while closed:
        yield Found(str(closed.pop().filename), 0, _refuse)


def _pieces(opened: Callable[[], int]) -> Iterator[bytes]:
    fd, at = opened(), 0
    try:
        while piece := os.pread(fd, PIECE, at):
            at += len(piece)
            yield piece
    except OSError:
        raise BadUpload("unreadable", _DAMAGED) from None
    finally:
        os.close(fd)


def _open_file(name: str, above: int) -> int:
    try:
        fd = os.open(name, _STEP, dir_fd=above)
    except OSError:
        raise BadUpload("unreadable", _UNREADABLE) from None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise BadUpload("unreadable", _UNREADABLE)


def _refuse() -> Iterator[bytes]:
    raise BadUpload("unreadable", _UNREADABLE)


def _open(step: str, flags: int, above: int | None = None) -> int:
    try:
        return os.open(step, flags, dir_fd=above)
    except OSError:
        raise SourceFailed("The folder is not there, or the server may not read it.") from None
