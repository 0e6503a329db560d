"""Browsers that somebody has signed in from: strangers' wrong tries do not shut them out (OWASP).

A cookie says for which account, until when; it is signed with what the account's password is kept
as, so a new password ends it, and nothing of it has to be kept here. It opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from pacs_proxy.access.tables import Account
from pacs_proxy.database import Database

SECONDS = 90 * 86_400.0


class Devices:
    """Makes such cookies and knows them again."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def named(self, account: Account) -> str:
        """A cookie for whoever has just given this account's password."""
        about = f"{secrets.token_hex(8)}.{int(self._clock() + SECONDS)}"
        return f"{about}.{_signed(account, about)}"

    def known(self, name: str, cookie: str) -> str:
        """What tries from that browser are counted by; empty unless the account was used there."""
        about, _, said = cookie.rpartition(".")
        until = about.rpartition(".")[2]
        if not (until.isascii() and until.isdigit() and self._clock() < float(until[:12])):
            return ""
        with self._database.read() as session:
            account = session.get(Account, name)
        if account is None or not account.hash:
            return ""
        is_ours = hmac.compare_digest(
            said.encode("latin-1", "replace"), _signed(account, about).encode()
        )
        return about if is_ours else ""


def _signed(account: Account, about: str) -> str:
    return hmac.new(
        account.hash.encode(), f"{account.name}.{about}".encode(), hashlib.sha256
    ).hexdigest()
