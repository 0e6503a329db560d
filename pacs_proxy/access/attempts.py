"""How often somebody may try a password: ten times in a quarter of an hour, and then later."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pacs_proxy.access.tables import Attempt
from pacs_proxy.database import Database
from pacs_proxy.errors.access import TooManyTries

MOST, WINDOW = 10, 900.0
# Any number that nobody else locks by.
_LOCK = 7_236_212
# Many sit behind one address of a hospital.
MOST_OF_ADDRESS = 50


class Attempts:
    """Counts tries over all workers; forgets them after WINDOW seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def expect(self, account: str, address: str, device: str = "") -> None:
        """Count one try, before the password is looked at. Raises TooManyTries.

        Of one account and one address each: nobody is locked out for longer than the window, and
        a success forgets the tries of its account. A `device` that the account was used from has
        a count of its own, so strangers cannot use it up, nor it theirs.
        """
        now = self._clock()
        with self._database.write() as session:
            session.execute(delete(Attempt).where(Attempt.at <= now - WINDOW))
            self._take_turn(session, account)
            for key, most in _counts(account, address, device):
                count, first = session.execute(
                    select(func.count(), func.min(Attempt.at)).where(Attempt.key == key)
                ).one()
                if count >= most:
                    wait = first + WINDOW - now
                    raise TooManyTries(
                        "Too many tries. Wait a quarter of an hour, or ask your administrator.",
                        retry_after=wait,
                    )
            counts = _counts(account, address, device)
            session.add_all([Attempt(key=key, at=now) for key, _ in counts])

    def _take_turn(self, session: Session, account: str) -> None:
        """Tries that come at once are counted one after the other; SQLite has one writer anyway."""
        if not self._database.is_sqlite:
            key = func.hashtext(f"u:{account}")
            session.execute(select(func.pg_advisory_xact_lock(_LOCK, key)))

    def forget(self, account: str, address: str, device: str = "") -> None:
        """The password was right: the account starts anew, and this was no try of its address."""
        newest = select(func.max(Attempt.id)).where(Attempt.key == f"a:{address}")
        key = f"d:{device}" if device else f"u:{account}"
        with self._database.write() as session:
            session.execute(delete(Attempt).where(Attempt.key == key))
            if device:
                return
            session.execute(delete(Attempt).where(Attempt.id == newest.scalar_subquery()))


def _counts(account: str, address: str, device: str) -> tuple[tuple[str, int], ...]:
    """What a try is counted by, and how many there may be."""
    if device:
        return ((f"d:{device}", MOST),)
    return ((f"u:{account}", MOST), (f"a:{address}", MOST_OF_ADDRESS))
