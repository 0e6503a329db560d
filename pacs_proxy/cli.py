"""The command `pacs-proxy`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from pacs_proxy.settings import SettingError, Settings


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

    checks = surgery.run(_settings(), orthanc_config)
    if as_json:
        print(json.dumps([check.as_dict() for check in checks], indent=2))
    else:
        print(surgery.report(checks))
    sys.exit(any(check.ok is False for check in checks))


def _settings() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except SettingError as error:
        raise click.ClickException(str(error)) from None
