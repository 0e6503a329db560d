"""The command: what it offers, and how it ends."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from pacs_proxy import cli, doctor, serve
from pacs_proxy.doctor.check import Check
from pacs_proxy.settings import SettingError, Settings


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner(env={"ORTHANC_URL": "http://127.0.0.1:1"})


def test_help_names_the_commands(runner: CliRunner) -> None:
    shown = runner.invoke(cli.main, ["--help"])
    assert shown.exit_code == 0
    assert all(f"\n  {name} " in shown.output for name in ("serve", "worker", "demo", "doctor"))


def test_version_is_the_packages(runner: CliRunner) -> None:
    assert runner.invoke(cli.main, ["--version"]).output.strip()


def test_serve_takes_its_settings_from_the_environment(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(serve, "run", served.append)
    assert runner.invoke(cli.main, ["serve"], env={"PACS_PROXY_PORT": "9999"}).exit_code == 0
    assert (served[0].port, served[0].orthanc_url) == (9999, "http://127.0.0.1:1")


@pytest.mark.parametrize("command", ["serve", "worker", "doctor"])
def test_a_wrong_setting_is_one_sentence(runner: CliRunner, command: str) -> None:
    ended = runner.invoke(cli.main, [command], env={"PACS_PROXY_PORT": "x"})
    assert ended.exit_code == 1
    assert ended.output.count("\n") == 1
    assert "PACS_PROXY_PORT='x'" in ended.output


def test_what_keeps_the_server_from_starting_is_one_sentence(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Settings) -> None:
        raise SettingError("No.")

    monkeypatch.setattr(serve, "run", refuse)
    ended = runner.invoke(cli.main, ["serve"])
    assert (ended.exit_code, ended.output) == (1, "Error: No.\n")


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (None, 0), (False, 1)])
def test_doctor_ends_with_whether_anything_is_wrong(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, ok: bool | None, code: int
) -> None:
    def run(*_: object) -> list[Any]:
        return [Check("a", True, "fine", ""), Check("b", ok, "so", "do")]

    monkeypatch.setattr(doctor, "run", run)
    assert runner.invoke(cli.main, ["doctor"]).exit_code == code
    as_json = runner.invoke(cli.main, ["doctor", "--json"])
    assert as_json.exit_code == code
    assert [check["ok"] for check in json.loads(as_json.output)] == [True, ok]
