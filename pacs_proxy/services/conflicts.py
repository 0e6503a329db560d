"""Conflicts over HTTP: what waits for a decision, both sides of it, and the decision."""

from __future__ import annotations

from typing import Any

from pacs_proxy.errors import BadRequest
from pacs_proxy.ingest.conflicts import KEEP, NO_SUCH, REPLACE, REPLACING, Open
from pacs_proxy.services import auditing, reach
from pacs_proxy.services.context import interest, services
from pacs_proxy.web.bodies import json_object


def listed() -> dict[str, Any]:
    """What waits for a decision, newest first."""
    found = services().conflicts.open()
    return {"items": [_summary(one) for one in found if reach.reaches(one.result.study)]}


def show(number: int) -> dict[str, Any]:
    """Both files: sizes, digests, and their headers side by side, differences first."""
    _expect_within(number)
    found = services().conflicts.show(number, interest())
    row, archive = found.conflict.result, found.archive
    auditing.note(study=row.study)
    return {
        **_summary(found.conflict),
        "archive": {"size": archive.size, "md5": archive.md5} if archive else None,
        "uploaded": {"size": row.size, "md5": row.md5},
        "tags": found.lines,
    }


def decide(number: int) -> tuple[dict[str, Any], int]:
    """`{"choice": "keep_archive"|"replace"}`; replacing goes on by itself: 202."""
    choice = json_object().get("choice")
    if choice not in {KEEP, REPLACE}:
        raise BadRequest(f"choice must be {KEEP} or {REPLACE}.")
    _expect_within(number)
    state = services().conflicts.decide(number, choice)
    auditing.note(choice=choice, state=state)
    return {"id": number, "state": state}, 202 if state == REPLACING else 200


def _expect_within(number: int) -> None:
    """Raises NotFound, whether there is none or it is out of reach."""
    if not reach.reaches(services().conflicts.find(number).result.study):
        raise reach.out_of_reach(NO_SUCH)


def _summary(conflict: Open) -> dict[str, Any]:
    row, upload = conflict.result, conflict.upload
    return {
        "id": row.id,
        "upload": row.upload_id,
        "batch": row.batch_id,
        "name": upload.name,
        "member": row.member,
        "code": row.code,
        "detail": row.detail,
        "instance": row.instance,
        "series": row.series,
        "study": row.study,
        "created": row.created,
        "decide_by": row.created + services().settings.upload_conflict_days * 86400,
    }
