"""The bytes of a ZIP from any place on: each member proven before its first byte leaves."""

from __future__ import annotations

import os
import zlib
from collections.abc import Generator
from contextlib import closing

from pacs_proxy.archive.instances import Instances, Opened
from pacs_proxy.archive.manifest import Manifest
from pacs_proxy.archive.recent import Recent
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.interest import Interest

_PIECE = 256 << 10
_REMEMBERED = 200_000


class Parcels:
    """Sends ZIPs; a member's CRC-32 is remembered by the attachment's name, else computed anew.

    Whoever resumes behind members that this process has not seen makes it read them again for
    the directory at the end: from the archive, not over the client's line.
    """

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._crcs: Recent[int] = Recent(_REMEMBERED)

    def sent(
        self, manifest: Manifest, start: int, stop: int, interest: Interest
    ) -> Generator[bytes, None, None]:
        """Bytes `start` to `stop`, in pieces.

        Raises what `Instances.open_this` raises: a wrong or missing member ends the body
        early, never with a whole one.
        """
        at = start
        for piece in self._from(manifest, start, interest):
            # The client took one: it is not silent, and neither are we.
            interest.progress()
            wanted = piece[: stop - at]
            at += len(wanted)
            yield wanted
            if at >= stop:
                return

    def _from(
        self, manifest: Manifest, start: int, interest: Interest
    ) -> Generator[bytes, None, None]:
        layout = manifest.layout
        for member in range(layout.member_at(start), len(layout.entries)):
            skipped = max(0, start - layout.offsets[member])
            yield from self._member(manifest, member, skipped, interest)
        crcs = [zlib.crc32(manifest.index)]
        crcs += [self._crc(wanted, interest) for wanted in manifest.files]
        yield layout.end(crcs)[max(0, start - layout.directory) :]

    def _member(
        self, manifest: Manifest, member: int, skipped: int, interest: Interest
    ) -> Generator[bytes, None, None]:
        """A header and its file, without the first `skipped` bytes of both."""
        if not member:
            index = manifest.index
            yield (manifest.layout.header(0, zlib.crc32(index)) + index)[skipped:]
            return
        wanted = manifest.files[member - 1]
        header = manifest.layout.header(member, self._crc(wanted, interest))
        if skipped < len(header):
            yield header[skipped:]
        with closing(self._instances.open_this(wanted, interest)) as opened:
            yield from _pieces(opened, max(0, skipped - len(header)), interest)

    def _crc(self, wanted: Description, interest: Interest) -> int:
        known = self._crcs.get(wanted.uuid)
        if known is None:
            known = 0
            with closing(self._instances.open_this(wanted, interest)) as opened:
                for piece in _pieces(opened, 0, interest):
                    known = zlib.crc32(piece, known)
                    interest.progress()
            self._crcs.keep(wanted.uuid, known)
        return known


def _pieces(opened: Opened, start: int, interest: Interest) -> Generator[bytes, None, None]:
    """The file from `start` on: of a spool file only when all of it is proven."""
    if opened.file is None:
        yield from _streamed(opened, start)
        return
    opened.available(opened.description.size - 1, interest)
    while piece := os.pread(opened.file.fd, _PIECE, start):
        start += len(piece)
        yield piece


def _streamed(opened: Opened, start: int) -> Generator[bytes, None, None]:
    """Past the spool, which has no room for it: its last piece comes proven."""
    assert opened.stream  # noqa: S101 - for the type checker
    at = 0
    for piece in opened.stream:
        wanted = bytes(piece[max(0, start - at) :])
        at += len(piece)
        if wanted:
            yield wanted
