"""Keeps the catalogue of studies equal to the archive: follows its changes, counts, and compares.

Orthanc logs what comes and never what goes, so after each look its count of studies must be ours;
if it is not, both lists are compared. Whoever asks brings it up to date; nobody polls in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from pacs_proxy.access.restriction import Traits, plain
from pacs_proxy.archive.searching import bears, is_same, row_of
from pacs_proxy.archive.studies import Studies, understood
from pacs_proxy.archive.summaries import StudySummary
from pacs_proxy.archive.tables import Catalogue, StudyRow
from pacs_proxy.database import Database, Job
from pacs_proxy.errors import Busy, DatabaseUnavailable, NotFound, UpstreamError
from pacs_proxy.jobs import SMALL, Claimed, Jobs
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.interest import Interest

KIND = "catalogue"
# Within this time one look serves everybody.
_FRESH_SECONDS = 1.0
_PAGE, _PAGES = 1000, 20
# More than these are read by a job, and the archive's own list is shown until it is done.
_INLINE, _CHUNK = 100, 100
_ONE = 1
# As long as `archive.traits` believes what a study is like.
_LABELS_TRUST = 4.0


@dataclass(frozen=True)
class Standing:
    """Whether the catalogue may be shown, and as of when (seconds since 1970) it was compared."""

    complete: bool
    is_fresh: bool
    as_of: float
    seq: int


class Keeper:
    """One process's hand on the catalogue; several may work at once, since all may be repeated."""

    def __init__(
        self,
        database: Database,
        client: Client,
        studies: Studies,
        jobs: Jobs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._client, self._studies = database, client, studies
        self._jobs, self._clock = jobs, clock
        self._turn, self._as_of, self._failed = Lock(), 0.0, 0.0
        self._labelled: dict[frozenset[str], float] = {}

    def standing(self, interest: Interest) -> Standing:
        """Brought up to date as far as the archive answers. Raises DatabaseUnavailable."""
        with self._turn:
            now = self._clock()
            if now - max(self._as_of, self._failed) >= _FRESH_SECONDS:
                self._look(now, interest)
            is_fresh = self._as_of >= self._failed
            state = self._state()
        return Standing(state.complete and self._as_of > 0, is_fresh, self._as_of, state.seq)

    def read_again(self, studies: Iterable[str], interest: Interest) -> None:
        """Studies that may have grown since; those that are gone are taken out."""
        self._take(studies, interest, settled=False)

    def follow_labels(self, wanted: frozenset[str], interest: Interest) -> None:
        """Read again whose labels differ: Orthanc's log does not tell of them.

        `wanted` in a restriction's spelling. While the archive is away its last word holds.
        """
        with self._turn, suppress(UpstreamError, Busy):
            now = self._clock()
            if wanted and now - self._labelled.get(wanted, 0.0) >= _LABELS_TRUST:
                there, ours = self._bearers(wanted, interest), self._known_bearers(wanted)
                self._strip(sorted(ours - there))
                self._take(sorted(there - ours)[:_INLINE], interest, settled=True)
                self._labelled[wanted] = now

    def arrived(self, since: int) -> int:
        """How many studies came after that number."""
        count = select(func.count()).select_from(StudyRow).where(StudyRow.arrived > since)
        with self._database.read() as session:
            return session.scalar(count) or 0

    def ensure(self) -> None:
        """Queue the job that reads many, unless it is there."""
        there = select(Job.id).where(Job.kind == KIND, Job.state.in_(("queued", "running")))
        with suppress(DatabaseUnavailable), self._database.write() as session:
            if session.scalar(there.limit(1)) is None:
                self._jobs.add(session, KIND, {}, lane=SMALL)

    def __call__(self, claimed: Claimed) -> None:
        """The job: read all that is missing."""
        interest = Interest()
        missing, _ = self._differences(interest)
        for at in range(0, len(missing), _CHUNK):
            claimed.report(at, len(missing))
            interest.progress()
            self._take(missing[at : at + _CHUNK], interest, settled=True)

    def _look(self, now: float, interest: Interest) -> None:
        try:
            self._follow(interest)
            complete = self._agrees(interest)
        except (UpstreamError, Busy, NotFound):
            self._failed = self._clock()
            return
        if complete != self._state().complete:
            with self._database.write() as session:
                session.execute(update(Catalogue).values(complete=complete))
        self._as_of = now

    @understood()
    def _follow(self, interest: Interest) -> None:
        """Read what the archive's log names; its older entries may name what is gone."""
        followed = self._state(interest).followed
        for _ in range(_PAGES):
            answer = self._client.get(f"/changes?since={followed}&limit={_PAGE}", interest)
            came, settled = self._named(answer["Changes"], interest)
            # An archive that began anew counts from the beginning.
            after = int(answer["Last"])
            self._take(came - settled, interest, settled=False, arriving=True)
            self._take(settled, interest, settled=True, arriving=True)
            if after != followed:
                with self._database.write() as session:
                    session.execute(update(Catalogue).values(followed=after))
            followed = after
            if answer["Done"]:
                return

    def _named(
        self, changes: list[dict[str, Any]], interest: Interest
    ) -> tuple[set[str], set[str]]:
        """The studies that came or grew, and those that have come to rest."""
        came, settled = set[str](), set[str]()
        for change in changes:
            kind, name = change["ChangeType"], str(change["ID"])
            if kind == "StableStudy":
                settled.add(name)
            elif change["ResourceType"] == "Study":
                came.add(name)
            elif kind == "NewSeries":
                with suppress(NotFound):
                    came.add(str(self._client.get(f"/series/{name}", interest)["ParentStudy"]))
        return came, settled

    @understood()
    def _agrees(self, interest: Interest) -> bool:
        """Whether we have every study and no other, if need be after comparing both lists."""
        if self._count() == int(self._client.get("/statistics", interest)["CountStudies"]):
            return True
        missing, gone = self._differences(interest)
        for at in range(0, len(gone), _CHUNK):
            with self._database.write() as session:
                forget(session, gone[at : at + _CHUNK])
        if len(missing) > _INLINE:
            self.ensure()
            return False
        self._take(missing, interest, settled=True)
        return True

    @understood()
    def _differences(self, interest: Interest) -> tuple[list[str], list[str]]:
        there = set(map(str, self._client.get("/studies", interest)))
        with self._database.read() as session:
            ours = set(session.scalars(select(StudyRow.study)))
        return sorted(there - ours), sorted(ours - there)

    @understood()
    def _bearers(self, wanted: frozenset[str], interest: Interest) -> set[str]:
        try:
            there = self._client.get("/tools/labels", interest)
        except NotFound:
            # Orthanc has labels since 1.12.
            return set()
        names = [name for name in there if plain(name) in wanted]
        question = {"Level": "Study", "Query": {}, "Labels": names, "LabelsConstraint": "Any"}
        return set(self._client.post("/tools/find", question, interest)) if names else set()

    def _known_bearers(self, wanted: frozenset[str]) -> set[str]:
        bearing = select(StudyRow.study).where(or_(*map(bears, wanted)))
        with self._database.read() as session:
            return set(session.scalars(bearing))

    def _strip(self, studies: Sequence[str]) -> None:
        """Out of reach at once; the labels that are left are read by who asks for them."""
        for at in range(0, len(studies), _CHUNK):
            named = update(StudyRow).where(StudyRow.study.in_(studies[at : at + _CHUNK]))
            with self._database.write() as session:
                session.execute(named.values(archive_labels="", settled=False))
                _next(session)

    def _take(
        self, studies: Iterable[str], interest: Interest, *, settled: bool, arriving: bool = False
    ) -> None:
        found = {study: self._read(study, interest) for study in studies}
        if not found:
            return
        with self._database.write() as session:
            rows = session.scalars(select(StudyRow).where(StudyRow.study.in_(found)))
            known, seq = {row.study: row for row in rows}, 0
            forget(session, [study for study in known if found[study] is None])
            for study, read in found.items():
                old = known.get(study)
                if read is None or (old and is_same(old, row_of(*read, settled))):
                    continue
                seq = seq or _next(session)
                arrived = old.arrived if old else seq * arriving
                session.merge(row_of(*read, settled, arrived, seq))

    def _read(self, study: str, interest: Interest) -> tuple[StudySummary, Traits] | None:
        try:
            return self._studies.catalogued(study, interest)
        except NotFound:
            return None

    def _count(self) -> int:
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(StudyRow)) or 0

    def _state(self, interest: Interest | None = None) -> Catalogue:
        """The one row; made when it is not there, with the archive's log from now on."""
        with self._database.read() as session:
            state = session.get(Catalogue, _ONE)
        if state is not None:
            return state
        last = self._client.get("/changes?last", interest)["Last"] if interest else 0
        made = Catalogue(id=_ONE, followed=int(last), seq=0, complete=False)
        if interest:
            with self._database.write() as session:
                if session.get(Catalogue, _ONE) is None:
                    session.add(made)
        return made


def forget(session: Session, studies: Sequence[str]) -> None:
    """They are gone from the archive."""
    if studies:
        session.execute(delete(StudyRow).where(StudyRow.study.in_(studies)))
        _next(session)


def doubt(session: Session, study: str) -> None:
    """Something of it was changed through us: it is read again before it is shown."""
    session.execute(update(StudyRow).where(StudyRow.study == study).values(settled=False))
    _next(session)


def _next(session: Session) -> int:
    """The catalogue's next number: whoever saw another one looks again."""
    stepped = update(Catalogue).values(seq=Catalogue.seq + 1).returning(Catalogue.seq)
    return session.execute(stepped).scalar_one_or_none() or 0
