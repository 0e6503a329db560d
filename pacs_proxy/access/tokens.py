"""Tokens for programs: shown once, kept as a hash, scoped, expiring, revocable."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update

from pacs_proxy.access.permissions import GRANTABLE, ROLES
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Account, Token
from pacs_proxy.database import Database
from pacs_proxy.errors.access import AccountRefused

# Found by scanners for leaked secrets, and by people.
PREFIX = "pacs_"
# Of one account, at a time.
MOST = 50
_TRUST = 2.0


@dataclass(frozen=True)
class Bearer:
    """Whose token it is and what it may do: never more than its owner may now."""

    id: str
    account: str
    permissions: frozenset[str]
    restriction: Restriction | None


class Tokens:
    """Tokens of one database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock
        self._believed: dict[str, tuple[float, Bearer]] = {}

    def create(self, account: str, label: str, scopes: Iterable[str], seconds: float) -> str:
        """The token, which nobody can be shown again. Raises AccountRefused."""
        wanted = sorted(set(scopes))
        if not wanted or set(wanted) - GRANTABLE:
            raise AccountRefused(f"A scope is one of {', '.join(sorted(GRANTABLE))}.")
        secret, now = PREFIX + secrets.token_urlsafe(32), self._clock()
        made = Token(
            id=secrets.token_hex(8),
            account=account,
            label=label,
            scopes=" ".join(wanted),
            hash=_key(secret),
            created=now,
            expires=now + seconds,
        )
        with self._database.write() as session:
            if session.get(Account, account) is None:
                raise AccountRefused(f"There is no user {account}.")
            alive = (Token.account == account, Token.is_revoked.is_(False), Token.expires > now)
            count = select(func.count()).select_from(Token).where(*alive)
            if (session.scalar(count) or 0) >= MOST:
                raise AccountRefused(f"There are {MOST} tokens already; revoke some.")
            session.add(made)
        return secret

    def find(self, secret: str) -> Bearer | None:
        """Whose it is, unless it has expired, was revoked, or its owner is disabled."""
        key, now = _key(secret), self._clock()
        at, found = self._believed.get(key, (0.0, None))
        if found is not None and now - at < _TRUST:
            return found
        self._believed.pop(key, None)
        found = self._read(key, now)
        if found is not None:
            if len(self._believed) > 10_000:
                self._believed.clear()
            self._believed[key] = (now, found)
        return found

    def revoke(self, id_: str, account: str | None = None) -> None:
        """It opens nothing any more; `account`'s alone, if given. Raises AccountRefused."""
        named = update(Token).where(Token.id == id_)
        if account is not None:
            named = named.where(Token.account == account)
        with self._database.write() as session:
            if not session.scalar(named.values(is_revoked=True).returning(Token.id)):
                raise AccountRefused(f"There is no token {id_}.")

    def listed(self, account: str | None = None) -> Sequence[Token]:
        """All of them, or `account`'s, newest first; without what opens anything."""
        wanted = select(Token).order_by(Token.created.desc())
        if account is not None:
            wanted = wanted.where(Token.account == account)
        with self._database.read() as session:
            return session.scalars(wanted).all()

    def _read(self, key: str, now: float) -> Bearer | None:
        wanted = select(Token, Account.role, Account.restriction).join(
            Account, Account.name == Token.account
        )
        alive = (Token.hash == key, Token.is_revoked.is_(False), Account.is_disabled.is_(False))
        with self._database.read() as session:
            row = session.execute(wanted.where(*alive, Token.expires > now)).first()
        if row is None:
            return None
        permissions = frozenset(row[0].scopes.split()) & ROLES[row[1]]
        return Bearer(row[0].id, row[0].account, permissions, Restriction.kept(row[2]))


def _key(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
