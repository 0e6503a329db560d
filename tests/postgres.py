"""A PostgreSQL of our own in a temporary folder: `with Postgres() as server: server.make()`."""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import text

from pacs_proxy.database import Database
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.migrations import upgrade
from pacs_proxy.settings import Settings

MISSING = "PostgreSQL's server is not installed here; run: apt-get install postgresql"


def binaries() -> Path | None:
    """Debian keeps them out of PATH, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    linked = shutil.which("pg_ctl")
    if found:
        return found[-1].parent
    return Path(linked).resolve().parent if linked else None


class Postgres:
    """Runs as another user where we are root, whom PostgreSQL refuses."""

    def __init__(self) -> None:
        where = binaries()
        assert where, MISSING
        self._bin, self._port, self._numbers = where, free_port(), count(1)
        self._upgraded: str | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="pacs-proxy-postgres-", dir="/dev/shm"))
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self._user)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "proxy", "-A", "trust", "-N", "-E", "UTF8")
        # Tests kill processes, not machines: what is written need not reach the disk.
        options = f"-p {self._port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c max_wal_size=128MB"
        self._run(
            "pg_ctl", "-D", data, "-w", "-l", str(self._folder / "log"), "-o", options, "start"
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def make(self, template: str = "template1") -> str:
        """A new database, empty or a copy; its URL as our setting takes it."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self._address(name)

    def drop(self, url: str) -> None:
        """What a test is done with; a thousand of them would take as long to remove as to make."""
        name = url.rpartition("/")[2]
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def make_with_tables(self) -> str:
        """Likewise with our tables, which `upgrade` makes once: it takes a second."""
        if self._upgraded is None:
            made = self.make()
            upgrade(Settings(database_url=made).database_address)
            self._upgraded = made.rpartition("/")[2]
        return self.make(self._upgraded)

    def _address(self, name: str) -> str:
        return f"postgresql://proxy@127.0.0.1:{self._port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        ended = subprocess.run(
            [str(self._bin / program), *arguments],
            cwd="/",
            user=self._user if os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr


_WAITS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
    "WHERE datname = current_database() AND NOT granted AND locktype = 'advisory'"
)


def somebody_waits(database: Database) -> bool:
    """Whether a transaction stands before `alone`."""
    with database.read() as session:
        return bool(session.scalar(_WAITS))
