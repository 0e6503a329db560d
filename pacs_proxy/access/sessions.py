"""Sessions: kept here, named by a secret that only the browser has, ended within two seconds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import ColumnElement, Delete, Select, delete, select, update
from sqlalchemy.orm import Session as Transaction

from pacs_proxy.access.permissions import GUEST, ROLES, STUDY_SHARE
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Account, Share, SignIn
from pacs_proxy.database import Database
from pacs_proxy.errors import DatabaseUnavailable

# For so long a worker believes what it read: sign-out holds everywhere after it.
TRUST = 2.0
_SEEN_EVERY, _TOUCH_SECONDS = 30.0, 0.5
_BITS = 256

_Statement = TypeVar("_Statement", Select[SignIn], Delete)


@dataclass(frozen=True)
class Session:
    """Whose it is; `name` is for the journal and opens nothing.

    `only`: a guest's study; `until`: when his link ends.
    """

    name: str
    account: str
    role: str
    restriction: Restriction | None
    idle_at: float
    ends_at: float
    only: str = ""
    until: float = 0.0
    may_break_glass: bool = False


class Sessions:
    """Sessions of one database; times in seconds."""

    def __init__(
        self,
        database: Database,
        idle: float,
        absolute: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._clock = database, clock
        self._idle, self._absolute = idle, absolute
        self._seen_every = min(_SEEN_EVERY, idle / 10)
        self._believed: dict[str, tuple[float, Session | None]] = {}

    def begin(
        self, account: str, address: str, before: str = "", share: str | None = None
    ) -> tuple[str, str]:
        """A new session's secret and name; the one `before` it in the same browser ends.

        With `share` it is a guest's, who came by that link of the account's.
        """
        secret, now = secrets.token_urlsafe(_BITS // 8), self._clock()
        made = SignIn(
            key=_key(secret),
            name=secrets.token_hex(8),
            account=account,
            share=share,
            address=address,
            created=now,
            seen=now,
        )
        with self._database.write() as session:
            self._sweep(session)
            session.execute(delete(SignIn).where(SignIn.key == _key(before)))
            session.add(made)
        return secret, made.name

    def find(self, secret: str, is_activity: bool) -> Session | None:
        """The session, unless it has ended; `is_activity` keeps it from falling idle."""
        key, now = _key(secret), self._clock()
        at, found = self._believed.get(key, (0.0, None))
        if found is None or now - at >= TRUST:
            found = self._read(key)
            self._believe(key, now, found)
        if found is None or now >= min(found.idle_at, found.ends_at):
            return None
        if is_activity and now > found.idle_at - self._idle + self._seen_every:
            self._touch(key, now)
        return found

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._database.write() as session:
            session.execute(delete(SignIn).where(SignIn.key == _key(secret)))
        self._believed.pop(_key(secret), None)

    def listed(self, account: str | None = None) -> Sequence[SignIn]:
        """Those that live, all or `account`'s, the latest used first."""
        wanted = select(SignIn).where(~self._is_over()).order_by(SignIn.seen.desc())
        with self._database.read() as session:
            return session.scalars(_of(wanted, account)).all()

    def end_named(self, name: str, account: str | None = None) -> str:
        """End one by the journal's name for it; whose it was, empty if there is none (of his)."""
        ended = _of(delete(SignIn).where(SignIn.name == name), account)
        with self._database.write() as session:
            return session.scalar(ended.returning(SignIn.account)) or ""

    def end_others(self, account: str, kept: str) -> int:
        """End all of an account's but the one of that name; how many they were. Guests stay."""
        others = delete(SignIn).where(
            SignIn.account == account, SignIn.name != kept, SignIn.share.is_(None)
        )
        with self._database.write() as session:
            return len(session.scalars(others.returning(SignIn.name)).all())

    def _read(self, key: str) -> Session | None:
        wanted = (
            select(SignIn, Account, Share)
            .join(Account, Account.name == SignIn.account)
            .outerjoin(Share, Share.id == SignIn.share)
        )
        with self._database.read() as session:
            row = session.execute(
                wanted.where(SignIn.key == key, Account.is_disabled.is_(False))
            ).first()
        if row is None:
            return None
        kept, account = row[0], row[1]
        share: Share | None = row[2]
        ends, idle = kept.created + self._absolute, kept.seen + self._idle
        limits = Restriction.kept(account.restriction)
        if kept.share is None:
            person = Session(kept.name, kept.account, account.role, limits, idle, ends)
            return replace(person, may_break_glass=account.may_break_glass)
        if share is None or share.is_revoked or STUDY_SHARE not in ROLES[account.role]:
            return None
        ends, guest = min(ends, share.expires), guest_name(share.id)
        return Session(kept.name, guest, GUEST, limits, idle, ends, share.study, share.expires)

    def _believe(self, key: str, now: float, found: Session | None) -> None:
        if len(self._believed) > 10_000:
            self._believed.clear()
        if found is None:
            self._believed.pop(key, None)
        else:
            self._believed[key] = (now, found)

    def _touch(self, key: str, now: float) -> None:
        # Nobody waits for it: who is active asks again.
        with (
            suppress(DatabaseUnavailable),
            self._database.write(_TOUCH_SECONDS) as session,
        ):
            session.execute(update(SignIn).where(SignIn.key == key).values(seen=now))
        self._believed.pop(key, None)

    def _sweep(self, session: Transaction) -> None:
        session.execute(delete(SignIn).where(self._is_over()))

    def _is_over(self) -> ColumnElement[bool]:
        now = self._clock()
        return (SignIn.seen < now - self._idle) | (SignIn.created < now - self._absolute)


def _of(statement: _Statement, account: str | None) -> _Statement:
    return statement if account is None else statement.where(SignIn.account == account)


def guest_name(share: str) -> str:
    """What the journal calls whoever came by that link; no account can have such a name."""
    return f"share:{share}"


def token_of(secret: str) -> str:
    """What a page says with every change: those of other sites may send the cookie, not this."""
    return hmac.new(secret.encode(), b"change", hashlib.sha256).hexdigest()


def _key(secret: str) -> str:
    """What is kept opens nothing: the secret itself is only in the browser."""
    return hashlib.sha256(secret.encode()).hexdigest()
