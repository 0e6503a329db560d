"""One DICOM file into the archive, exactly once, proven there by size and MD5."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from pacs_proxy.errors import Doubtful, NotFound
from pacs_proxy.ingest.identity import Identity
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.storing import Stored

STORED, DUPLICATE, CONFLICT = "stored", "duplicate", "conflict"
# Sendings of one file in one go; an archive that breaks off each time is left alone for a while.
_SENDINGS = 3
OTHER_BYTES = (
    "The archive holds another file under the same image UID. Both are kept; an administrator "
    "decides which one is right."
)
_CHANGED = (
    "The archive stored other bytes than it was sent, so this file is kept here as well. Its "
    "administrator should look at IngestTranscoding and similar settings."
)


@dataclass(frozen=True)
class Deposited:
    """What became of the file; the identifiers are the archive's own."""

    outcome: str
    instance: str
    series: str
    study: str
    md5: str
    size: int
    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class _Place:
    """An instance in the archive; `ours` when it may be there because we sent it.

    `is_new` when the archive has just said that it was not there before.
    """

    found: Description
    series: str
    study: str
    ours: bool
    is_new: bool = False


class Depositor:
    """Stores files and looks whether they are there; every question may be asked again."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def absent(self, instances: Collection[str]) -> set[str]:
        """Which of them the archive does not hold, in one question. Raises UpstreamError."""
        return set(instances) - set(self._client.instances(instances, Interest()))

    def deposit(
        self,
        staged: Staged,
        identity: Identity,
        sending: Callable[[], None],
        *,
        repeated: bool,
        is_absent: bool = False,
    ) -> Deposited:
        """Store it unless it is there; `repeated` when an earlier attempt may have stored it.

        `is_absent` when the archive has just said that it is not there. `sending` is called
        before anything is sent, and may raise. Raises BadUpload and UpstreamError; after any of
        them it may be called again.
        """
        place = self._place(staged, identity, sending, sent=repeated, known=is_absent)
        result = self._compared(place, staged)
        if result.outcome == CONFLICT and place.is_new:
            # Damaged on the way, or changed by the archive: once more will tell.
            self.undo(result.instance)
            again = self._place(staged, identity, sending, sent=False)
            result = self._compared(again, staged)
        return result

    def holds(self, instance: str, size: int, md5: str) -> bool:
        """Whether the archive has these very bytes under this name."""
        try:
            return self._is_equal(self._client.describe(instance, Interest()), size, md5)
        except NotFound:
            return False

    def undo(self, instance: str) -> None:
        """Take it out of the archive again."""
        self._client.delete("instances", instance, Interest())

    def _place(
        self,
        staged: Staged,
        identity: Identity,
        sending: Callable[[], None],
        *,
        sent: bool,
        known: bool = False,
    ) -> _Place:
        for number in range(_SENDINGS):
            found = None if known and not number else self._find(identity.instance)
            if found:
                return _Place(found, identity.series, identity.study, ours=sent)
            sending()
            try:
                stored = self._client.store(staged.size, staged.pieces, Interest())
            except Doubtful:
                sent = True
            else:
                return self._described(stored, sent=sent)
        raise Doubtful(f"The archive broke off {_SENDINGS} times while it was to store a file.")

    def _described(self, stored: Stored, *, sent: bool) -> _Place:
        found = self._client.describe(stored.instance, Interest())
        ours = stored.is_new or sent
        return _Place(found, stored.series, stored.study, ours, stored.is_new)

    def _find(self, instance: str) -> Description | None:
        try:
            return self._client.describe(instance, Interest())
        except NotFound:
            return None

    def _compared(self, place: _Place, staged: Staged) -> Deposited:
        found, md5 = place.found, staged.md5
        result = Deposited(
            STORED if place.ours else DUPLICATE,
            *(found.instance, place.series, place.study, md5, staged.size),
        )
        if self._is_equal(found, staged.size, md5):
            return result
        code, detail = "other_bytes", OTHER_BYTES
        if place.is_new:
            code, detail = "changed_by_archive", _CHANGED
        return replace(result, outcome=CONFLICT, code=code, detail=detail)

    def _is_equal(self, found: Description, size: int, md5: str) -> bool:
        if found.size != size:
            return False
        return (found.md5 or self._read_back(found)) == md5

    def _read_back(self, found: Description) -> str:
        """Where the archive keeps no MD5, its bytes must be looked at."""
        digest = hashlib.md5(usedforsecurity=False)
        attempts = self._client.attempts(Interest())
        for piece in self._client.body(found, attempts):
            digest.update(piece)
        return digest.hexdigest()
