"""Settings of what comes in."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import GIB, MIB, positive, seconds, setting, whole


@dataclass(frozen=True)
class UploadSettings:
    """Limits of uploads; each is told to the client, and refused with what to do."""

    upload_file_bytes: int = setting(
        "PACS_PROXY_UPLOAD_FILE_BYTES", 2 * GIB, positive, "Largest file taken."
    )
    upload_batch_bytes: int = setting(
        "PACS_PROXY_UPLOAD_BATCH_BYTES",
        200 * GIB,
        positive,
        "Largest sum of the files sent in one go.",
    )
    upload_quota_bytes: int = setting(
        "PACS_PROXY_UPLOAD_QUOTA_BYTES",
        200 * GIB,
        positive,
        "Largest sum of one user's files that are announced and not yet stored.",
    )
    upload_open: int = setting(
        "PACS_PROXY_UPLOAD_OPEN",
        1000,
        positive,
        "Most files of one user of which a part is still to be sent.",
    )
    upload_request_bytes: int = setting(
        "PACS_PROXY_UPLOAD_REQUEST_BYTES",
        16 * MIB,
        positive,
        "Largest body of one request. A front proxy must let as much pass.",
    )
    upload_chunk_bytes: int = setting(
        "PACS_PROXY_UPLOAD_CHUNK_BYTES",
        8 * MIB,
        positive,
        "What the viewer sends in one request; lost when it breaks, and then sent again.",
    )
    upload_parallel: int = setting(
        "PACS_PROXY_UPLOAD_PARALLEL",
        5,
        positive,
        "Files the viewer sends at once; browsers keep six connections to one server.",
    )
    upload_compress_above: int = setting(
        "PACS_PROXY_UPLOAD_COMPRESS_ABOVE",
        5 * MIB,
        positive,
        "On slow links the viewer compresses larger files on their way.",
    )
    upload_body_seconds: float = setting(
        "PACS_PROXY_UPLOAD_BODY_SECONDS",
        20.0,
        seconds,
        "Silence allowed inside a body; less than 1 KB a second counts as silence.",
    )
    upload_expires_seconds: int = setting(
        "PACS_PROXY_UPLOAD_EXPIRES_SECONDS",
        86400,
        positive,
        "How long an unfinished upload is kept after its last byte; never longer than a week.",
    )
    upload_conflict_days: int = setting(
        "PACS_PROXY_UPLOAD_CONFLICT_DAYS",
        7,
        positive,
        "How long a conflict waits for a decision; then the archive's file stays and ours goes.",
    )
    upload_history_days: int = setting(
        "PACS_PROXY_UPLOAD_HISTORY_DAYS",
        90,
        positive,
        "How long finished uploads are listed and their reports can be had.",
    )
    upload_disk_reserve: int = setting(
        "PACS_PROXY_UPLOAD_DISK_RESERVE",
        5 * GIB,
        whole,
        "Free space of the data folder's disk that no upload may use.",
    )
