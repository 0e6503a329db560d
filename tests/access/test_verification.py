"""Whatever is changed behind the journal's back is found, and the first wrong record is named."""

import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import FIELDS, SEARCH, Event, chained
from pacs_proxy.access.verification import Verdict, verify
from pacs_proxy.database import Database
from tests.access.conftest import ANN, opened

COUNT = 40


@pytest.fixture
def written(file: Path, checkpoint: Checkpoint) -> Path:
    with closing(Database(f"sqlite:///{file}")) as database:
        journal = Journal(database, checkpoint)
        journal.write(*map(opened, range(COUNT - 1)))
        journal.write(Event(SEARCH, ANN, detail={"terms": {"patient_name": "Ünïcode"}}))
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        plain.execute("PRAGMA journal_mode=DELETE")
    return file


def judged(file: Path, checkpoint: Checkpoint) -> Verdict:
    with closing(Database(f"sqlite:///{file}")) as database:
        return verify(database, checkpoint)


def meddle(file: Path, *statements: str) -> None:
    """As somebody would who owns the file: the triggers go first."""
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        for name in ("audit_no_UPDATE", "audit_no_DELETE", "audit_in_order"):
            plain.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            plain.execute(statement)


def rows(file: Path) -> dict[int, tuple[object, ...]]:
    """What can be read of the table, one record at a time and as bytes."""
    found = {}
    with closing(sqlite3.connect(file)) as plain:
        plain.text_factory = repr  # told from a blob, and never undecodable
        for number in range(1, COUNT + 1):
            try:
                row = plain.execute("SELECT * FROM audit WHERE seq = ?", [number]).fetchone()
            except sqlite3.DatabaseError:
                row = None
            found[number] = row
    return found


def test_an_untouched_journal_is_whole(written: Path, checkpoint: Checkpoint) -> None:
    verdict = judged(written, checkpoint)
    assert verdict.is_whole
    assert (verdict.sound, verdict.is_marked) == (COUNT, True)
    assert verdict.last == checkpoint.read()


@pytest.mark.parametrize("column", [*FIELDS[1:], "hash"])
def test_a_changed_column_names_its_record(
    written: Path, checkpoint: Checkpoint, column: str
) -> None:
    changed = f"{column} + 0.001" if column == "at" else f"{column} || 'x'"
    meddle(written, f"UPDATE audit SET {column} = {changed} WHERE seq = 17")
    verdict = judged(written, checkpoint)
    assert (verdict.broken, verdict.sound) == (17, 16)
    assert "Record 17" in verdict.reason


@pytest.mark.parametrize("gone", [1, 17, COUNT])
def test_a_removed_record_is_named(written: Path, checkpoint: Checkpoint, gone: int) -> None:
    meddle(written, f"DELETE FROM audit WHERE seq = {gone}")
    assert judged(written, checkpoint).broken == gone


def test_a_cut_off_tail_is_noticed_by_the_checkpoint(written: Path, checkpoint: Checkpoint) -> None:
    meddle(written, "DELETE FROM audit WHERE seq > 30")
    verdict = judged(written, checkpoint)
    assert verdict.broken == 31
    assert f"31 to {COUNT}" in verdict.reason


def test_a_chain_made_anew_from_the_middle_is_noticed(
    written: Path, checkpoint: Checkpoint
) -> None:
    """Somebody who knows how records are hashed, and not where the last hash is kept."""
    with closing(sqlite3.connect(written)) as plain:
        plain.row_factory = sqlite3.Row
        kept = [dict(row) for row in plain.execute("SELECT * FROM audit ORDER BY seq")]
    kept[20]["principal"] = "somebody-else"
    last = kept[19]["hash"]
    statements = []
    for row in kept[20:]:
        last = chained(last, {name: row[name] for name in FIELDS})
        statements.append(
            f"UPDATE audit SET principal = '{row['principal']}', hash = '{last}' "
            f"WHERE seq = {row['seq']}"
        )
    meddle(written, *statements)
    verdict = judged(written, checkpoint)
    assert verdict.broken == COUNT
    assert "checkpoint" in verdict.reason


def test_without_a_checkpoint_that_is_said(written: Path, tmp_path: Path) -> None:
    verdict = judged(written, Checkpoint(tmp_path / "none"))
    assert verdict.is_whole
    assert not verdict.is_marked


def test_a_damaged_checkpoint_is_said(written: Path, tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"00000000000000000040 xyz\n")
    assert "heckpoint" in judged(written, Checkpoint(tmp_path / "checkpoint")).reason


def flipped(value: object, chance: Random) -> object:
    """The same value with one of its bits the other way."""
    if isinstance(value, float):
        data = bytearray(struct.pack("<d", value))
        data[chance.randrange(6)] ^= 1 << chance.randrange(8)
        return struct.unpack("<d", data)[0]
    if isinstance(value, int):
        return value + 1000 * (1 << chance.randrange(20))
    data = bytearray(str(value).encode() or b" ")
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(7)
    return bytes(data).decode("utf-8", "surrogateescape") if value else "x"


def test_one_flipped_bit_in_any_column_of_any_record_names_that_record(
    written: Path, checkpoint: Checkpoint
) -> None:
    """40 records by 13 columns, each in its turn and put back again."""
    chance, named = Random(11), 0
    meddle(written, "DROP INDEX ux_audit_first")
    with (
        closing(sqlite3.connect(written, isolation_level=None)) as plain,
        closing(Database(f"sqlite:///{written}")) as database,
    ):
        for number in range(1, COUNT + 1):
            for column in (*FIELDS, "hash"):
                select = f"SELECT {column} FROM audit WHERE seq = ?"
                [honest] = plain.execute(select, [number]).fetchone()
                other = flipped(honest, chance)
                data = os.fsencode(other) if isinstance(other, str) else other
                value = "CAST(? AS TEXT)" if isinstance(other, str) else "?"
                plain.execute(f"UPDATE audit SET {column} = {value} WHERE seq = ?", [data, number])
                verdict = verify(database, checkpoint)
                assert verdict.broken == number, f"{column} of {number}: {verdict}"
                now = other if column == "seq" else number
                plain.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", [honest, now])
                named += 1
        assert named == COUNT * (len(FIELDS) + 1)
        assert verify(database, checkpoint).is_whole


def flips(file: Path, count: int) -> Iterator[tuple[int, bytes]]:
    """One bit each, anywhere in the pages of the journal's table."""
    data = file.read_bytes()
    with closing(sqlite3.connect(file)) as plain:
        size = plain.execute("PRAGMA page_size").fetchone()[0]
        query = "SELECT pageno FROM dbstat WHERE name = 'audit'"
        try:
            pages = [row[0] for row in plain.execute(query)]
        except sqlite3.OperationalError:
            root = "SELECT rootpage FROM sqlite_master WHERE name = 'audit'"
            pages = [plain.execute(root).fetchone()[0]]
            pages += [
                n
                for n in range(1, len(data) // size + 1)
                if b"study.read" in data[(n - 1) * size : n * size]
            ]
    random = Random(7)
    for _ in range(count):
        at = (random.choice(pages) - 1) * size + random.randrange(size)
        yield at, data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def test_one_flipped_bit_in_the_file_is_found_and_the_first_changed_record_named(
    written: Path, checkpoint: Checkpoint
) -> None:
    honest, found = rows(written), 0
    for at, flipped in flips(written, 80):
        written.write_bytes(flipped)
        now = rows(written)
        changed = [number for number in honest if now[number] != honest[number]]
        verdict = judged(written, checkpoint)
        if changed:
            found += 1
            assert verdict.broken == changed[0], f"byte {at}: {verdict}"
        else:
            assert verdict.broken is None, f"byte {at}: {verdict}"
    assert found > 20
