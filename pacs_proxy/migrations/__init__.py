"""The tables' history: `upgrade` brings any earlier database to what the code expects."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from pacs_proxy.database import engine
from pacs_proxy.turns import Turn

# Any number; it must only be the same for all who upgrade one PostgreSQL database.
_LOCK = 7_236_211
_TURN_SECONDS = 60.0


def upgrade(url: str) -> None:
    """Bring the database to the newest tables; of two that start together one waits."""
    made = engine(url).execution_options(writes=True)
    file = made.url.database if made.dialect.name == "sqlite" else None
    try:
        # SQLite does not wait while another gives a new file its journal: it says "locked".
        with (
            closing(Turn(Path(f"{file}-turn") if file else None)) as turn,
            turn.taken(_TURN_SECONDS),
            made.begin() as connection,
        ):
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(configuration(connection), "head")
    finally:
        made.dispose()


def configuration(connection: Connection) -> Config:
    """Alembic without its file: where the history lies, and the connection to use."""
    found = Config(attributes={"connection": connection})
    found.set_main_option("script_location", "pacs_proxy:migrations")
    return found
