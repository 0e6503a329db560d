"""The first account made in the browser: by a secret that the first start prints, and once."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from pacs_proxy.access.accounts import Accounts
from pacs_proxy.access.tables import Account
from pacs_proxy.database import Database
from pacs_proxy.errors import NotFound, PacsProxyError
from pacs_proxy.errors.access import SignInRefused

_GONE = "An account has been made already. Sign in, or ask your administrator."


class SetUp:
    """The secret of one data folder; `path` holds its hash, and is gone when it is used up."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database, self._path = database, path

    def begin(self) -> str:
        """At the start, before any worker: a new secret, or none where somebody has an account."""
        self._path.unlink(missing_ok=True)
        if self._is_known_to_anybody():
            return ""
        secret = secrets.token_urlsafe(16)
        made = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(made, "w", encoding="ascii") as file:
            file.write(_hash(secret))
        return secret

    def is_offered(self) -> bool:
        """Whether it can still be used."""
        return self._path.exists() and not self._is_known_to_anybody()

    def expect(self, secret: str) -> None:
        """Raises NotFound where it is used up, SignInRefused for a wrong one."""
        if not self.is_offered():
            raise NotFound(_GONE)
        kept = ""
        with suppress(FileNotFoundError):
            kept = self._path.read_text(encoding="ascii")
        if not hmac.compare_digest(kept, _hash(secret)):
            raise SignInRefused("That is not the set-up secret. The server prints it as it starts.")

    def take(self, name: str, password: str) -> None:
        """Make the first administrator, after `expect`; of several at once one alone does.

        Raises NotFound, AccountRefused, WeakPassword; after these it can be tried again.
        """
        claimed = self._path.with_suffix(".taken")
        try:
            self._path.rename(claimed)
        except FileNotFoundError:
            raise NotFound(_GONE) from None
        try:
            Accounts(self._database).add(name, "admin", password)
        except PacsProxyError:
            claimed.rename(self._path)
            raise
        claimed.unlink()

    def _is_known_to_anybody(self) -> bool:
        with self._database.read() as session:
            return session.scalar(select(Account.name).limit(1)) is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
