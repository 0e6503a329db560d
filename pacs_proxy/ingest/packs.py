"""Many small files in one request: each gets a row, a file and a job of its own; all or none do.

A pack is eight digits, an index of so many bytes in JSON, and the files' bytes in its order. What a
request costs besides its bytes is the same for one slice and for sixteen.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pacs_proxy.database import Database
from pacs_proxy.errors import BadRequest, DatabaseUnavailable, PacsProxyError
from pacs_proxy.errors.uploads import ChecksumMismatch, UploadBusy
from pacs_proxy.ingest import rows, tus
from pacs_proxy.ingest.admission import Admission, Held
from pacs_proxy.ingest.body import Read, counted
from pacs_proxy.ingest.intake import LIGHT_BYTES, pass_on_several
from pacs_proxy.ingest.rows import Seen
from pacs_proxy.ingest.spool import Part, Staging
from pacs_proxy.ingest.wanted import Wanted
from pacs_proxy.jobs import Jobs
from pacs_proxy.together import Together

_DIGITS = 8
_LONGEST_INDEX = 1 << 20
MOST_FILES = 64


@dataclass(frozen=True)
class Entry:
    """One file as the index names it; `sha256` in hex, `name` is patient data."""

    key: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Index:
    """What a pack holds, in the order of its bytes."""

    batch: str
    entries: Sequence[Entry]

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(entry.size for entry in self.entries)


class Packs:
    """Takes packs in; `owner` is the principal's name."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        jobs: Jobs,
        admission: Admission,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._staging, self._jobs = database, staging, jobs
        self._admission, self._clock = admission, clock
        self._together = Together(database)

    def take(self, owner: str, size: int, read: Read) -> dict[str, Seen]:
        """By client key: the uploads, new ones and those that were there already.

        `size` is the body's. Nothing of it is kept when anything of it is refused or broken; of
        what may be committed without our knowing it the bytes stay, or are swept as nobody's.
        """
        most = self._admission.limits.request_bytes
        index = opened(size, lambda count: b"".join(counted(read, count, most)))
        with self._database.read() as session:
            known = rows.seen(session, owner, [entry.key for entry in index.entries])
            held = rows.glance(session, owner, None, index.batch)
        new = {entry.key: uuid.uuid4().hex for entry in index.entries if entry.key not in known}
        if new and isinstance(held, Held):
            self._admission.admit_several(held, [e.size for e in index.entries if e.key in new])
        try:
            self._kept(owner, index, new, read)
        except IntegrityError:
            self._forget(new)
            # The same pack came twice at the same time; the other one was quicker.
            raise UploadBusy("The same files are just being taken; ask again.", 1) from None
        except DatabaseUnavailable:
            raise
        except PacsProxyError:
            self._forget(new)
            raise
        fresh = {e.key: Seen(new[e.key], e.size, e.size) for e in index.entries if e.key in new}
        return {**known, **fresh}

    def _kept(self, owner: str, index: Index, new: dict[str, str], read: Read) -> None:
        """Bytes first, all of them on the disk, then the rows that make them count."""
        with ExitStack() as holds:
            parts = []
            for entry in index.entries:
                if entry.key in new:
                    parts.append(holds.enter_context(self._staging.hold(new[entry.key])))
                    self._write(entry, parts[-1], read)
                else:
                    _pass(entry, read)
            if parts:
                self._staging.sync(parts)
                self._together.run(lambda session: self._add(session, owner, index, new))

    @staticmethod
    def _write(entry: Entry, part: Part, read: Read) -> None:
        received = part.write(0, counted(read, entry.size, entry.size))
        if received.failure:
            raise received.failure
        if received.sha256.hex() != entry.sha256:
            raise ChecksumMismatch("A file of the pack differs from its sha256; send it again.")

    def _add(self, session: Session, owner: str, index: Index, new: dict[str, str]) -> None:
        entries = [entry for entry in index.entries if entry.key in new]
        size = sum(entry.size for entry in entries)
        rows.reserve(session, self._admission, owner, size)
        rev, total = rows.count_in(session, index.batch, size, len(entries))
        self._admission.admit_batch(total)
        now = self._clock()
        common = {"owner": owner, "batch_id": index.batch, "created": now, "progressed": now}
        common |= {"rev": rev}
        rows.add_several(session, [_row(e, new[e.key]) | common for e in entries])
        pass_on_several(self._jobs, session, {new[e.key]: e.size for e in entries})

    def _forget(self, new: dict[str, str]) -> None:
        for upload in new.values():
            self._staging.discard(upload)


def _row(entry: Entry, upload: str) -> dict[str, Any]:
    return {
        "id": upload,
        "client_key": entry.key,
        "name": entry.name,
        "length": entry.size,
        "sha256": entry.sha256,
        **rows.reached(tus.State(entry.size, entry.size)),
    }


def _pass(entry: Entry, read: Read) -> None:
    """Its bytes are here already."""
    for _ in counted(read, entry.size, entry.size):
        pass


def opened(size: int, read: Read) -> Index:
    """The index of a body of `size` bytes. Raises BadRequest, which never repeats a value."""
    digits = read(_DIGITS) if size > _DIGITS else b""
    length = int(digits) if digits.isdigit() else 0
    if not 0 < length <= min(_LONGEST_INDEX, size - _DIGITS):
        raise BadRequest("A pack begins with eight digits: how long its index is.")
    try:
        told: Any = json.loads(read(length))
    except (ValueError, RecursionError):
        told = None
    index = _index(told)
    if _DIGITS + length + index.bytes != size:
        raise BadRequest("The pack is not as long as its index says.")
    return index


def _index(told: Any) -> Index:
    files = told.get("files") if isinstance(told, dict) else None
    if not isinstance(files, list) or not 0 < len(files) <= MOST_FILES:
        raise BadRequest(f"The index is a JSON object with `batch` and 1 to {MOST_FILES} `files`.")
    batch = told.get("batch")
    entries = [_entry(file, batch) for file in files]
    if len({entry.key for entry in entries}) < len(entries):
        raise BadRequest("Each file of a pack has a key of its own.")
    return Index(batch, entries)


def _entry(file: Any, batch: Any) -> Entry:
    names = ("key", "name", "sha256")
    texts: dict[str, Any] = {}
    if isinstance(file, dict):
        texts = {name: file.get(name) for name in names}
    texts["batch"] = batch
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadRequest("The index names `batch`, and of each file `key`, `name`, `sha256`.")
    size = file.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= LIGHT_BYTES:
        raise BadRequest(f"Each file of a pack has a size of 1 to {LIGHT_BYTES} bytes.")
    wanted = Wanted.of(texts)
    return Entry(wanted.key or "", wanted.name, size, wanted.sha256 or "")
