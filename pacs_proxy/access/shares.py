"""Links to one study for people without an account: shown once, ending, revocable."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from pacs_proxy.access import passwords
from pacs_proxy.access.permissions import ROLES, STUDY_SHARE
from pacs_proxy.access.tables import Account, Share
from pacs_proxy.database import Database
from pacs_proxy.errors.access import ShareRefused

_BITS, _MOST = 128, 500
# So long an ended link is kept; what it was is in the journal for ever.
_KEPT = 30 * 86_400.0
_SHARING = [role for role, may in ROLES.items() if STUDY_SHARE in may]


class Shares:
    """Links of one database. What is kept opens nothing; a link ends with its maker's right."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def make(self, account: str, study: str, seconds: float, passphrase: str) -> tuple[str, Share]:
        """The link's secret, which nobody can be shown again; an empty passphrase is none.

        Raises ShareRefused, WeakPassword.
        """
        if passphrase:
            passwords.check(passphrase, account)
        kept = passwords.hashed(passphrase) if passphrase else None
        secret, now = secrets.token_urlsafe(_BITS // 8), self._clock()
        made = Share(
            id=secrets.token_hex(8),
            key=key_of(secret),
            study=study,
            account=account,
            passphrase=kept,
            created=now,
            expires=now + seconds,
        )
        with self._database.write() as session:
            session.execute(delete(Share).where(Share.expires < now - _KEPT))
            self._expect_room(session, account, now)
            session.add(made)
        return secret, made

    def find(self, secret: str) -> Share | None:
        """What the link leads to, while it does."""
        return self._one(Share.key == key_of(secret))

    def known(self, id_: str) -> Share | None:
        """The link of that name, while it leads anywhere."""
        return self._one(Share.id == id_)

    def listed(self, account: str | None, study: str) -> Sequence[Share]:
        """Those that lead somewhere, newest first: of one account or None for all; study or ""."""
        wanted = self._alive().order_by(Share.created.desc())
        if account is not None:
            wanted = wanted.where(Share.account == account)
        if study:
            wanted = wanted.where(Share.study == study)
        with self._database.read() as session:
            return session.scalars(wanted).all()

    def revoke(self, id_: str) -> None:
        """It opens nothing any more; whoever is in by it is out within seconds."""
        with self._database.write() as session:
            session.execute(update(Share).where(Share.id == id_).values(is_revoked=True))

    def _one(self, condition: ColumnElement[bool]) -> Share | None:
        with self._database.read() as session:
            return session.scalars(self._alive().where(condition)).first()

    def _alive(self) -> Select[Share]:
        holds = (Share.is_revoked.is_(False), Share.expires > self._clock())
        may = (Account.is_disabled.is_(False), Account.role.in_(_SHARING))
        return select(Share).join(Account, Account.name == Share.account).where(*holds, *may)

    @staticmethod
    def _expect_room(session: Session, account: str, now: float) -> None:
        """Raises ShareRefused."""
        live = select(func.count()).where(
            Share.account == account, Share.expires > now, Share.is_revoked.is_(False)
        )
        if (session.scalar(live) or 0) >= _MOST:
            raise ShareRefused(f"You have {_MOST} links already; revoke some that are not needed.")


def end_of(session: Session, study: str) -> None:
    """The study is deleted: should it come again, no old link leads to it."""
    session.execute(update(Share).where(Share.study == study).values(is_revoked=True))


def key_of(secret: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
