"""Where TLS is in front for sure, nothing depends on what a browser says of its page."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pacs_proxy import doorkeeper
from pacs_proxy.app import create_app
from pacs_proxy.migrations import upgrade
from pacs_proxy.settings import Settings
from tests.services.test_access import PASSWORD

SECURE, PLAIN = "__Host-pacs-session", "pacs-session"
ORIGINS = [{}, {"Origin": "http://localhost"}]


def client_of(folder: Path, **changes: bool) -> FlaskClient:
    settings = Settings(
        orthanc_url="http://127.0.0.1:1",
        data_dir=str(folder),
        spool_dir=str(folder / "spool"),
        **changes,  # type: ignore[arg-type]
    )
    upgrade(settings.database_address)
    doorkeeper.add_user(settings, "reader", "reader", PASSWORD)
    return create_app(settings).test_client(use_cookies=False)


def signed_in(client: FlaskClient, headers: dict[str, str]) -> tuple[int, str, str]:
    """Status, and the session cookie's name and value."""
    body = {"name": "reader", "password": PASSWORD}
    answer = client.post("/api/session", json=body, headers=headers)
    pairs = (line.partition(";")[0].partition("=") for line in answer.headers.getlist("Set-Cookie"))
    name, _, value = next((pair for pair in pairs if "session" in pair[0]), ("", "", ""))
    return answer.status_code, name, value


def knows(client: FlaskClient, name: str, value: str) -> bool:
    answer = client.get("/api/session", headers={"Cookie": f"{name}={value}"})
    return bool(answer.status_code == 200)


@pytest.mark.parametrize("headers", ORIGINS)
def test_with_tls_in_front_nobody_signs_in_without_it(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    client = client_of(tmp_path, tls_in_front=True)
    assert signed_in(client, headers) == (403, "", "")


def test_with_tls_in_front_only_the_cookie_that_no_other_host_can_set_counts(
    tmp_path: Path,
) -> None:
    client = client_of(tmp_path, tls_in_front=True)
    status, name, value = signed_in(client, {"Origin": "https://localhost"})
    assert (status, name) == (200, SECURE)
    assert knows(client, SECURE, value)
    assert not knows(client, PLAIN, value)


@pytest.mark.parametrize("headers", ORIGINS)
def test_without_it_this_machine_may_do_without_tls(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    client = client_of(tmp_path)
    status, name, value = signed_in(client, headers)
    assert (status, name) == (200, PLAIN)
    assert knows(client, PLAIN, value)
