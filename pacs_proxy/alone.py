"""Transactions that must not overlap though they touch no common row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_LOCK = select(func.pg_advisory_xact_lock(func.hashtext(bindparam("name"))))


def alone(session: Session, *names: str) -> None:
    """Until the transaction ends nobody else passes here with one of these names.

    What is read afterwards includes all that was committed by those who passed before. Several
    are taken in one order, so that two never wait for each other. SQLite has one writer anyway.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for name in sorted(set(names)):
            connection.execute(_LOCK, {"name": name})
