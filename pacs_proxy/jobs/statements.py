"""The SQL of every claim, made once: to build it anew costs ten times what the database takes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    ScalarSelect,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    union,
    update,
)

from pacs_proxy.database import Job

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningUpdate

# A thread that serves several lanes takes them in the order of their names.
BIG, PROMPT, REFERENCE, SMALL = "big", "prompt", "reference", "small"
# What a payload says when its job is so short that several are claimed at once.
LIGHT = "light"
# Twice as many of those that are shorter still.
SHORT = "short"

_JOBS = Job.metadata.tables[Job.__tablename__]
_JOB = _JOBS.c
_NOW: BindParameter[float] = bindparam("now")
_IS_QUEUED = and_(_JOB.state == "queued", _JOB.not_before <= _NOW)
_IS_EXPIRED = and_(_JOB.state == "running", _JOB.lease_until < _NOW)

ADD = insert(_JOBS).returning(_JOB.id)
ADD_SEVERAL = insert(_JOBS)

# Claims by the name of each: a few dozen at most, asked for twice a second by every process.
HELD = select(_JOB.owner, _JOB.state).where(_JOB.owner.is_not(None))

# Lanes in which something can be claimed.
DUE = union(select(_JOB.lane).where(_IS_QUEUED), select(_JOB.lane).where(_IS_EXPIRED))

RELEASE = (
    update(_JOBS)
    .where(
        _JOB.id == bindparam("number"),
        _JOB.owner == bindparam("holder"),
        _JOB.state == "cancelled",
    )
    .values(owner=None, lease_until=None)
)

# Of a cancelled one nothing is left to be taken over; named for ever, it would be buried for ever.
_IS_CANCELLED = _JOB.state == "cancelled"
BURY = (
    update(_JOBS)
    .where(_JOB.owner.in_(bindparam("dead", expanding=True)))
    .values(lease_until=0, owner=case((_IS_CANCELLED, null()), else_=_JOB.owner))
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


def _claiming(which: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """Each claim has a name of its own, so that no earlier one can be taken for it."""
    holder: BindParameter[str] = bindparam("holder")
    return (
        update(_JOBS)
        .where(which)
        .values(
            state="running",
            owner=holder.concat(cast(_JOB.id, String)),
            lease_until=bindparam("lease"),
            attempts=_JOB.attempts + 1,
            updated=_NOW,
        )
        .returning(
            *(_JOB.id, _JOB.kind, _JOB.payload, _JOB.lane, _JOB.study_id, _JOB.upload_id),
            *(_JOB.attempts, _JOB.most_attempts, _JOB.owner, _JOB.created),
        )
    )


# Both selects run once and lock what they find; SQLite's writers exclude each other anyway.
CLAIM = _claiming(_JOB.id == func.coalesce(_orphan(), _next(), type_=Integer))


def _claiming_more(word: str) -> ReturningUpdate[Any]:
    """Others of the same kind of which their payload says the word."""
    found = (
        select(_JOB.id)
        .where(_IS_QUEUED, _JOB.lane == bindparam("same_lane"), _JOB.kind == bindparam("same_kind"))
        # What was tried before goes alone: it may be what ended its process.
        .where(_JOB.attempts == 0, _JOB.payload[word].as_boolean())
        .order_by(_JOB.not_before, _JOB.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
    return _claiming(_JOB.id.in_(found))


CLAIM_MORE = {word: _claiming_more(word) for word in (LIGHT, SHORT)}

# Several claims in one statement: `holders` are their owners.
_HELD = and_(_JOB.owner.in_(bindparam("holders", expanding=True)), _JOB.state == "running")
CONCERN = (
    update(_JOBS).where(_HELD).values(study_id=bindparam("study"), updated=_NOW).returning(_JOB.id)
)
FINISH = (
    update(_JOBS)
    .where(_HELD)
    .values(state="done", owner=None, lease_until=None, updated=_NOW)
    .returning(_JOB.id)
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
