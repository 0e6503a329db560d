"""Who may do what: the one table of roles, from which the documentation is made."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.access.restriction import Restriction

PUBLIC = "public"
STUDY_READ = "study.read"
STUDY_SEARCH = "study.search"
STUDY_EXPORT = "study.export"
STUDY_SHARE = "study.share"
MEASUREMENT_KEEP = "measurement.keep"
STUDY_DELETE = "study.delete"
UPLOAD_CREATE = "upload.create"
CONFLICT_RESOLVE = "conflict.resolve"
INGEST_REFERENCE = "ingest.reference"
OPERATE = "operate"
AUDIT_READ = "audit.read"
ACCOUNT_MANAGE = "account.manage"
EMERGENCY_DIRECT = "emergency.direct"
STUDY_BREAK_GLASS = "study.break_glass"
OWN_ACCESS = "own.access"

# Whoever holds a link to one study.
_GUEST = frozenset({PUBLIC, STUDY_READ})
# Sharing is less than the export that readers have anyway: it ends, and each opening is known.
_READER = _GUEST | {OWN_ACCESS, STUDY_SEARCH, STUDY_EXPORT, STUDY_SHARE, MEASUREMENT_KEEP}
_TECHNOLOGIST = _READER | {UPLOAD_CREATE, CONFLICT_RESOLVE, EMERGENCY_DIRECT}
_ADMIN = _TECHNOLOGIST | {STUDY_DELETE, INGEST_REFERENCE, OPERATE, AUDIT_READ, ACCOUNT_MANAGE}

GUEST = "guest"
ACCOUNT_ROLES = {"reader": _READER, "technologist": _TECHNOLOGIST, "admin": _ADMIN}
ROLES = {GUEST: _GUEST, **ACCOUNT_ROLES}
# What nobody has to sign in for.
ANYBODY = frozenset({PUBLIC})
EVERYTHING = _ADMIN
# What a token may be given at most: one that leaked makes no others.
GRANTABLE = EVERYTHING - {OWN_ACCESS}

MEANING = {
    PUBLIC: "the page itself, signing in, health",
    OWN_ACCESS: "make and revoke one's own tokens, see and end one's own sessions",
    STUDY_READ: "look at studies; a guest at one alone",
    STUDY_SEARCH: "list and search studies",
    STUDY_EXPORT: "download images, series and studies",
    STUDY_SHARE: "make links to one study for people without an account, and revoke one's own",
    MEASUREMENT_KEEP: "keep measurements in the archive as structured reports",
    UPLOAD_CREATE: "send files to the archive, follow one's own batches",
    CONFLICT_RESOLVE: "decide between two versions of an instance",
    STUDY_DELETE: "delete studies, series and instances",
    INGEST_REFERENCE: "have the server read folders or buckets",
    OPERATE: "see figures for monitoring",
    AUDIT_READ: "ask the audit journal",
    ACCOUNT_MANAGE: "make, change and disable accounts",
    STUDY_BREAK_GLASS: "open a study out of reach in an emergency: in no role, granted to accounts",
    EMERGENCY_DIRECT: "be given the archive's own address of an image that cannot be delivered",
}


def permissions_of(role: str, restriction: object | None, may_break_glass: bool) -> frozenset[str]:
    """An account's; in nobody's way there is no glass to break."""
    is_granted = may_break_glass and restriction is not None
    return ROLES[role] | {STUDY_BREAK_GLASS} if is_granted else ROLES[role]


@dataclass(frozen=True)
class Principal:
    """Who asks; `session` is what the journal calls this spell of work, empty for nobody.

    `restriction`: the studies within reach; None for all. `only`: a guest's one study, until then.
    """

    name: str
    permissions: frozenset[str]
    session: str
    role: str = ""
    restriction: Restriction | None = None
    only: str = ""
    until: float = 0.0
    # Whether what he opened in an emergency counts for this request.
    glass: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether there are studies out of reach."""
        return bool(self.only) or self.restriction is not None
