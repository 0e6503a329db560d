"""What a reference points at: files in an order that stays the same, each read as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pacs_proxy.errors import PacsProxyError

PIECE = 1 << 20


@dataclass(frozen=True)
class Found:
    """One file; `name` is relative to what was asked for, and patient data.

    `pieces` reads it from its beginning; it raises BadUpload for a file that cannot be read, and
    what the source raises.
    """

    name: str
    size: int
    pieces: Callable[[], Iterator[bytes]]


class Source(Protocol):
    """A folder or a prefix; raises SourceFailed where it cannot be read at all."""

    def files(self) -> Iterator[Found]:
        """Every file, in the order of their names."""


class SourceFailed(PacsProxyError):
    """The place itself refuses to be read; another try would bring the same."""

    status = 422
    code = "source_failed"
    title = "The source cannot be read"
