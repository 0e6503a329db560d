"""The SQL of every claim, made once: to build it anew costs ten times what the database takes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from pacs_proxy.database import Job

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningUpdate

# A thread that serves several lanes takes them in the order of their names.
BIG, PROMPT, REFERENCE, SMALL = "big", "prompt", "reference", "small"

_JOBS = Job.metadata.tables[Job.__tablename__]
_JOB = _JOBS.c
_NOW: BindParameter[float] = bindparam("now")
_IS_QUEUED = and_(_JOB.state == "queued", _JOB.not_before <= _NOW)
_IS_EXPIRED = and_(_JOB.state == "running", _JOB.lease_until < _NOW)

ADD = insert(_JOBS).returning(_JOB.id)

# Lanes in which something can be claimed.
QUEUED_LANES = select(_JOB.lane).where(_IS_QUEUED).distinct()
EXPIRED_LANES = select(_JOB.lane).where(_IS_EXPIRED)

RELEASE = (
    update(_JOBS)
    .where(
        _JOB.id == bindparam("number"),
        _JOB.owner == bindparam("holder"),
        _JOB.state == "cancelled",
    )
    .values(owner=None, lease_until=None)
)


def _orphan() -> ScalarSelect[int]:
    """A job whose holder died."""
    found = select(_JOB.id).where(_IS_EXPIRED, _is_in_lanes()).limit(1)
    return found.with_for_update(skip_locked=True).scalar_subquery()


def _next() -> ScalarSelect[int]:
    """The job that has waited longest in the first of the lanes."""
    at_work = _JOBS.alias("at_work")
    one_is = exists().where(at_work.c.lane == BIG, at_work.c.state == "running")
    found = select(_JOB.id).where(_IS_QUEUED, _is_in_lanes(), or_(_JOB.lane != BIG, ~one_is))
    first = found.order_by(_JOB.lane, _JOB.not_before, _JOB.id).limit(1)
    return first.with_for_update(skip_locked=True, of=_JOBS).scalar_subquery()


def _is_in_lanes() -> ColumnElement[bool]:
    return _JOB.lane.in_(bindparam("lanes", expanding=True))


# Both selects run once and lock what they find; SQLite's writers exclude each other anyway.
CLAIM = (
    update(_JOBS)
    .where(_JOB.id == func.coalesce(_orphan(), _next(), type_=Integer))
    .values(
        state="running",
        owner=bindparam("holder"),
        lease_until=bindparam("lease"),
        attempts=_JOB.attempts + 1,
        updated=_NOW,
    )
    .returning(
        *(_JOB.id, _JOB.kind, _JOB.payload, _JOB.lane, _JOB.study_id, _JOB.upload_id),
        *(_JOB.attempts, _JOB.most_attempts, _JOB.owner, _JOB.created),
    )
)


@cache
def change(*names: str) -> ReturningUpdate[int]:
    """Set columns, named `new_<column>` in the parameters, of a job that is still the holder's."""
    ours = (
        _JOB.id == bindparam("number"),
        _JOB.owner == bindparam("holder"),
        _JOB.state == "running",
    )
    values: dict[str, BindParameter[object]] = {name: bindparam(f"new_{name}") for name in names}
    return update(_JOBS).where(*ours).values(values).returning(_JOB.id)
