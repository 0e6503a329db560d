"""The part of the route table about instances that are no plain pictures."""

from __future__ import annotations

from pacs_proxy.access.permissions import STUDY_READ
from pacs_proxy.services.route import Route

CONTENTS = (
    Route(
        ("GET",),
        "/api/pacs/instances/<instance>/contents",
        "images.contents",
        STUDY_READ,
        "What the verified file holds beside or instead of a picture: `kind`, `class_name`, what "
        "it refers to; of a report its tree and what it has drawn on images, of a segmentation "
        "masks, of a structure set contours, of a waveform curves.",
    ),
    Route(
        ("GET", "HEAD"),
        "/api/pacs/instances/<instance>/payload",
        "frames.payload",
        STUDY_READ,
        "The encapsulated document or video, cut from the verified file, always as "
        "`application/octet-stream`. `ETag`, `Repr-Digest`.",
    ),
)
