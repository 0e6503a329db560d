"""Accounts: a name, a role, a password; none exists that nobody made."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from pacs_proxy.access import passwords
from pacs_proxy.access.permissions import ACCOUNT_ROLES
from pacs_proxy.access.restriction import Restriction
from pacs_proxy.access.tables import Account, SignIn
from pacs_proxy.database import Database
from pacs_proxy.errors.access import AccountRefused

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z", re.ASCII)


class Accounts:
    """The accounts of one database. Every change ends the account's sessions."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def add(self, name: str, role: str, password: str) -> None:
        """Make one. Raises AccountRefused, WeakPassword."""
        if not _NAME.match(name):
            raise AccountRefused(
                "A user's name has up to 64 small letters, digits, dots, hyphens and underscores."
            )
        passwords.check(password, name)
        made = Account(
            name=name, role=_role(role), hash=passwords.hashed(password), created=self._clock()
        )
        try:
            with self._database.write() as session:
                session.add(made)
        except IntegrityError:
            raise AccountRefused(f"There is a user {name} already.") from None

    def change(
        self,
        name: str,
        *,
        role: str | None = None,
        password: str | None = None,
        is_disabled: bool | None = None,
    ) -> None:
        """Change what is given, and sign the user out everywhere. Raises as `add`."""
        if password is not None:
            passwords.check(password, name)
        kept = passwords.hashed(password) if password is not None else None
        with self._database.write() as session:
            account = session.get(Account, name)
            if account is None:
                raise AccountRefused(f"There is no user {name}.")
            account.role = _role(role) if role else account.role
            account.hash = kept or account.hash
            account.is_disabled = account.is_disabled if is_disabled is None else is_disabled
            session.execute(delete(SignIn).where(SignIn.account == name))

    def restrict(self, name: str, restriction: Restriction | None) -> None:
        """From now on within that alone; None for everything. Raises AccountRefused."""
        with self._database.write() as session:
            account = session.get(Account, name)
            if account is None:
                raise AccountRefused(f"There is no user {name}.")
            account.restriction = restriction.row() if restriction else None
            session.execute(delete(SignIn).where(SignIn.account == name))

    def grant(self, name: str, may_break_glass: bool) -> None:
        """Whether it may open studies out of its reach in an emergency. Raises AccountRefused."""
        with self._database.write() as session:
            account = session.get(Account, name)
            if account is None:
                raise AccountRefused(f"There is no user {name}.")
            account.may_break_glass = may_break_glass
            session.execute(delete(SignIn).where(SignIn.account == name))

    def listed(self) -> Sequence[Account]:
        """All of them, by name."""
        with self._database.read() as session:
            return session.scalars(select(Account).order_by(Account.name)).all()

    def verified(self, name: str, password: str) -> Account | None:
        """The account, if the password is its own and it is not disabled; always as slow."""
        with self._database.read() as session:
            account = session.get(Account, name)
        # Whom an identity provider knows may have none here.
        kept = account.hash or None if account else None
        agrees = passwords.agrees(kept, password)
        return account if agrees and account and not account.is_disabled else None


def _role(role: str) -> str:
    if role not in ACCOUNT_ROLES:
        raise AccountRefused(f"A role is one of {', '.join(ACCOUNT_ROLES)}.")
    return role
