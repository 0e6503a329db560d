"""Work that a request does itself, written down so that somebody ends it when its process dies."""

from __future__ import annotations

import secrets
from typing import Any

from pacs_proxy.jobs import process, statements
from pacs_proxy.jobs.queue import MOST_ATTEMPTS, Claimed, Jobs
from pacs_proxy.jobs.statements import PROMPT

# Longer than any request: only of another machine's process it cannot be seen that it died.
_LEASE_SECONDS = 600.0


def undertaken(jobs: Jobs, kind: str, payload: dict[str, Any], study: str) -> Claimed:
    """A new job that its maker holds from the beginning, and ends as any other."""
    owner, now = f"{process.name()}#{secrets.token_hex(6)}", jobs.now()
    told = {"kind": kind, "payload": payload, "lane": PROMPT, "study_id": study, "attempts": 1}
    held = {"state": "running", "owner": owner, "lease_until": now + _LEASE_SECONDS}
    times = {"not_before": now, "created": now, "updated": now}
    row = {**told, **held, **times, "most_attempts": MOST_ATTEMPTS}
    with jobs.database.write() as session:
        number = session.connection().execute(statements.ADD, row).scalar_one()
    return Claimed(jobs, number, kind, payload, PROMPT, study, None, 1, MOST_ATTEMPTS, owner, now)
