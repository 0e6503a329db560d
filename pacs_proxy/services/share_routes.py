"""The part of the route table about links for guests."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import PUBLIC, STUDY_SHARE
from pacs_proxy.services.route import Route

SHARES = (
    Route(
        ("POST",),
        "/api/pacs/studies/<study>/shares",
        "shares.make",
        STUDY_SHARE,
        'A link to this study alone: `{"days", "passphrase"}`, the latter if it is to have one. '
        "201: `secret`, told this once, for `/#/share/<secret>`.",
        audit=records.SHARE_CHANGED,
    ),
    Route(
        ("GET",),
        "/api/shares",
        "shares.listed",
        STUDY_SHARE,
        "One's own links that lead somewhere, an administrator's all; of one `study`.",
    ),
    Route(
        ("DELETE",),
        "/api/shares/<share>",
        "shares.revoke",
        STUDY_SHARE,
        "End a link; guests who are in by it are out within seconds. Written down.",
    ),
    Route(
        ("POST",),
        "/api/session/share",
        "shares.enter",
        PUBLIC,
        'Open a link: `{"secret", "passphrase"}`. The answer sets a guest\'s cookie; 401 '
        "`passphrase_required`, 404 `share_ended`. Written down.",
    ),
)
