"""SERVER_ROLE=services answers nobody but its edge."""

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask
from werkzeug.test import Client

from pacs_proxy.services.headers import Hardened
from pacs_proxy.services.internal import Guarded
from pacs_proxy.services.routes import ROUTES
from tests.fakes import FakeOrthanc
from tests.split import KEY, Services

NEW = "fedcba9876543210fedcba9876543210"
DATA = bytes(128) + b"DICM" + bytes(5000)
ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
FILE = f"/api/pacs/instances/{ID}/file"
WRONG = [None, "", "x", KEY[:-1], KEY + "0", KEY.upper(), f"{KEY},{NEW}", " ", "ü" * 32]


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with FakeOrthanc() as orthanc, Services(orthanc.url, key=f"{KEY}, {NEW}") as services:
        orthanc.add(ID, DATA)
        yield services


@pytest.mark.parametrize("key", WRONG, ids=str)
def test_without_a_valid_key_nothing_is_answered(services: Services, key: str | None) -> None:
    headers = {} if key is None else {"X-Internal-Key": key}
    for path in ("/", FILE, "/api/pacs/studies", "/readyz", "/metrics", "/nowhere"):
        got = services.get(path, headers)
        assert (got.status, got.problem["code"]) == (401, "internal_key_refused"), path
        assert got.headers["WWW-Authenticate"] == "X-Internal-Key"


def test_every_route_but_life_is_guarded(services: Services) -> None:
    for route in ROUTES:
        path = route.rule.replace("<instance>", ID)
        for method in route.methods:
            status = services.get(path, method=method).status
            assert (status == 200) is (path == "/healthz"), (method, path)


@pytest.mark.parametrize("key", [KEY, NEW])
def test_both_keys_are_valid_while_they_are_changed(services: Services, key: str) -> None:
    got = services.get(FILE, {"X-Internal-Key": key})
    assert (got.status, got.body) == (200, DATA)


def test_a_connection_that_showed_the_key_once_must_show_it_again(services: Services) -> None:
    """The short way past the framework would lead past the guard too."""
    with closing(services.connect()) as connection:
        for headers, status in [({"X-Internal-Key": KEY}, 200), ({}, 401)] * 3:
            connection.request("GET", FILE, headers=headers)
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) == len(DATA)) == (status, status == 200)


def test_an_id_is_taken_from_the_edge_only(services: Services) -> None:
    name = "0123456789abcdef"
    shown = services.get("/healthz", {"X-Request-Id": name, "X-Internal-Key": KEY})
    assert shown.headers["X-Request-Id"] == name
    for headers in ({"X-Request-Id": name}, {"X-Request-Id": "odd\tone", "X-Internal-Key": KEY}):
        assert services.get("/healthz", headers).headers["X-Request-Id"] not in headers.values()


def test_the_key_is_known_to_no_view_and_no_log(services: Services) -> None:
    app = Flask(__name__)
    seen: list[object] = []

    def view(environ: dict[str, object], start: object) -> list[bytes]:
        seen.append(environ)
        return app.response_class(b"")(environ, start)  # type: ignore[arg-type, return-value]

    Client(Hardened(Guarded(view, [KEY]))).get("/", headers={"X-Internal-Key": KEY})
    assert len(seen) == 1
    assert KEY not in str(seen)
    assert KEY not in services.log


def test_the_hosts_name_is_the_edges_business(services: Services) -> None:
    headers = {"X-Internal-Key": KEY, "Host": "pictures.example.org"}
    assert services.get("/readyz", headers).status == 200
    assert services.get(FILE, headers).body == DATA


def test_it_listens_beyond_loopback_since_its_key_keeps_others_out() -> None:
    with FakeOrthanc() as orthanc, Services(orthanc.url, host="0.0.0.0") as services:
        connection = http.client.HTTPConnection("127.0.0.2", services.port)
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 401
        connection.close()
