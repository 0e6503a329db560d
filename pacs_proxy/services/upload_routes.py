"""The part of the route table about what comes in."""

from __future__ import annotations

from pacs_proxy.access import records
from pacs_proxy.access.permissions import (
    CONFLICT_RESOLVE,
    INGEST_REFERENCE,
    PUBLIC,
    UPLOAD_CREATE,
)
from pacs_proxy.services.route import Route

UPLOADS = (
    Route(
        ("POST",),
        "/api/ingest",
        "references.begin",
        INGEST_REFERENCE,
        'Take in what lies in an allowed folder of the server, `{"folder": "name/below"}`, or in '
        'S3, `{"s3": {"bucket": …, "prefix": …}}`, with a `key` of the client\'s. 202: its batch.',
        audit=records.UPLOAD_BEGUN,
    ),
    Route(
        ("OPTIONS",),
        "/api/uploads",
        "uploads.options",
        PUBLIC,
        "tus 1.0: version, extensions, largest file.",
    ),
    Route(
        ("POST",),
        "/api/uploads",
        "uploads.create",
        UPLOAD_CREATE,
        "tus creation, with or without first bytes. `Upload-Metadata`: `key` (asking twice makes "
        "one upload), `batch`, `name`, `sha256`, `target` (JSON, whose TIFF it is).",
    ),
    Route(
        ("POST",),
        "/api/uploads/pack",
        "uploads.pack",
        UPLOAD_CREATE,
        "Small files together, all taken or none: eight digits, an index of so many bytes "
        "(`batch`, `files`: `key`, `name`, `size`, `sha256`), then their bytes in its order. "
        "201: `uploads`, each with `key`, `id`, `length`, `offset`.",
    ),
    Route(
        ("GET",),
        "/api/uploads/limits",
        "uploads.limits",
        UPLOAD_CREATE,
        "What a client should know before it sends anything.",
    ),
    Route(
        ("HEAD",),
        "/api/uploads/<upload>",
        "uploads.head",
        UPLOAD_CREATE,
        "tus: where to go on; 423 when that cannot be told now.",
    ),
    Route(
        ("PATCH",),
        "/api/uploads/<upload>",
        "uploads.patch",
        UPLOAD_CREATE,
        "tus: the next bytes. With `Upload-Checksum: sha256 …` taken whole or not at all; "
        "`Content-Encoding: gzip` needs one. 204 promises that they are on the disk.",
    ),
    Route(
        ("DELETE",),
        "/api/uploads/<upload>",
        "uploads.cancel",
        UPLOAD_CREATE,
        "tus termination, until it is being stored.",
    ),
    Route(
        ("POST",),
        "/api/uploads/batches",
        "batches.begin",
        UPLOAD_CREATE,
        'What belongs together: `{"key", "source": "files|folder|usb", "expected": n|null}`.',
        audit=records.UPLOAD_BEGUN,
    ),
    Route(
        ("GET",),
        "/api/uploads/batches",
        "batches.recent",
        UPLOAD_CREATE,
        "The newest batches, in figures.",
    ),
    Route(
        ("GET",),
        "/api/uploads/batches/<batch>",
        "batches.news",
        UPLOAD_CREATE,
        "What changed since `rev`: figures, uploads, results; `more` when there is more already.",
    ),
    Route(
        ("DELETE",),
        "/api/uploads/batches/<batch>",
        "batches.cancel",
        UPLOAD_CREATE,
        "End what is not being stored yet.",
        audit=records.UPLOAD_CANCELLED,
    ),
    Route(
        ("GET",),
        "/api/uploads/<upload>/thumbnail",
        "uploads.thumbnail",
        UPLOAD_CREATE,
        "Of a TIFF that has come whole: a PNG of some 512 pixels, not diagnostic.",
        audit=records.UPLOAD_REPORTED,
    ),
    Route(
        ("GET",),
        "/api/uploads/batches/<batch>/report",
        "batches.report",
        UPLOAD_CREATE,
        "What became of every file: CSV to be saved, or `format=json`.",
        audit=records.UPLOAD_REPORTED,
    ),
    Route(
        ("GET",),
        "/api/uploads/conflicts",
        "conflicts.listed",
        CONFLICT_RESOLVE,
        "Files whose image UID the archive holds with other bytes, newest first.",
        audit=records.UPLOAD_REPORTED,
    ),
    Route(
        ("GET",),
        "/api/uploads/conflicts/<int:number>",
        "conflicts.show",
        CONFLICT_RESOLVE,
        "Both sides of one: size and md5, and the headers side by side, differences first.",
        audit=records.UPLOAD_REPORTED,
    ),
    Route(
        ("POST",),
        "/api/uploads/conflicts/<int:number>",
        "conflicts.decide",
        CONFLICT_RESOLVE,
        'The decision: `{"choice": "keep_archive"}`, or `"replace"`, answered 202: what was in the '
        "archive is kept here until the new file has been proven there.",
        audit=records.CONFLICT_DECIDED,
    ),
)
