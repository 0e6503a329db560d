"""The tables of this package; `migrations` makes them, and the triggers that keep them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from pacs_proxy.database import Base

# Written down once for each session and study; counts of what followed are other records.
_FIRST = text("event IN ('study.read', 'study.exported')")

_NAME = "accounts.name"
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


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


class Account(Base):
    """Somebody who may sign in; `hash` is argon2id's, `restriction` None for every study."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
    hash: Mapped[str] = mapped_column(Text)
    is_disabled: Mapped[bool] = mapped_column(default=False)
    restriction: Mapped[dict[str, Any] | None]
    may_break_glass: Mapped[bool] = mapped_column(default=False, server_default=false())
    created: Mapped[float]


class SignIn(Base):
    """A session: `key` is the hash of the browser's secret, `name` is for the journal."""

    __tablename__ = "sign_ins"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(
        ForeignKey("accounts.name", ondelete="CASCADE"), index=True
    )
    # Of a guest: the link he came by, and `account` is who made it.
    share: Mapped[str | None] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64))
    created: Mapped[float]
    seen: Mapped[float]


class Token(Base):
    """A program's key; `hash` is of the secret, `scopes` are permissions with spaces between."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account: Mapped[str] = mapped_column(
        ForeignKey("accounts.name", ondelete="CASCADE"), index=True
    )
    label: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    created: Mapped[float]
    expires: Mapped[float]
    is_revoked: Mapped[bool] = mapped_column(default=False)


class Share(Base):
    """A link to one study: hashes of its secret and of its passphrase, which it need not have."""

    __tablename__ = "shares"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    study: Mapped[str] = mapped_column(String(44), index=True)
    account: Mapped[str] = mapped_column(ForeignKey(_NAME, ondelete="CASCADE"), index=True)
    passphrase: Mapped[str | None] = mapped_column(Text)
    created: Mapped[float]
    expires: Mapped[float]
    is_revoked: Mapped[bool] = mapped_column(default=False)


class Opening(Base):
    """A study out of its reach that a session opened in an emergency; it ends with the session."""

    __tablename__ = "openings"

    session: Mapped[str] = mapped_column(String(32), primary_key=True)
    study: Mapped[str] = mapped_column(String(44), primary_key=True)
    until: Mapped[float]


class Preference(Base):
    """How an account likes its pages: a text that only the pages read."""

    __tablename__ = "preferences"

    account: Mapped[str] = mapped_column(ForeignKey(_NAME, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed: Mapped[float]


class Attempt(Base):
    """One try of a password, by account and by address."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    key: Mapped[str] = mapped_column(String(140), index=True)
    at: Mapped[float] = mapped_column(index=True)


class Binding(Base):
    """Which account somebody has who is known by his identity provider."""

    __tablename__ = "bindings"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey(_NAME, ondelete="CASCADE"), unique=True)
    created: Mapped[float]


class Flow(Base):
    """A sign-in under way at the identity provider: hashes of its state and of the browser's."""

    __tablename__ = "flows"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64), index=True)
    created: Mapped[float] = mapped_column(index=True)
