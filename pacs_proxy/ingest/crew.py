"""Several small files into the archive together: one transaction before they leave, one after.

What each costs alone is mostly our own bookkeeping. Whatever is not a plain, sound DICOM file that
the archive takes at once is left as it was: it then goes the way of a single one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy.orm import Session

from pacs_proxy.alone import alone
from pacs_proxy.database import touch
from pacs_proxy.errors import BadUpload, Busy, NotFound, UpstreamError
from pacs_proxy.ingest import results
from pacs_proxy.ingest.deletion import deleted
from pacs_proxy.ingest.deposit import Depositor
from pacs_proxy.ingest.formats import Kind, recognise
from pacs_proxy.ingest.identity import Identity
from pacs_proxy.ingest.rows import LIVE, STORING
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import Window
from pacs_proxy.ingest.staged import Staged
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.ingest.work import KEPT, Work
from pacs_proxy.jobs import Later, Lost, several


@dataclass(frozen=True)
class _Load:
    """One file that was looked at and may go."""

    work: Work
    staged: Staged
    identity: Identity


class Crew:
    """Works on claims of light jobs; each `Claimed` says afterwards whether it is finished."""

    def __init__(self, depositor: Depositor, limits: Limits, works: Sequence[Work]) -> None:
        self._depositor, self._limits = depositor, limits
        self._works = [work for work in works if work.upload.state in LIVE]

    def run(self) -> None:
        """Raises DatabaseUnavailable."""
        with ExitStack() as files:
            loads = self._entered(list(self._judged(files)))
            self._end([load.work for load in self._stored(loads)])

    def _judged(self, files: ExitStack) -> Iterator[_Load]:
        """What passes the shield; the others are refused one by one, in their own words."""
        for work in self._works:
            try:
                staged = files.enter_context(work.opened())
                found = recognise(Window(staged.source()))
                if found.kind is Kind.DICOM:
                    identity = examine(staged.source(), self._limits, found.header).identity
                    yield _Load(work, staged, identity)
            except BadUpload:
                continue

    def _entered(self, loads: Sequence[_Load]) -> list[_Load]:
        """Say of which study they are before anything of it is sent, as `Work.enter` does."""
        entered: list[_Load] = []
        if loads:
            with loads[0].work.database.write() as session:
                alone(session, *(load.identity.study for load in loads))
                for _, group in _grouped(loads, lambda load: load.identity.series):
                    entered += self._of_series(session, group)
                for batch, group in _grouped(entered, lambda load: load.work.upload.batch_id):
                    uploads = [load.work.upload.id for load in group]
                    shown = {"state": STORING, "kind": str(Kind.DICOM)}
                    rev = touch(session, batch)
                    results.change_several(session, batch, uploads, rev=rev, **shown)
        for load in entered:
            work, identity = load.work, load.identity
            work.state, work.kind = STORING, Kind.DICOM
            work.study, work.series = identity.study, identity.series
        return entered

    def _of_series(self, session: Session, loads: list[_Load]) -> list[_Load]:
        identity = loads[0].identity
        oldest = min(load.work.upload.created for load in loads)
        try:
            gone = deleted(session, identity.study, oldest, identity.series)
        except Later:
            return []
        if not gone.isdisjoint((identity.study, identity.series)):
            return []
        wanted = [load for load in loads if load.identity.instance not in gone]
        kept = several.concern(session, [load.work.claimed for load in wanted], identity.study)
        return [load for load in wanted if load.work.claimed.id in kept]

    def _stored(self, loads: Sequence[_Load]) -> Iterator[_Load]:
        """Send one after another, as long as the archive takes them."""
        try:
            absent = self._absent(loads)
            for load in loads:
                if self._is_stored(load, absent):
                    yield load
        except (UpstreamError, Busy, Later):
            return

    def _absent(self, loads: Sequence[_Load]) -> set[str]:
        fresh = [load.identity.instance for load in loads if not load.work.is_repeated]
        try:
            return self._depositor.absent(fresh) if fresh else set()
        except NotFound:  # an Orthanc that does not know the question
            return set()

    def _is_stored(self, load: _Load, absent: set[str]) -> bool:
        work, identity = load.work, load.identity
        is_absent = identity.instance in absent
        absent.discard(identity.instance)
        try:
            work.claimed.check()
            deposited = self._depositor.deposit(
                load.staged,
                identity,
                work.sending(identity),
                repeated=work.is_repeated,
                is_absent=is_absent,
            )
            work.note(0, "", deposited, load.staged)
        except (BadUpload, Lost):
            return False
        return True

    def _end(self, works: Sequence[Work]) -> None:
        """Results and ends in one transaction, of those that are still ours."""
        if not works:
            return
        with works[0].database.write() as session:
            ours = several.finish(session, [work.claimed for work in works])
            ended = [work for work in works if work.claimed.id in ours]
            rows = [(work.upload, row) for work in ended for row in work.rows]
            for batch, rev in results.add_several(session, rows, works[0].clock()).items():
                mine = [work.upload.id for work in ended if work.upload.batch_id == batch]
                done = {"state": "done", "code": None, "detail": None, "kind": str(Kind.DICOM)}
                results.change_several(session, batch, mine, rev=rev, **done)
            waited = next((work for work in ended if work.upload.state == KEPT), None)
            if waited:
                waited.wake_others(session)
        for work in ended:
            work.claimed.finished = True


def _grouped(
    loads: Sequence[_Load], key: Callable[[_Load], str]
) -> Iterator[tuple[str, list[_Load]]]:
    """In the order of the keys, which keeps two transactions from waiting for each other."""
    for name, group in groupby(sorted(loads, key=key), key):
        yield name, list(group)
