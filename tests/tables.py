"""Databases with our tables: made once in each process as production makes them, then copied."""

import tempfile
from functools import cache
from pathlib import Path

from pacs_proxy.migrations import upgrade


def lay(path: Path) -> str:
    """An SQLite file with our tables at `path`; its address."""
    path.write_bytes(_file())
    return f"sqlite:///{path}"


@cache
def _file() -> bytes:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder) / "x.db"
        upgrade(f"sqlite:///{path}")
        return path.read_bytes()
