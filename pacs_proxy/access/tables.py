"""The tables of this package; `migrations` makes them, and the triggers that keep them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from pacs_proxy.database import Base

# Written down once for each session and study; counts of what followed are other records.
_FIRST = text("event IN ('study.read', 'study.exported')")


class AuditRecord(Base):
    """One line of the journal; triggers refuse to change it, to remove it, or to skip a number."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(
            "ux_audit_first",
            "session",
            "study",
            "event",
            unique=True,
            sqlite_where=_FIRST,
            postgresql_where=_FIRST,
        ),
        Index("ix_audit_principal_at", "principal", "at"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[float] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(64))
    principal: Mapped[str] = mapped_column(String(128))
    session: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    request: Mapped[str] = mapped_column(String(32))
    study: Mapped[str] = mapped_column(String(44), index=True)
    study_uid: Mapped[str] = mapped_column(String(64), index=True)
    patient: Mapped[str] = mapped_column(Text, index=True)
    detail: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
