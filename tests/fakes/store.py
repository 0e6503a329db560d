"""What the fake archive holds: values noted at ingest, and the bytes it would serve now."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import count


@dataclass(frozen=True)
class Stored:
    """One instance. `size` and `md5` are those of ingest: a damaged file keeps them."""

    id: str
    data: bytes
    size: int
    md5: str
    uuid: str
    revision: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{self.revision}-{self.md5}"'


def orthanc_id(*uids: str) -> str:
    """Forty hex digits in five groups: a SHA-1, as Orthanc makes its identifiers."""
    digits = hashlib.sha1("|".join(uids).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digits[i : i + 8] for i in range(0, 40, 8))


def matches(tags: Mapping[str, str], query: Mapping[str, str]) -> bool:
    """Wildcards and lists of values as in C-FIND; ranges are not here."""
    return all(
        any(fnmatchcase(tags.get(key, ""), pattern) for pattern in re.split(r"\\", wanted))
        for key, wanted in query.items()
        if wanted
    )


class Store:
    """Instances by identifier; safe to change while requests are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[str, Stored] = {}
        self._uuids = count(1)
        self.changes = 0

    def add(
        self,
        instance_id: str,
        data: bytes,
        md5: str | None = None,
        size: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Stored:
        """Store as an archive would; `md5=""` plays StoreMD5ForAttachments=false."""
        digest = hashlib.md5(data, usedforsecurity=False).hexdigest() if md5 is None else md5
        length = len(data) if size is None else size
        with self._lock:
            uuid = f"00000000-0000-4000-8000-{next(self._uuids):012x}"
            stored = Stored(instance_id, data, length, digest, uuid, tags=dict(tags or {}))
            self._stored[instance_id] = stored
            self.changes += 4
        return stored

    overwrite = add

    def damage(self, instance_id: str, data: bytes) -> None:
        """Other bytes on the disk, and a database that has not noticed."""
        with self._lock:
            self._stored[instance_id] = replace(self._stored[instance_id], data=data)

    def remove(self, instance_id: str) -> None:
        with self._lock:
            self._stored.pop(instance_id, None)

    def get(self, instance_id: str) -> Stored | None:
        with self._lock:
            return self._stored.get(instance_id)

    def __len__(self) -> int:
        return len(self._stored)

    def __iter__(self) -> Iterator[Stored]:
        with self._lock:
            return iter(list(self._stored.values()))
