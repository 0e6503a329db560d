"""`pacs-proxy audit`: what is wrong is named, what is asked is shown, and asking is recorded."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pacs_proxy import cli
from pacs_proxy.access.checkpoint import Checkpoint
from pacs_proxy.access.journal import Journal
from pacs_proxy.access.records import STUDY_READ, Asker, Event, Study
from pacs_proxy.database import Database
from pacs_proxy.migrations import upgrade
from pacs_proxy.settings import Settings
from tests.access.conftest import ANN


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a server that handed out two studies, at 2027-01-15 08:00 UTC."""
    settings = Settings(data_dir=str(tmp_path))
    upgrade(settings.database_address)
    with closing(Database(settings.database_address)) as database:
        journal = Journal(database, Checkpoint(settings.checkpoint_path), lambda: 1_800_000_000.0)
        journal.write(
            Event(STUDY_READ, ANN, Study("one", "1.1", "P1")),
            Event(STUDY_READ, Asker("bob", "s-2"), Study("two", "1.2", "evil\x1b[2J")),
        )
    return tmp_path


@pytest.fixture
def runner(data: Path) -> CliRunner:
    return CliRunner(env={"PACS_PROXY_DATA_DIR": str(data), "DATABASE_URL": ""})


def asked(runner: CliRunner, *words: str) -> list[dict[str, object]]:
    ended = runner.invoke(cli.main, ["audit", "query", "--json", *words])
    assert ended.exit_code == 0, ended.output
    return [json.loads(line) for line in ended.output.splitlines()]


def test_a_whole_journal_is_said_to_be_whole(runner: CliRunner) -> None:
    ended = runner.invoke(cli.main, ["audit", "verify"])
    assert (ended.exit_code, "2 records" in ended.output) == (0, True)


def test_a_changed_record_is_named_and_the_exit_code_tells(runner: CliRunner, data: Path) -> None:
    with closing(sqlite3.connect(data / "pacs-proxy.db", isolation_level=None)) as plain:
        plain.execute("DROP TRIGGER audit_no_UPDATE")
        plain.execute("UPDATE audit SET principal = 'nobody' WHERE seq = 2")
    ended = runner.invoke(cli.main, ["audit", "verify"])
    assert (ended.exit_code, "Record 2" in ended.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "users"),
    [
        (["--patient", "P1"], ["ann"]),
        (["--user", "bob"], ["bob"]),
        (["--study", "1.1"], ["ann"]),
        (["--since", "2027-01-15T08:00", "--until", "2027-01-15T08:00:01"], ["ann", "bob"]),
        (["--until", "2020-01-15"], []),
    ],
)
def test_a_question_is_answered_in_json_lines(
    runner: CliRunner, words: list[str], users: list[str]
) -> None:
    assert [line["principal"] for line in asked(runner, *words)] == users


def test_a_look_into_the_journal_is_in_the_journal(runner: CliRunner) -> None:
    asked(runner, "--patient", "P1")
    assert any(
        line["event"] == "audit.used" and line["detail"] == {"terms": {"patient": "P1"}}
        for line in asked(runner)
    )


def test_the_table_has_a_line_for_each_record_and_no_control_character(runner: CliRunner) -> None:
    ended = runner.invoke(cli.main, ["audit", "query", "--since", "2027-01-15"])
    lines = ended.output.splitlines()
    assert len(lines) == 3
    assert "2027-01-15T08:00:00.000Z" in lines[1]
    assert "\x1b" not in ended.output


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@pytest.mark.parametrize("command", ["verify", "query"])
def test_no_journal_is_said_in_a_sentence(empty: Path, command: str) -> None:
    runner = CliRunner(env={"PACS_PROXY_DATA_DIR": str(empty), "DATABASE_URL": ""})
    ended = runner.invoke(cli.main, ["audit", command])
    assert ended.exit_code == 1
    assert "\nError: This" in f"\n{ended.output}"
