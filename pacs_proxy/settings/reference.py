"""Settings of files that are taken from where they lie: server folders and S3."""

from __future__ import annotations

from dataclasses import dataclass

from pacs_proxy.settings.parse import buckets, folders, setting, url_or_nothing


@dataclass(frozen=True)
class ReferenceSettings:
    """What `POST /api/ingest` may read; nothing unless it is named here."""

    ingest_folders: str = setting(
        "PACS_PROXY_INGEST_FOLDERS",
        "",
        folders,
        "Folders of this server whose files may be taken in, as `name=/path`, separated by commas. "
        "Links in them are not followed.",
    )
    s3_buckets: str = setting(
        "PACS_PROXY_S3_BUCKETS",
        "",
        buckets,
        "Buckets whose objects may be taken in, as `bucket` or `bucket/prefix`, separated by "
        "commas. Keys and region come from the usual AWS variables or files.",
    )
    s3_endpoint: str = setting(
        "PACS_PROXY_S3_ENDPOINT",
        "",
        url_or_nothing,
        "Address of the S3 service where it is not Amazon's.",
    )

    @property
    def allowed_folders(self) -> dict[str, str]:
        """Paths by name."""
        pairs = (entry.partition("=") for entry in self.ingest_folders.split(",") if entry.strip())
        return {name.strip(): path.strip() for name, _, path in pairs}

    @property
    def allowed_buckets(self) -> tuple[tuple[str, str], ...]:
        """Buckets, each with the beginning that a key must have."""
        entries = (entry.strip() for entry in self.s3_buckets.split(","))
        pairs = (entry.partition("/") for entry in entries if entry)
        return tuple((bucket, prefix) for bucket, _, prefix in pairs)
