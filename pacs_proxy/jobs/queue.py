"""The table of jobs: added with what they are about, claimed for a while, ended by their owner."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.exc import IntegrityError

from pacs_proxy.database import Database, Job, afterwards
from pacs_proxy.jobs import process, statements
from pacs_proxy.jobs.statements import LIGHT, SHORT, SMALL

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEASE_SECONDS = 30.0
# Each crash of its process counts as one attempt, and they come in series.
MOST_ATTEMPTS = 20
_REPORT_SECONDS = 1.0
# Light ones claimed at once, about what a pack of slices brings: each three transactions for all.
TOGETHER = 16
_ENDS = ("done", "failed", "cancelled")
# The state of each claimed job, by the name of its claim.
Held = Mapping[str, str]


class Particulars(TypedDict, total=False):
    """What `Jobs.add` takes besides; `lane` is small unless said otherwise."""

    lane: str
    study_id: str | None
    upload_id: str | None
    not_before: float
    most_attempts: int


class Later(Exception):
    """Raised by a handler: run me again after so many seconds; this was no failure of mine."""

    def __init__(self, seconds: float, detail: str | None = None) -> None:
        super().__init__(detail or "")
        self.seconds, self.detail = seconds, detail


class Lost(Exception):
    """The job was cancelled, or another has taken it over: stop, and write nothing."""


@dataclass
class Claimed:
    """A job while we hold it; `owner` is of this claim alone, so no earlier holder has it."""

    jobs: Jobs
    id: int
    kind: str
    payload: dict[str, Any]
    lane: str
    study_id: str | None
    upload_id: str | None
    attempts: int
    most_attempts: int
    owner: str
    created: float
    lost: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)
    finished: bool = False
    reported: float = 0.0

    @property
    def is_exhausted(self) -> bool:
        """Its last attempt ended with its process; nothing is left but to say so."""
        return self.attempts > self.most_attempts

    def check(self) -> None:
        """Call between steps. Raises Lost; Later when this process is about to end."""
        if self.lost.is_set():
            raise Lost
        if self.ending.is_set():
            raise Later(0)

    def finish(self, session: Session) -> None:
        """End well, in the transaction that writes the results. Raises Lost."""
        self.jobs.end(session, self, "done")
        self.finished = True

    def concerns(self, session: Session, study: str) -> None:
        """Say which study this turned out to be about. Raises Lost."""
        self.jobs.change(session, self, study_id=study)
        self.study_id = study

    def report(self, done: int, total: int | None = None) -> None:
        """Keep how far it is, once a second and at the end. Raises as `check`."""
        self.check()
        now = time.monotonic()
        if done == total or now - self.reported >= _REPORT_SECONDS:
            self.reported = now
            with self.jobs.database.write() as session:
                self.jobs.change(session, self, progress=done, total=total)


class Jobs:
    """The queue. Every change of a claimed job is made only while the claim holds."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        lease: float = LEASE_SECONDS,
    ) -> None:
        self.database, self._clock, self.lease = database, clock, lease
        self._listeners: list[Callable[[str], None]] = []

    def add(
        self, session: Session, kind: str, payload: dict[str, Any], **more: Unpack[Particulars]
    ) -> int:
        """Queue a job in the caller's transaction; its number."""
        now = self._clock()
        wanted: Particulars = {"lane": SMALL, "most_attempts": MOST_ATTEMPTS, "not_before": now}
        wanted.update(more)
        row = {"kind": kind, "payload": payload, "created": now, "updated": now, **wanted}
        number: int = session.connection().execute(statements.ADD, row).scalar_one()
        afterwards(session, partial(self.announce, wanted["lane"]))
        return number

    def add_several(
        self, session: Session, kind: str, payloads: Mapping[str, dict[str, Any]]
    ) -> None:
        """Queue small jobs, one for each upload that `payloads` names."""
        now = self._clock()
        common = {"kind": kind, "lane": SMALL, "most_attempts": MOST_ATTEMPTS, "not_before": now}
        common |= {"created": now, "updated": now}
        rows = [{**common, "upload_id": of, "payload": told} for of, told in payloads.items()]
        session.connection().execute(statements.ADD_SEVERAL, rows)
        for _ in range(0, len(rows), TOGETHER):
            afterwards(session, partial(self.announce, SMALL))

    def on_added(self, listener: Callable[[str], None]) -> None:
        """Call it with the lane after each commit of this process."""
        self._listeners.append(listener)

    def announce(self, lane: str) -> None:
        """There may be something to do."""
        for listener in self._listeners:
            listener(lane)

    def due(self) -> set[str]:
        """The lanes in which something can be claimed now; needs no write lock."""
        with self.database.read() as session:
            return set(session.connection().scalars(statements.DUE, {"now": self._clock()}))

    def claim(self, owner: str, lanes: Sequence[str]) -> Claimed | None:
        """The next job of these lanes: one whose holder died first, else the longest waiting."""
        return next(iter(self.claim_several(owner, lanes, 1)), None)

    def claim_several(self, owner: str, lanes: Sequence[str], most: int) -> list[Claimed]:
        """As `claim`; when the first is light up to `most` of its kind, when short twice that."""
        now = self._clock()
        holder = f"{owner}#{secrets.token_hex(6)}-"
        wanted = {"now": now, "lease": now + self.lease, "holder": holder}
        try:
            with self.database.write() as session:
                ask = session.connection().execute
                rows = ask(statements.CLAIM, {**wanted, "lanes": lanes}).all()
                if most > 1 and rows and (word := _word(rows[0])):
                    more = most * (2 if word == SHORT else 1) - 1
                    alike = {"same_lane": rows[0].lane, "same_kind": rows[0].kind, "most": more}
                    rows = [*rows, *ask(statements.CLAIM_MORE[word], {**wanted, **alike})]
        except IntegrityError:  # another big one began at this moment
            return []
        return sorted((Claimed(self, *row) for row in rows), key=lambda claimed: claimed.id)

    def bury(self, held: Held | None = None) -> None:
        """End the leases of processes that died on this machine: nobody need wait for them."""
        if dead := process.dead(self.held() if held is None else held):
            with self.database.write() as session:
                session.connection().execute(statements.BURY, {"dead": dead})

    def heartbeat(self, claims: Iterable[Claimed]) -> None:
        """Hold them longer; one that is ours no more is told so.

        A cancelled one is held as well: whoever cancelled it waits for its handler to stop.
        """
        held = {claimed.owner: claimed for claimed in claims}
        lease = self._clock() + self.lease
        longer = update(Job).where(Job.owner.in_(held)).values(lease_until=lease)
        with self.database.write() as session:
            rows = session.execute(longer.returning(Job.owner, Job.state))
            self._tell(held, {owner for owner, state in rows if state == "running"})

    def look(self, claims: Iterable[Claimed], held: Held | None = None) -> None:
        """As `heartbeat`, without holding them longer."""
        found = (self.held() if held is None else held).items()
        mine = {claimed.owner: claimed for claimed in claims}
        self._tell(mine, {owner for owner, state in found if state == "running"})

    def held(self) -> Held:
        """What everybody has claimed now."""
        with self.database.read() as session:
            return dict(session.connection().execute(statements.HELD).all())

    @staticmethod
    def _tell(held: dict[str, Claimed], running: set[Any]) -> None:
        for owner in held.keys() - running:
            if not held[owner].finished:
                held[owner].lost.set()

    def finish(self, claimed: Claimed) -> None:
        """End well. Raises Lost."""
        with self.database.write() as session:
            claimed.finish(session)

    def fail(self, claimed: Claimed, retry_in: float | None, detail: str | None = None) -> None:
        """Queue again, or end as failed when `retry_in` is None. Raises Lost."""
        with self.database.write() as session:
            if retry_in is None:
                self.end(session, claimed, "failed", detail=detail)
            else:
                self._requeue(session, claimed, retry_in, detail=detail)

    def postpone(self, claimed: Claimed, seconds: float, detail: str | None = None) -> None:
        """Queue again as if it had not been tried. Raises Lost."""
        with self.database.write() as session:
            self._requeue(session, claimed, seconds, detail=detail, attempts=claimed.attempts - 1)

    def _requeue(self, session: Session, claimed: Claimed, seconds: float, **values: Any) -> None:
        again = self._clock() + seconds
        self.change(
            session,
            claimed,
            state="queued",
            owner=None,
            lease_until=None,
            not_before=again,
            **values,
        )

    def end(self, session: Session, claimed: Claimed, state: str, **values: Any) -> None:
        """End a claim in the caller's transaction. Raises Lost."""
        self.change(session, claimed, state=state, owner=None, lease_until=None, **values)

    def change(self, session: Session, claimed: Claimed, **values: Any) -> None:
        """Write to a job that is still ours, else raise Lost."""
        new = {f"new_{name}": value for name, value in values.items()}
        ours = {"number": claimed.id, "holder": claimed.owner, "new_updated": self._clock()}
        statement = statements.change("updated", *sorted(values))
        if session.connection().execute(statement, {**ours, **new}).one_or_none() is None:
            claimed.lost.set()
            raise Lost

    def release(self, claimed: Claimed) -> None:
        """Say that a cancelled job's handler has stopped."""
        with self.database.write() as session:
            ours = {"number": claimed.id, "holder": claimed.owner}
            session.execute(statements.RELEASE, ours)

    def now(self) -> float:
        """Seconds since 1970, as in the table."""
        return self._clock()

    def add_again(self, session: Session, job: Job) -> None:
        """A job that ended before its work was done, from the beginning."""
        of = Particulars(lane=job.lane, study_id=job.study_id, upload_id=job.upload_id)
        of["not_before"] = job.not_before
        self.add(session, job.kind, job.payload, **of)

    def cancel(
        self, session: Session, concerned: ColumnElement[bool], detail: str | None = None
    ) -> None:
        """Cancel the unfinished jobs that fulfil a condition on `Job`, in the caller's transaction.

        Handlers at work stop at their next step; `at_work` tells when they have.
        """
        unfinished = and_(concerned, Job.state.not_in(_ENDS))
        cancelled = {"state": "cancelled", "updated": self._clock(), "detail": detail}
        session.execute(update(Job).where(unfinished).values(cancelled))

    def at_work(self, session: Session, concerned: ColumnElement[bool]) -> bool:
        """Whether a handler of such a job still runs, also of one that was cancelled."""
        held = and_(concerned, Job.owner.is_not(None), Job.lease_until >= self._clock())
        return session.scalar(select(Job.id).where(held).limit(1)) is not None

    def forget(self, seconds: float) -> None:
        """Remove jobs that ended so long ago."""
        with self.database.write() as session:
            old = Job.updated < self._clock() - seconds
            session.execute(delete(Job).where(Job.state.in_(_ENDS), old))


def _word(row: Any) -> str | None:
    """What others must say of themselves to be claimed with it."""
    said = (word for word in (SHORT, LIGHT) if row.payload.get(word))
    return next(said, None) if row.attempts == 1 else None
