"""Part files: what came of uploads, on disk, until the archive has proven it stored.

The file says nothing by itself: how much of it counts is the offset in the database, so bytes
behind it (a crash between write and commit) are simply written over.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pacs_proxy.archive import locks
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.errors.uploads import DiskLow, StagingFailed, UploadBusy
from pacs_proxy.ingest.tus import Received

T = TypeVar("T")

_SUFFIX, MADE_SUFFIX = ".part", ".dicom"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Lost(Exception):
    """The file is gone, or shorter than what was acknowledged of it."""


class Part:
    """One upload's file, held exclusively."""

    def __init__(self, fd: int, folder: Path | None = None) -> None:
        self._fd, self._folder = fd, folder

    def require(self, offset: int) -> None:
        """Raise Lost unless the acknowledged bytes are there."""
        if os.fstat(self._fd).st_size < offset:
            raise Lost

    def write(self, at: int, pieces: Iterable[bytes], with_sha1: bool = False) -> Received:
        """Write from `at` on; what `Received` counts is not durable before `sync`."""
        digest, count, failure = hashlib.sha256(), 0, None
        other = hashlib.sha1(usedforsecurity=False)
        try:
            for piece in pieces:
                digest.update(piece)
                if with_sha1:
                    other.update(piece)
                _write(self._fd, piece, at + count)
                count += len(piece)
        except PacsProxyError as error:
            failure = error
        return Received(count, digest.digest(), failure, other.digest() if with_sha1 else b"")

    def sync(self, *, is_named: bool = False) -> None:
        """Make it durable, or raise: what the disk did not confirm is never acknowledged.

        `is_named` when somebody else sees to the durability of a new file's name.
        """
        _durable(os.fdatasync, self._fd)
        if self._folder is not None and not is_named:
            # A new file is only found again after a power loss when its name is durable, too.
            _durable(_sync_folder, self._folder)


class Staging:
    """A folder of part files, 0700; every process of the services role may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, upload: str) -> Path:
        """Where an upload's bytes are."""
        return self.folder / f"{upload}{_SUFFIX}"

    def converted(self, upload: str) -> Path:
        """Where the DICOM files made of it are."""
        return self.folder / f"{upload}{MADE_SUFFIX}"

    @contextmanager
    def hold(self, upload: str, offset: int = 0) -> Iterator[Part]:
        """The file for this holder alone: UploadBusy when another has it, Lost when it is gone.

        The kernel ends the hold with the process. At offset 0 the file is made.
        """
        fd = self._locked(upload, create=offset == 0)
        try:
            yield Part(fd, None if offset else self.folder)
        finally:
            os.close(fd)

    def sync(self, parts: Iterable[Part]) -> None:
        """Make new files durable together: their names need it only once."""
        for part in parts:
            part.sync(is_named=True)
        _durable(_sync_folder, self.folder)

    def size(self, upload: str) -> int:
        """Bytes of its file; 0 when there is none."""
        try:
            return self.path(upload).stat().st_size
        except FileNotFoundError:
            return 0

    def require_quiet(self, upload: str) -> None:
        """UploadBusy while somebody writes to it: how far it is will be another answer soon."""
        try:
            fd = os.open(self.path(upload), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            if locks.is_shared(fd):
                raise _busy()
        finally:
            os.close(fd)

    def discard(self, upload: str) -> None:
        """Remove it and what was converted of it; safe to repeat.

        Call it while holding, or when nobody can any more.
        """
        self.path(upload).unlink(missing_ok=True)
        shutil.rmtree(self.converted(upload), ignore_errors=True)

    def discard_kept(self, name: str) -> None:
        """Remove a file that was kept for somebody to decide about; safe to repeat."""
        (self.folder / Path(name).name).unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes the disk still takes from us."""
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def older_than(self, moment: float) -> Iterator[str]:
        """Uploads whose files were last written before `moment` (seconds since 1970)."""
        for name, status in self.files():
            if name.endswith(_SUFFIX) and status.st_mtime < moment:
                yield name.removesuffix(_SUFFIX)

    def files(self) -> Sequence[tuple[str, os.stat_result]]:
        """Names of all that lies here; others take away and unpack meanwhile."""
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    found.append((entry.name, entry.stat()))
        return found

    def _locked(self, upload: str, create: bool) -> int:
        while True:
            fd = self._opened(upload, create)
            if not locks.own(fd):
                os.close(fd)
                raise _busy()
            if os.fstat(fd).st_nlink:
                return fd
            os.close(fd)  # removed between our opening and our lock

    def _opened(self, upload: str, create: bool) -> int:
        path, flags = self.path(upload), os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            if not create:
                raise Lost from None
        return os.open(path, flags | os.O_CREAT, 0o600)


def _durable(sync: Callable[[T], None], what: T) -> None:
    try:
        sync(what)
    except OSError as error:
        raise _failed(error) from None


def _busy() -> UploadBusy:
    return UploadBusy("Another request is writing to this upload; try again in a moment.", 1)


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _write(fd: int, piece: bytes, at: int) -> None:
    view = memoryview(piece)
    try:
        while view:
            written = os.pwrite(fd, view, at)
            view, at = view[written:], at + written
    except OSError as error:
        raise _failed(error) from None


def _failed(error: OSError) -> PacsProxyError:
    if error.errno in _FULL:
        return DiskLow("The server's disk is full; the upload goes on when there is room.")
    return StagingFailed("The server could not write to its disk; tell your administrator.")
