"""A received upload becomes instances in the archive, proven there; each file gets its row.

Safe to repeat after a crash at any point: the archive is asked before anything is sent, and rows
are written together with the end of the job.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pacs_proxy.database import Database, Upload
from pacs_proxy.errors import BadUpload, Busy, Doubtful, UpstreamError
from pacs_proxy.ingest import directory
from pacs_proxy.ingest.container import Bounds, Container
from pacs_proxy.ingest.crew import Crew
from pacs_proxy.ingest.deletion import DELETED
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.discs import DiscContainer
from pacs_proxy.ingest.formats import Format, Kind, recognise
from pacs_proxy.ingest.pulse import EVERY, pulse
from pacs_proxy.ingest.results import REFUSED, SKIPPED, Row
from pacs_proxy.ingest.rows import LIVE
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import Window
from pacs_proxy.ingest.spool import Staging
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.ingest.unpacking import Unpacking
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.ingest.work import Work
from pacs_proxy.ingest.zips import ZipContainer
from pacs_proxy.jobs import Claimed, Later

# Above this a file takes long enough for its stages to be seen.
_SHOWN_BYTES = 8 << 20


class Converter(Protocol):
    """Makes DICOM files of a picture; the same call again makes the same bytes."""

    def __call__(
        self,
        source: Path,
        out: Path,
        upload: Upload,
        progress: Callable[[int, int], None],
    ) -> Sequence[Path]:
        """The files, in `out`. Raises BadUpload, UpstreamError, Busy."""


@dataclass(frozen=True)
class Rules:
    """What a file may be, who converts pictures, and seconds between two signs of life."""

    shield: Limits = field(default_factory=Limits)
    bounds: Bounds = field(default_factory=Bounds)
    converter: Converter | None = None
    pulse: float = EVERY


class Ingest:
    """The handler of the job; `given_up` is told when it failed for the last time."""

    def __init__(
        self,
        database: Database,
        staging: Staging,
        depositor: Depositor,
        rules: Rules,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self.staging, self._clock = database, staging, clock
        self._depositor, self.rules = depositor, rules
        self._ways: dict[Kind, Callable[[Work, Staged], None]] = {
            Kind.DICOM: self._file,
            Kind.ZIP: self._zip,
            Kind.ISO: self._disc,
            Kind.DICOMDIR: self._directory,
            Kind.TIFF: self._picture,
        }

    def __call__(self, claimed: Claimed) -> None:
        """Bring it in. Raises Later while the archive is away."""
        work = self._begun(claimed)
        if work is None or work.upload.state not in LIVE:
            return
        try:
            with work.opened() as staged:
                self._ingest(work, staged)
        except BadUpload as refusal:
            self._refuse(work, refusal)
        except (UpstreamError, Busy) as error:
            self._wait(work, error)

    def given_up(self, claimed: Claimed) -> None:
        """It failed too often: the file is put aside, and its sender told."""
        work = self._begun(claimed)
        if work is None or work.upload.state not in LIVE:
            return
        with work.opened() as staged:
            kept = work.keep(staged, 0)
        detail = (
            "It could not be stored although it was tried many times. The file is kept on the "
            "server; tell your administrator."
        )
        work.rows = [Row(0, "", REFUSED, "gave_up", detail, staged=kept)]
        work.end("refused", "gave_up", detail, has_failed=True)

    def together(self, claims: Sequence[Claimed]) -> None:
        """Bring in those of several small files that are plain DICOM files; leave the others."""
        Crew(self._depositor, self.rules.shield, self._begun_several(claims)).run()

    def discard(self, upload: str) -> None:
        """Forget an upload's bytes and what was made of them; safe to repeat."""
        self.staging.discard(upload)
        self.staging.path(upload).with_suffix(".member").unlink(missing_ok=True)

    def _begun(self, claimed: Claimed) -> Work | None:
        return next(iter(self._begun_several([claimed])), None)

    def _begun_several(self, claims: Sequence[Claimed]) -> list[Work]:
        found = Work.begin_several(claims, self._database, self.staging.path)
        return [replace(work, clock=self._clock) for work in found]

    def _ingest(self, work: Work, staged: Staged) -> None:
        found = recognise(Window(staged.source()))
        work.kind = found.kind
        if found.kind is Kind.OTHER:
            return self._skip(work, found)
        if staged.size > _SHOWN_BYTES:
            work.enter("checking")
        return self._ways[found.kind](work, staged)

    def _file(self, work: Work, staged: Staged) -> None:
        self._deposit(work, staged)
        work.end("done")

    def _deposit(self, work: Work, staged: Staged, number: int = 0, member: str = "") -> None:
        identity = examine(staged.source(), self.rules.shield).identity
        sending, repeated = work.sending(identity), work.is_repeated
        with self._shown(work, staged):
            deposited = self._depositor.deposit(staged, identity, sending, repeated=repeated)
        work.note(number, member, deposited, staged)

    @contextmanager
    def _shown(self, work: Work, staged: Staged) -> Iterator[None]:
        """Of a large file each stage is seen, also while the archive says nothing."""
        if staged.size <= _SHOWN_BYTES:
            yield
            return
        staged.told = work.show
        with pulse(work.beat, self.rules.pulse):
            yield

    def _zip(self, work: Work, staged: Staged) -> None:
        scratch = work.path.with_suffix(".member")
        self._unpack(work, staged, ZipContainer(staged.source(), scratch, self.rules.bounds))

    def _disc(self, work: Work, staged: Staged) -> None:
        self._unpack(work, staged, DiscContainer(staged, self.rules.bounds))

    def _unpack(self, work: Work, staged: Staged, container: Container) -> None:
        staged.told = work.show if staged.size > _SHOWN_BYTES else staged.told
        staged.verify()
        Unpacking(work, container, self._depositor, self.rules.shield).run()
        work.end("done")

    def _directory(self, work: Work, staged: Staged) -> None:
        files = directory.listed(staged.source(), self.rules.shield)
        detail = f"The directory of a disc. It lists {len(files)} images."
        self._skip(work, Format(Kind.DICOMDIR, "directory", detail))

    def _picture(self, work: Work, staged: Staged) -> None:
        if self.rules.converter is None:
            raise BadUpload("tiff", "TIFF files cannot be taken here. Send DICOM files.")
        staged.verify()
        out = self.staging.converted(work.upload.id)
        out.mkdir(mode=0o700, exist_ok=True)
        work.enter("converting")
        made = self.rules.converter(work.path, out, work.upload, work.progress)
        for number, path in enumerate(made, 1):
            self._made(work, path, number)
        work.end("done")

    def _made(self, work: Work, path: Path, number: int) -> None:
        with path.open("rb") as made:
            size = os.fstat(made.fileno()).st_size
            self._deposit(work, Staged(made.fileno(), size, path=path), number, path.name)

    def _skip(self, work: Work, found: Format) -> None:
        work.rows.append(Row(0, "", SKIPPED, found.code, found.detail))
        work.end("skipped", found.code, found.detail)

    def _refuse(self, work: Work, refusal: BadUpload) -> None:
        if refusal.code == DELETED:
            return work.end("cancelled", refusal.code, refusal.detail)
        work.rows.append(Row(0, "", REFUSED, refusal.code, refusal.detail))
        return work.end("refused", refusal.code, refusal.detail)

    def _wait(self, work: Work, error: UpstreamError | Busy) -> None:
        """Kept safely; it goes on by itself."""
        detail = f"Kept safely, the archive is not reachable. {error.detail}"
        work.wait(error.code, detail)
        if isinstance(error, Doubtful):
            raise error  # counts as an attempt: what breaks the archive must not do so for ever
        raise Later(work.pause, error.code)
