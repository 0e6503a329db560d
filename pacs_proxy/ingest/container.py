"""Files within one file: what every kind of archive offers, and how much of it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.staged import Staged

_LONGEST_NAME = 1000


@dataclass(frozen=True)
class Bounds:
    """Members of one archive, bytes of all of them, and how many times smaller one may be packed.

    Small members may be packed tighter: an empty picture of 512 KB is.
    """

    members: int = 20_000
    bytes: int = 8 << 30
    ratio: int = 200
    small: int = 8 << 20


@dataclass(frozen=True)
class Member:
    """One file inside; `name` is shown and never used as a path."""

    number: int
    name: str
    size: int


class Container(Protocol):
    """An opened archive of bounded size."""

    @property
    def members(self) -> Sequence[Member]:
        """The files in it, in their order."""

    def head(self, member: Member, count: int) -> bytes:
        """Its first bytes; raises BadUpload when it must not or cannot be unpacked."""

    def opened(self, member: Member) -> AbstractContextManager[Staged]:
        """One of them, unpacked; raises BadUpload for this one alone."""


def shown(name: str) -> str:
    """A name as it may be kept: whatever its bytes were, it is text of bounded length."""
    text = name.encode("utf-8", "replace").decode().replace("\0", "")
    return text[:_LONGEST_NAME]


def too_many(limit: int) -> BadUpload:
    """An archive of more files than we go through."""
    return BadUpload(
        "too_many_members",
        f"The archive has more than {limit} files. Send it in several parts.",
    )


def too_large(limit: int) -> BadUpload:
    """An archive that is more when it is unpacked than we take."""
    return BadUpload(
        "unpacks_too_large",
        f"Unpacked, the archive has more than {limit >> 20} MB. Send it in several parts.",
    )
