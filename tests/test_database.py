"""What is committed stays, what is not was never there, and tables are what the code expects."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from pacs_proxy.access.accounts import Accounts
from pacs_proxy.archive.tables import Catalogue
from pacs_proxy.database import Batch, Database, Result, Upload, engine, touch
from pacs_proxy.errors import DatabaseUnavailable
from pacs_proxy.migrations import configuration, upgrade
from pacs_proxy.services.tallies import Tally

# Commits one batch, says so, and is killed inside the next transaction.
CRASH = """
import os, signal, sys
from pacs_proxy.database import Batch, Database
database = Database(sys.argv[1])
with database.write() as session:
    session.add(Batch(id="kept", owner="local", created=1.0))
with database.write() as session:
    session.add(Batch(id="undone", owner="local", created=1.0))
    session.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def add_batch(database: Database, name: str = "b") -> None:
    with database.write() as session:
        session.add(Batch(id=name, owner="local", created=1.0))


def upload(name: str, batch: str = "b", key: str | None = None) -> Upload:
    return Upload(
        id=name,
        owner="local",
        batch_id=batch,
        client_key=key,
        length=1,
        created=1.0,
        progressed=1.0,
    )


def test_models_and_migrations_agree(empty_database: str) -> None:
    upgrade(empty_database)
    made = engine(empty_database)
    with made.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert Catalogue.metadata is Tally.metadata  # imported, so all tables are known
        assert compare_metadata(context, Tally.metadata) == []
    made.dispose()


def test_several_may_upgrade_at_once_and_again(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for ended in [pool.submit(upgrade, empty_database) for _ in range(4)]:
            ended.result()
    with closing(Database(empty_database)) as database:
        add_batch(database)


def test_a_database_of_before_there_were_accounts_keeps_what_it_holds(empty_database: str) -> None:
    made = engine(empty_database)
    with made.execution_options(writes=True).begin() as connection:
        command.upgrade(configuration(connection), "0002")
    made.dispose()
    with closing(Database(empty_database)) as database:
        add_batch(database, "earlier")
        upgrade(empty_database)
        Accounts(database).add("ann", "reader", "a horse, a battery")
        with database.read() as session:
            assert session.scalars(select(Batch.id)).all() == ["earlier"]


def test_a_transaction_is_whole_or_was_never_there(database: Database) -> None:
    add_batch(database)
    with pytest.raises(ValueError, match="midway"), database.write() as session:  # noqa: PT012
        session.add(upload("1"))
        session.flush()
        raise ValueError("midway")
    with database.read() as session:
        assert session.scalars(select(Upload)).all() == []
        assert session.get(Batch, "b")


def test_a_killed_process_keeps_what_it_committed(empty_database: str) -> None:
    upgrade(empty_database)
    ended = subprocess.run([sys.executable, "-c", CRASH, empty_database], check=False)
    assert ended.returncode == -signal.SIGKILL
    with closing(Database(empty_database)) as database, database.read() as session:
        assert session.scalars(select(Batch.id)).all() == ["kept"]


def test_revisions_are_counted_once_for_each_change_by_many_writers(database: Database) -> None:
    add_batch(database)

    def change(_: int) -> int:
        with database.write() as session:
            return touch(session, "b")

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(change, range(100)))
    assert sorted(seen) == list(range(1, 101))
    with database.write() as session:
        assert touch(session, "gone") == 0


def test_a_clients_key_makes_one_upload_and_no_key_makes_many(database: Database) -> None:
    add_batch(database)
    with database.write() as session:
        session.add_all([upload("1", key="k"), upload("2"), upload("3")])
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(upload("4", key="k"))


def test_what_hangs_on_an_upload_goes_with_it(database: Database) -> None:
    add_batch(database)
    with database.write() as session:
        session.add(upload("1"))
        session.flush()
        session.add(
            Result(batch_id="b", upload_id="1", outcome="stored", created=1.0, md5="0" * 32)
        )
    with database.write() as session:
        session.delete(session.get_one(Upload, "1"))
    with database.read() as session:
        assert session.scalars(select(Result)).all() == []


def test_an_upload_without_its_batch_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(upload("1", batch="none"))


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    add_batch(database)
    with database.write() as writer, database.read() as reader:
        writer.add(upload("1"))
        writer.flush()
        assert reader.scalars(select(Upload)).all() == []
        assert reader.get(Batch, "b")


def test_a_database_that_is_away_is_said_in_our_words(tmp_path: Path) -> None:
    away = [f"sqlite:///{tmp_path}/none/x.db", "postgresql+psycopg://proxy@127.0.0.1:1/x"]
    for address in away:
        with closing(Database(address)) as database:
            for door in (database.write, database.read):
                with pytest.raises(DatabaseUnavailable), door() as session:
                    session.scalar(select(1))


def test_a_commit_in_sqlite_is_on_the_disk(tmp_path: Path) -> None:
    with (
        closing(Database(f"sqlite:///{tmp_path}/x.db")) as database,
        database.write() as session,
    ):
        ask = session.connection().exec_driver_sql
        names = ("journal_mode", "synchronous", "foreign_keys")
        asked = {name: ask(f"PRAGMA {name}").scalar() for name in names}
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
