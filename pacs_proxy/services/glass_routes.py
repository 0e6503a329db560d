"""The part of the route table about emergencies."""

from __future__ import annotations

from pacs_proxy.access.permissions import STUDY_BREAK_GLASS
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
)
