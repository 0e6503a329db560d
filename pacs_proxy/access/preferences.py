"""How an account likes its pages: small texts that only the pages read, none on a patient."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_proxy.access.tables import Account, Preference
from pacs_proxy.database import Database
from pacs_proxy.errors import BadRequest

# The pages' own names; a layout is kept for each modality (CS of PS3.3).
_NAME = re.compile(r"(theme|keys|columns|pictures|layout:[A-Z0-9_ ]{0,16})\Z", re.ASCII)
# Room for every command with a key of its own.
_LONGEST, _MOST = 4096, 40


class Preferences:
    """Those of one database."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def of(self, account: str) -> dict[str, str]:
        """All of them; what was never chosen is not there."""
        with self._database.read() as session:
            return {name: one.value for name, one in _kept(session, account).items()}

    def change(self, account: str, changes: Mapping[str, object]) -> None:
        """Keep what is given; None is forgotten. Raises BadRequest."""
        accepted = {name: _accepted(name, value) for name, value in changes.items()}
        with self._database.write() as session:
            if session.get(Account, account) is None:
                return
            kept = _kept(session, account)
            names = (set(kept) | set(accepted)) - {n for n, v in accepted.items() if v is None}
            if len(names) > _MOST:
                raise BadRequest(f"At most {_MOST} preferences are kept for one account.")
            for name, value in accepted.items():
                if value is not None:
                    now = self._clock()
                    session.merge(Preference(account=account, name=name, value=value, changed=now))
                elif name in kept:
                    session.delete(kept[name])


def _kept(session: Session, account: str) -> dict[str, Preference]:
    found = session.scalars(select(Preference).where(Preference.account == account))
    return {one.name: one for one in found}


def _accepted(name: str, value: object) -> str | None:
    if not _NAME.match(name):
        raise BadRequest("A preference is theme, keys, columns, pictures or layout:MODALITY.")
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise BadRequest(f"A preference is a printable text of at most {_LONGEST} characters.")
    return value
