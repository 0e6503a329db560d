"""The part of the route table about emergencies."""

from __future__ import annotations

from pacs_proxy.access.permissions import OWN_ACCESS, STUDY_BREAK_GLASS
from pacs_proxy.services.route import Route

GLASS = (
    Route(
        ("POST",),
        "/api/glass",
        "glass.open_study",
        STUDY_BREAK_GLASS,
        'Open a study out of reach: `{"accession" or "patient_id", "reason"}`, the number exactly, '
        "the reason in 10 characters or more. `study` and `until`; or `choose`, to be asked again "
        "with one `study` of them. Written down first.",
    ),
    Route(
        ("GET",),
        "/api/glass",
        "glass.opened",
        STUDY_BREAK_GLASS,
        "What this session has opened so: `study`, `until`.",
    ),
    Route(
        ("POST",),
        "/api/glass/end",
        "glass.end",
        OWN_ACCESS,
        "End it now: of one `study` that this session opened, or of all that a `session` (its "
        "name) has open, one's own or, for who manages accounts, anybody's. `ended`: how many. "
        "What is on its way out ends too; on every worker within two seconds.",
    ),
)
