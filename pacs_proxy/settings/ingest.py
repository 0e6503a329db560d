"""Settings of what a file may be before the archive sees it, and how long our copy stays."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import GIB, positive, seconds, setting


@dataclass(frozen=True)
class IngestSettings:
    """Bounds that keep hostile and broken files away from the archive."""

    upload_settle_seconds: float = setting(
        "PACS_PROXY_UPLOAD_SETTLE_SECONDS",
        900.0,
        seconds,
        "How long our copy of a stored file stays; then the archive is asked for it once more.",
    )
    shield_depth: int = setting(
        "PACS_PROXY_SHIELD_DEPTH",
        16,
        positive,
        "Sequences within sequences that a DICOM file may have. Orthanc 1.10.1 dies of 48.",
    )
    shield_elements: int = setting(
        "PACS_PROXY_SHIELD_ELEMENTS",
        200_000,
        positive,
        "Elements that a DICOM file's header may have in all.",
    )
    shield_neighbours: int = setting(
        "PACS_PROXY_SHIELD_NEIGHBOURS",
        20_000,
        positive,
        "Elements beside each other, or items of one sequence. Orthanc's time grows with their "
        "square: 100 000 take it a minute.",
    )
    zip_members: int = setting(
        "PACS_PROXY_ZIP_MEMBERS", 20_000, positive, "Files in one ZIP file or disc image."
    )
    zip_bytes: int = setting(
        "PACS_PROXY_ZIP_BYTES", 8 * GIB, positive, "Bytes of all files in one, unpacked."
    )
    zip_ratio: int = setting(
        "PACS_PROXY_ZIP_RATIO",
        200,
        positive,
        "How many times smaller than itself a file above 8 MiB may be packed.",
    )
