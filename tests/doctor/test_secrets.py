"""Secrets that can be guessed, and files that others may read, are said; values never are."""

import json
import secrets as random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pacs_proxy import cli
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from pacs_proxy.doctor import Check
from pacs_proxy.doctor import secrets as kept
from pacs_proxy.settings import Settings

STRONG = "9f2c71e05bd84a3360ab7c1d5e8f4092"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Nothing to put right, and no archive to ask."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "spool").mkdir(mode=0o700)
    return replace(
        Settings(),
        orthanc_url=NOWHERE,
        orthanc_username="proxy",
        orthanc_password=STRONG,
        data_dir=str(tmp_path / "data"),
        spool_dir=str(tmp_path / "spool"),
    )


@pytest.fixture(autouse=True)
def open_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest's own folder is 0700, which would shelter everything in it."""
    monkeypatch.setattr(kept, "_is_sheltered", lambda _: False)
    monkeypatch.chdir(tmp_path)


def found(
    settings: Settings, *files: Path, orthanc: Path | None = None, **changed: object
) -> dict[str, Check]:
    chosen = replace(settings, **changed)  # type: ignore[arg-type]
    return {check.name: check for check in kept.checks(chosen, files, orthanc)}


def wrong(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.ok is False}


def test_what_is_well_kept_has_nothing_to_put_right(settings: Settings) -> None:
    assert wrong(found(settings)) == set()


@pytest.mark.parametrize(
    "secret",
    ["", "orthanc", "orthancorthancorthancorthanc", "x" * 64, "0123456789abcdef" * 4, "short-one",
     "correct-horse-password-xyz", "abcdefghijklmnopqrstuvwxyz", "ababababababababcdcdcdcdcdcdcd"],
)  # fmt: skip
def test_what_can_be_guessed_is_said_without_repeating_it(settings: Settings, secret: str) -> None:
    checks = found(settings, orthanc_password=secret)
    assert wrong(checks) == {"ORTHANC_PASSWORD"}
    assert "openssl rand" in checks["ORTHANC_PASSWORD"].advice
    said = "\n".join(f"{check.found}\n{check.advice}" for check in checks.values())
    assert not secret or secret == "orthanc" or secret not in said


def test_what_openssl_makes_is_never_called_weak() -> None:
    made = [random.token_hex(size) for size in (16, 32) for _ in range(2000)]
    assert [secret for secret in made if kept.weakness(secret)] == []


def test_no_password_is_enough_on_this_machine_only(settings: Settings) -> None:
    none: dict[str, Any] = {"orthanc_username": "", "orthanc_password": ""}
    assert found(settings, **none)["ORTHANC_PASSWORD"].ok is None
    away = found(settings, orthanc_url=f"{NOWHERE},http://192.0.2.1:1", **none)
    assert "ORTHANC_PASSWORD" in wrong(away)


def test_a_weak_internal_key_is_said_on_both_sides(settings: Settings) -> None:
    for role in ("web", "services"):
        checks = found(settings, server_role=role, internal_api_key="a" * 32)
        assert "INTERNAL_API_KEY" in wrong(checks)
    fine = found(settings, server_role="web", internal_api_key=random.token_hex(32))
    assert wrong(fine) == set()
    assert "ORTHANC_PASSWORD" not in fine


def test_one_secret_must_not_open_two_doors(settings: Settings) -> None:
    assert wrong(found(settings, server_role="services", internal_api_key=STRONG)) == {
        "one secret, one use"
    }


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("", True),
        ("postgresql://pacs:pacs@db/pacs", False),
        (f"postgresql://pacs:{STRONG}@db/pacs", True),
        ("postgresql://pacs@db/pacs", False),
        ("postgresql:///pacs", None),
    ],
)
def test_the_databases_password(settings: Settings, url: str, ok: bool | None) -> None:
    assert found(settings, database_url=url)["DATABASE_URL"].ok is ok


@pytest.mark.parametrize(("mode", "ok"), [(0o600, True), (0o640, False), (0o644, False)])
def test_files_of_settings_are_for_their_owner(
    settings: Settings, tmp_path: Path, mode: int, ok: bool
) -> None:
    for name in (".env", "key"):
        (tmp_path / name).write_text("INTERNAL_API_KEY=x\n")
        (tmp_path / name).chmod(mode)
    checks = found(settings, tmp_path / "key")
    assert (checks["settings in .env"].ok, checks["settings in key"].ok) == (ok, ok)
    assert ok or "chmod 600" in checks["settings in key"].advice


@pytest.mark.parametrize("folder", ["data", "spool"])
def test_folders_with_patients_are_for_their_owner(
    settings: Settings, tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder).chmod(0o755)
    assert wrong(found(settings)) == {f"{folder} folder"}


def test_a_file_in_a_closed_folder_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "key").write_text("x")
    (closed / "key").chmod(0o644)
    assert kept._closed("key", closed / "key", 0o600).ok is True


def test_users_of_orthancs_configuration_are_looked_at(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "orthanc.json"
    file.write_text(json.dumps({"RegisteredUsers": {"canary-name": "canary", "b": STRONG}}))
    file.chmod(0o644)
    checks = found(settings, orthanc=file)
    assert wrong(checks) == {"Orthanc's orthanc.json", "Orthanc's orthanc.json, user 1"}
    assert not any("canary" in check.found + check.advice for check in checks.values())


def test_the_command_ends_with_whether_anything_is_wrong(settings: Settings) -> None:
    runner = CliRunner(
        env={
            "ORTHANC_URL": NOWHERE,
            "ORTHANC_USERNAME": "proxy",
            "PACS_PROXY_DATA_DIR": settings.data_dir,
            "PACS_PROXY_SPOOL_DIR": settings.spool_dir,
        }
    )
    for password, code in ((STRONG, 0), ("proxy", 1)):
        ended = runner.invoke(
            cli.main, ["check", "secrets", "--json"], env={"ORTHANC_PASSWORD": password}
        )
        assert ended.exit_code == code
        assert any(check["ok"] is False for check in json.loads(ended.output)) == bool(code)
    assert runner.invoke(cli.main, ["check", "versions"]).exit_code == 0


@pytest.fixture(scope="module")
def guessable() -> Iterator[ThrowawayOrthanc]:
    users = {"proxy": STRONG, "orthanc": "orthanc"}
    with ThrowawayOrthanc({"AuthenticationEnabled": True, "RegisteredUsers": users}) as orthanc:
        yield orthanc


@pytest.mark.orthanc
@pytest.mark.skipif(find_executable() is None, reason="Orthanc is not installed here")
def test_a_real_orthanc_that_lets_its_default_user_in_is_found(
    guessable: ThrowawayOrthanc, settings: Settings
) -> None:
    checks = found(settings, orthanc_url=guessable.url)
    assert "Orthanc's default password" in wrong(checks)
