"""What an audit record says, and the one way it is encoded before it is hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# The hash before the first record.
ORIGIN = "0" * 64

STUDY_READ = "study.read"
STUDY_EXPORTED = "study.exported"
STUDY_COUNTED = "study.counted"
STUDY_DELETED = "study.deleted"
MEASURED = "study.measured"
EMERGENCY = "study.emergency"
SEARCH = "study.searched"
UPLOAD_BEGUN = "upload.begun"
UPLOAD_CANCELLED = "upload.cancelled"
UPLOAD_REPORTED = "upload.reported"
CONFLICT_DECIDED = "conflict.decided"
SIGN_IN, SIGN_OUT = "session.begun", "session.ended"
SESSIONS_ENDED = "session.revoked"
ACCOUNT_CHANGED, TOKEN_CHANGED = "account.changed", "token.changed"
SHARE_CHANGED, SHARE_OPENED = "share.changed", "share.opened"
GLASS_BROKEN, GLASS_ENDED = "glass.broken", "glass.ended"
DENIED = "access.denied"
AUDIT_USED = "audit.used"

# Written down once for each session and study before the first byte leaves, then counted.
FIRST = frozenset({STUDY_READ, STUDY_EXPORTED})
# Written down before they are done, and again with how they ended.
CHANGES = frozenset(
    {
        *(STUDY_DELETED, MEASURED, CONFLICT_DECIDED, EMERGENCY),
        *(ACCOUNT_CHANGED, TOKEN_CHANGED, SESSIONS_ENDED, SHARE_CHANGED),
    }
)

DONE, BEGUN = "done", "begun"

# In this order a record is hashed.
FIELDS = (
    *("seq", "at", "event", "outcome", "principal", "session", "address", "request"),
    *("study", "study_uid", "patient", "detail"),
)


@dataclass(frozen=True)
class Asker:
    """Who asks, from where, by which request; `session` is a name for it, never its secret."""

    principal: str
    session: str
    address: str = ""
    request: str = ""


@dataclass(frozen=True)
class Study:
    """Which study, as Orthanc and as DICOM name it, and whose."""

    id: str = ""
    uid: str = ""
    patient: str = ""


@dataclass(frozen=True)
class Event:
    """What is to be written down; `detail` must be JSON."""

    event: str
    asker: Asker
    study: Study = Study()
    outcome: str = DONE
    detail: Mapping[str, Any] = field(default_factory=dict)

    def values(self, seq: int, at: float) -> dict[str, Any]:
        """The record's columns, all but its hash."""
        return {
            "seq": seq,
            "at": at,
            "event": self.event,
            "outcome": self.outcome,
            "principal": _storable(self.asker.principal, 128),
            "session": _storable(self.asker.session, 64),
            "address": _storable(self.asker.address, 64),
            "request": _storable(self.asker.request, 32),
            "study": self.study.id,
            "study_uid": _storable(self.study.uid, 64),
            "patient": _storable(self.study.patient),
            "detail": _storable(_json(dict(self.detail))),
        }


def chained(previous: str, values: Mapping[str, Any]) -> str:
    """The hash of a record that follows the one with hash `previous`."""
    content = _json([previous, *(values[name] for name in FIELDS)])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _storable(text: str, longest: int | None = None) -> str:
    """What every database keeps as it is: no NUL, no half of a surrogate pair."""
    clean = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return clean[:longest]
