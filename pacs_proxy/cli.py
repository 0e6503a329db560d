"""The command `pacs-proxy`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from pacs_proxy.access.permissions import ACCOUNT_ROLES
from pacs_proxy.errors import PacsProxyError
from pacs_proxy.settings import SettingError, Settings

_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.group()
@click.version_option(package_name="pacs-proxy")
def main() -> None:
    """What a reader sees is exactly what the archive stored, or the reader is told why not."""


@main.command()
def serve() -> None:
    """Serve the viewer and the verified images; settings are environment variables."""
    from pacs_proxy import serve as server  # gunicorn is needed here only

    try:
        server.run(_settings())
    except SettingError as error:
        raise click.ClickException(str(error)) from None


@main.command()
def worker() -> None:
    """Store uploads in the archive without serving: more hands beside `serve`, same database."""
    from pacs_proxy import worker as hands

    try:
        hands.run(_settings())
    except SettingError as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--port", default=8080, show_default=True, help="Port of the viewer.")
def demo(port: int) -> None:
    """Start a throw-away Orthanc with generated studies, and the proxy in front of it."""
    from pacs_proxy import demo as show  # numpy is needed here only

    sys.exit(show.run(port))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.option(
    "--orthanc-config",
    type=click.Path(exists=True, path_type=Path),
    help="Orthanc's configuration file or folder, when it is not in its usual place.",
)
def doctor(as_json: bool, orthanc_config: Path | None) -> None:
    """Say what is wrong with this installation and what to change; exit code 1 if anything is."""
    from pacs_proxy import doctor as surgery  # pynetdicom is needed here only

    sys.exit(surgery.show(surgery.run(_settings(), orthanc_config), as_json))


@main.group()
def check() -> None:
    """What must hold before this faces a network; exit code 1 if something does not."""


_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")


@check.command()
@_JSON
def versions(as_json: bool) -> None:
    """Libraries against the oldest versions without a known hole."""
    from pacs_proxy.doctor import minimums, show

    sys.exit(show(minimums.checks(), as_json))


@check.command()
@_JSON
@click.option(
    "--file",
    "files",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="A file that holds settings, such as systemd's EnvironmentFile; .env is looked at anyway.",
)
@click.option(
    "--orthanc-config",
    type=click.Path(exists=True, path_type=Path),
    help="Orthanc's configuration file or folder: its RegisteredUsers, and who may read them.",
)
def secrets(as_json: bool, files: tuple[Path, ...], orthanc_config: Path | None) -> None:
    """Passwords and keys that could be guessed, and files that others may read."""
    from pacs_proxy.doctor import secrets as kept
    from pacs_proxy.doctor import show

    sys.exit(show(kept.checks(_settings(), files, orthanc_config), as_json))


@main.group()
def user() -> None:
    """Who may sign in."""


_ROLE = click.option("--role", type=click.Choice(list(ACCOUNT_ROLES)), help="What the user may do.")
_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of input."
)


@user.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice(list(ACCOUNT_ROLES)), required=True, help="What it may do."
)
@_STDIN
def user_add(name: str, role: str, password_stdin: bool) -> None:
    """Make a user; the password is asked for."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        doorkeeper.add_user(_settings(), name, role, _password(password_stdin))


@user.command("change")
@click.argument("name")
@_ROLE
@click.option("--password", "wants_password", is_flag=True, help="Give it a new password.")
@_STDIN
@click.option("--disable/--enable", "is_disabled", default=None, help="Whether it may sign in.")
def user_change(
    name: str,
    role: str | None,
    wants_password: bool,
    password_stdin: bool,
    is_disabled: bool | None,
) -> None:
    """Change a user, who is signed out everywhere within seconds."""
    from pacs_proxy import doorkeeper

    password = _password(password_stdin) if wants_password or password_stdin else None
    with _in_a_sentence():
        doorkeeper.change_user(_settings(), name, role, password, is_disabled)


@user.command("grant")
@click.argument("name")
@click.option("--break-glass/--no-break-glass", required=True, help="Emergency access.")
def user_grant(name: str, break_glass: bool) -> None:
    """Let a restricted user open single studies in an emergency, with a reason; or no longer."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        doorkeeper.grant_user(_settings(), name, break_glass)


@user.command("restrict")
@click.argument("name")
@click.option("--label", "labels", multiple=True, help="Studies with this label.")
@click.option("--institution", "institutions", multiple=True, help="Studies made there.")
@click.option("--modality", "modalities", multiple=True, help="Studies with such images.")
@click.option("--everything", is_flag=True, help="No restriction any more.")
def user_restrict(name: str, everything: bool, **kinds: tuple[str, ...]) -> None:
    """Let a user have to do with some studies only: with one of each kind that is given."""
    from pacs_proxy import doorkeeper
    from pacs_proxy.access.restriction import Restriction

    with _in_a_sentence():
        limits = None if everything and not any(kinds.values()) else Restriction.of(**kinds)
        doorkeeper.restrict_user(_settings(), name, limits)


@user.command("list")
def user_list() -> None:
    """Show the users and their roles."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        print("\n".join(doorkeeper.users(_settings())))


@main.group()
def token() -> None:
    """Keys for programs: `Authorization: Bearer …`."""


@token.command("create")
@click.argument("label")
@click.option("--user", "owner", required=True, help="Whose rights it has, at most.")
@click.option(
    "--scope", "scopes", multiple=True, default=["study.read", "study.search"], show_default=True
)
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366))
def token_create(label: str, owner: str, scopes: tuple[str, ...], days: int) -> None:
    """Make a token and print it, once."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        print(doorkeeper.create_token(_settings(), owner, label, list(scopes), days))


@token.command("revoke")
@click.argument("id")
def token_revoke(id: str) -> None:
    """End a token, by its id as `token list` shows it."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        doorkeeper.revoke_token(_settings(), id)


@token.command("list")
def token_list() -> None:
    """Show the tokens, without what opens anything."""
    from pacs_proxy import doorkeeper

    with _in_a_sentence():
        print("\n".join(doorkeeper.tokens(_settings())))


@main.group()
def audit() -> None:
    """Who saw what: check the journal, and ask it."""


@audit.command()
def verify() -> None:
    """Whether the journal is as it was written; exit code 1, and which record, if it is not."""
    from pacs_proxy import auditor  # the database is needed here only

    with _in_a_sentence():
        said, is_whole = auditor.verify(_settings())
    print(said)
    sys.exit(not is_whole)


@audit.command()
@click.option("--patient", default="", help="Patient ID, as the study has it.")
@click.option("--user", default="", help="Name of the one who asked.")
@click.option("--study", default="", help="StudyInstanceUID, or Orthanc's identifier.")
@click.option("--event", default="", help="Kind of record, such as glass.broken.")
@click.option("--since", type=_MOMENT, help="First moment, UTC.")
@click.option("--until", type=_MOMENT, help="Moment after the last, UTC.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all fields.")
def query(as_json: bool, **wanted: Any) -> None:
    """Show what the journal holds, oldest first. The question itself is written down."""
    from pacs_proxy import auditor

    with _in_a_sentence():
        for line in auditor.query(_settings(), wanted, as_json):
            print(line)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except PacsProxyError as error:
        raise click.ClickException(error.detail) from None


def _settings() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except SettingError as error:
        raise click.ClickException(str(error)) from None
