"""Archives of files: each member is judged and stored like a file of its own."""

from __future__ import annotations

import time

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest import directory, results
from pacs_proxy.ingest.container import Container, Member
from pacs_proxy.ingest.deletion import DELETED
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.formats import Kind, recognise
from pacs_proxy.ingest.results import REFUSED, SKIPPED, Row
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import BytesSource, Window
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.ingest.work import Work

# Enough to see whether it is a disc image.
_HEAD = 64 << 10
_FLUSH_SECONDS, _FLUSH_ROWS = 1.0, 100


class Unpacking:
    """One archive on its way into the other; rows are written as it goes on."""

    def __init__(
        self, work: Work, container: Container, depositor: Depositor, limits: Limits
    ) -> None:
        self._work, self._container = work, container
        self._depositor, self._limits = depositor, limits
        self._done, self._flushed = 0, time.monotonic()
        self._total = sum(member.size for member in container.members)

    def run(self) -> None:
        """Go through the members that have no row yet. Raises UpstreamError, Lost, Later."""
        with self._work.database.read() as session:
            known = results.numbers(session, self._work.upload.id)
        try:
            for member in self._container.members:
                if member.number not in known:
                    self._work.claimed.check()
                    self._take(member)
                self._done += member.size
                self._flush_when_due()
        finally:
            # What is stored is said to be, also when the archive went away in the middle.
            self._work.flush(self._done, self._total)

    def _take(self, member: Member) -> None:
        try:
            self._judge(member)
        except BadUpload as refusal:
            outcome = SKIPPED if refusal.code == DELETED else REFUSED
            self._note(member, outcome, refusal.code, refusal.detail)

    def _judge(self, member: Member) -> None:
        found = recognise(Window(BytesSource(self._container.head(member, _HEAD))))
        if found.kind is Kind.DICOM:
            self._store(member)
        elif found.kind is Kind.DICOMDIR:
            self._compare(member)
        elif found.kind is Kind.OTHER:
            self._note(member, SKIPPED, found.code, found.detail)
        else:
            raise _by_itself(found.kind)

    def _store(self, member: Member) -> None:
        with self._container.opened(member) as staged:
            identity = examine(staged.source(), self._limits).identity
            sending, repeated = self._work.sending(identity), self._work.is_repeated
            deposited = self._depositor.deposit(staged, identity, sending, repeated=repeated)
            self._work.note(member.number, member.name, deposited, staged)

    def _compare(self, member: Member) -> None:
        """A medium's own list is no image, and tells whether some are missing."""
        with self._container.opened(member) as staged:
            files = directory.listed(staged.source(), self._limits)
        names = [other.name for other in self._container.members]
        words = directory.words(files, member.name, names)
        self._note(member, SKIPPED, "directory", words)

    def _note(self, member: Member, outcome: str, code: str, detail: str) -> None:
        self._work.rows.append(Row(member.number, member.name, outcome, code, detail))

    def _flush_when_due(self) -> None:
        late = time.monotonic() - self._flushed > _FLUSH_SECONDS
        if late or len(self._work.rows) >= _FLUSH_ROWS:
            self._work.flush(self._done, self._total)
            self._flushed = time.monotonic()


def _by_itself(kind: Kind) -> BadUpload:
    if kind is Kind.TIFF:
        return BadUpload(
            "tiff_in_archive",
            "A TIFF inside an archive: it names no patient. Unpack it, send it by itself, and say "
            "whose picture it is.",
        )
    return BadUpload(
        "nested", "An archive within an archive is not unpacked. Unpack it and send its files."
    )
