"""The tables' history: `upgrade` brings any earlier database to what the code expects."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from pacs_proxy.database import engine

# Any number; it must only be the same for all who upgrade one PostgreSQL database.
_LOCK = 7_236_211


def upgrade(url: str) -> None:
    """Bring the database to the newest tables; of two that start together one waits."""
    made = engine(url).execution_options(writes=True)
    try:
        with made.begin() as connection:
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
