"""Settings of what is kept on this machine: the database, and uploads until they are stored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pacs_proxy.settings.parse import database, folder, positive, setting


@dataclass(frozen=True)
class StorageSettings:
    """Where uploads and jobs are kept, and how many threads work on them."""

    data_dir: str = setting(
        "PACS_PROXY_DATA_DIR",
        "",
        folder,
        "Folder of the database and of uploads that are not yet proven stored, mode 0700, on a "
        "disk that survives a loss of power. Default: pacs-proxy in $XDG_DATA_HOME or "
        "~/.local/share.",
    )
    database_url: str = setting(
        "DATABASE_URL",
        "",
        database,
        "`postgresql://user:password@host/name`, needed when several machines share the uploads. "
        "Default: the SQLite file pacs-proxy.db in PACS_PROXY_DATA_DIR.",
    )
    ingest_threads: int = setting(
        "PACS_PROXY_INGEST_THREADS",
        4,
        positive,
        "Files up to 32 MiB that are stored in the archive at once, over all worker processes. "
        "Larger ones are stored one at a time.",
    )

    @property
    def data_path(self) -> Path:
        """Where our files live."""
        if self.data_dir:
            return Path(self.data_dir)
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(base) / "pacs-proxy"

    @property
    def checkpoint_path(self) -> Path:
        """Where the end of the audit journal is noted besides the database."""
        return self.data_path / "audit.checkpoint"

    @property
    def setup_path(self) -> Path:
        """Where the hash of the set-up secret is while there is no account."""
        return self.data_path / "set-up"

    @property
    def database_address(self) -> str:
        """The database as SQLAlchemy names it."""
        if self.database_url:
            return "postgresql+psycopg://" + self.database_url.partition("://")[2]
        return f"sqlite:///{self.data_path.absolute() / 'pacs-proxy.db'}"
