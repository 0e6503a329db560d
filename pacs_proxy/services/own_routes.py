"""The part of the route table about tokens, sessions and the first account."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import OWN_ACCESS, PUBLIC
from pacs_proxy.services.route import Route

OWN = (
    Route(
        ("POST",),
        "/api/session/set-up",
        "set_up.begin",
        PUBLIC,
        "Make the first administrator: `secret` (printed by the first start), `name`, `password`. "
        "404 as soon as there is an account.",
    ),
    Route(
        ("GET",),
        "/api/tokens",
        "own.tokens",
        OWN_ACCESS,
        "One's own tokens, without what opens anything; everybody's for who manages accounts.",
    ),
    Route(
        ("POST",),
        "/api/tokens",
        "own.make_token",
        OWN_ACCESS,
        "Make a token: `label`, `scopes` (of one's own permissions), `days` (1-366). 201 with "
        "`token`, which is shown this once.",
        audit=records.TOKEN_CHANGED,
    ),
    Route(
        ("DELETE",),
        "/api/tokens/<token>",
        "own.revoke_token",
        OWN_ACCESS,
        "Revoke a token by its `id`; on every worker within two seconds.",
        audit=records.TOKEN_CHANGED,
    ),
    Route(
        ("GET",),
        "/api/sessions",
        "own.sessions",
        OWN_ACCESS,
        "One's own sessions that live; everybody's for who manages accounts.",
    ),
    Route(
        ("DELETE",),
        "/api/sessions",
        "own.end_others",
        OWN_ACCESS,
        "End all of one's own sessions but the one that asks.",
        audit=records.SESSIONS_ENDED,
    ),
    Route(
        ("GET",),
        "/api/preferences",
        "preferences.listed",
        OWN_ACCESS,
        "How one's own pages are to look: `preferences`, texts by name. 404 where nobody signs in.",
    ),
    Route(
        ("POST",),
        "/api/preferences",
        "preferences.change",
        OWN_ACCESS,
        "Keep what is given of `theme`, `keys`, `columns`, `pictures`, `layout:MODALITY` (texts of "
        "at most 4 096 characters, 40 in all); null forgets one.",
    ),
    Route(
        ("DELETE",),
        "/api/sessions/<name>",
        "own.end_session",
        OWN_ACCESS,
        "End a session by its `name`; on every worker within two seconds.",
        audit=records.SESSIONS_ENDED,
    ),
)
