"""The part of the route table about who is signed in, and about accounts."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import ACCOUNT_MANAGE, PUBLIC, STUDY_EXPORT
from pacs_proxy.services.route import Route

SESSIONS = (
    Route(("GET",), "/api/session", "session.current", PUBLIC, "Who is signed in; 401 for nobody."),
    Route(
        ("POST",),
        "/api/session",
        "session.begin",
        PUBLIC,
        'Sign in: `{"name", "password"}`. The answer sets the session\'s cookie.',
    ),
    Route(
        ("DELETE",),
        "/api/session",
        "session.end",
        PUBLIC,
        "Sign out, here and on every worker. 200 with `elsewhere`: where the browser signs out of "
        "the identity provider too; else 204.",
    ),
    Route(
        ("GET",),
        "/api/session/device",
        "device.key",
        STUDY_EXPORT,
        "The key under which this browser may keep verified files on its device, with `bytes` and "
        "`seconds`: made of the session, and gone with it. 404 where nothing may be kept.",
    ),
    Route(
        ("GET",),
        "/api/session/oidc",
        "oidc.begin",
        PUBLIC,
        "Sign in with the identity provider: the browser is sent there.",
    ),
    Route(
        ("GET",),
        "/api/session/oidc/callback",
        "oidc.callback",
        PUBLIC,
        "It comes back from there, once, with `code` and `state`; on to `/`, with the session's "
        "cookie or with `#sign-in=` and why not.",
    ),
    Route(
        ("GET",),
        "/api/users",
        "people.listed",
        ACCOUNT_MANAGE,
        "All accounts: name, role, restriction, whether disabled.",
    ),
    Route(
        ("POST",),
        "/api/users",
        "people.add",
        ACCOUNT_MANAGE,
        "Make an account: JSON `name`, `role`, `password`.",
        audit=records.ACCOUNT_CHANGED,
    ),
    Route(
        ("POST",),
        "/api/users/<name>",
        "people.change",
        ACCOUNT_MANAGE,
        "Change what is given of `role`, `password`, `disabled`, `restriction`; the user is signed "
        "out everywhere.",
        audit=records.ACCOUNT_CHANGED,
    ),
)
