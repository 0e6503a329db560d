"""Light jobs claimed together: what `Claimed` does for one, in one statement for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pacs_proxy.jobs import statements
from pacs_proxy.jobs.queue import Claimed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def concern(session: Session, claims: Sequence[Claimed], study: str) -> set[int]:
    """Say which study they turned out to be about; the numbers of those that are still ours."""
    asked = {**_asked(claims), "study": study}
    kept = set(session.connection().scalars(statements.CONCERN, asked))
    for claimed in claims:
        if claimed.id in kept:
            claimed.study_id = study
        else:
            claimed.lost.set()
    return kept


def finish(session: Session, claims: Sequence[Claimed]) -> set[int]:
    """End them well, in the transaction that writes the results; which were still ours.

    The caller marks them as finished once it is committed.
    """
    ended = set(session.connection().scalars(statements.FINISH, _asked(claims)))
    for claimed in claims:
        if claimed.id not in ended:
            claimed.lost.set()
    return ended


def _asked(claims: Sequence[Claimed]) -> dict[str, Any]:
    return {"holders": [claimed.owner for claimed in claims], "now": claims[0].jobs.now()}
