"""Whether one more upload may begin: refused before its first byte, with limit, got and advice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pacs_proxy.errors.uploads import DiskLow, OverQuota, TooLarge, TooManyOpen

_RETRY_SECONDS = 30.0


@dataclass(frozen=True)
class Held:
    """What an owner has on the way: uploads of which a part is missing, bytes of all."""

    unfinished: int
    bytes: int


@dataclass(frozen=True)
class Limits:
    """Bytes of a file, of a batch, of a user's live uploads, of a request; see docs/settings.md."""

    file_bytes: int
    batch_bytes: int
    quota_bytes: int
    open_uploads: int
    request_bytes: int
    disk_reserve: int
    expires_seconds: float
    longest_seconds: float = 7 * 86400.0


class Admission:
    """The limits of one owner's new uploads; `free` tells the bytes left on the disk."""

    def __init__(self, limits: Limits, free: Callable[[], int]) -> None:
        self.limits, self._free = limits, free

    def admit(self, held: Held, length: int) -> None:
        """Raise what forbids it; what the caller then adds to the database is the reservation."""
        self.admit_size(length)
        self._admit_disk(length)
        self._admit_count(held.unfinished)
        self.admit_quota(held.bytes + length)

    def admit_several(self, held: Held, lengths: Sequence[int]) -> None:
        """As `admit`, for files that come whole and together."""
        self.admit_size(max(lengths))
        self._admit_disk(sum(lengths))
        self.admit_quota(held.bytes + sum(lengths))

    def admit_size(self, length: int) -> None:
        """TooLarge (413) for a file above the limit."""
        if length > self.limits.file_bytes:
            raise TooLarge(
                f"A file may have {self.limits.file_bytes} bytes here; this one has {length}. "
                "Ask your administrator how to bring it in.",
                self.limits.file_bytes,
                length,
            )

    def admit_batch(self, total: int) -> None:
        """OverQuota (413) for a batch that grew above its limit."""
        if total > self.limits.batch_bytes:
            raise OverQuota(
                "The files of this batch are too much together; send the rest as another one.",
                self.limits.batch_bytes,
                total,
            )

    def admit_more(self) -> None:
        """DiskLow (507) when even an upload that was admitted before must wait for room."""
        free = self._free()
        if free < self.limits.disk_reserve:
            raise _full(free, self.limits.disk_reserve)

    def _admit_count(self, unfinished: int) -> None:
        if unfinished >= self.limits.open_uploads:
            raise TooManyOpen(
                "You have too many unfinished uploads; finish or cancel some of them.",
                self.limits.open_uploads,
                unfinished + 1,
                _RETRY_SECONDS,
            )

    def admit_quota(self, total: int) -> None:
        """OverQuota (413) for more than one owner may have on the way."""
        if total > self.limits.quota_bytes:
            raise OverQuota(
                "Your uploads that are not yet stored are too much together; wait until they are.",
                self.limits.quota_bytes,
                total,
            )

    def _admit_disk(self, length: int) -> None:
        """Twice the length: what an archive unpacks to, or a TIFF becomes, needs room beside it."""
        free, needed = self._free(), max(self.limits.disk_reserve, 2 * length)
        if free < needed:
            raise _full(free, needed)


def _full(free: int, needed: int) -> DiskLow:
    return DiskLow(
        "The server's disk is almost full; try again later, and tell your administrator.",
        free,
        needed,
    )
