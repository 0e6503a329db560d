"""Through the edge people sign in and out as at the data side, which alone decides."""

import json
from collections.abc import Iterator

import pytest

from pacs_proxy import doorkeeper
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Proxy
from tests.services.test_access import (
    PASSWORD,
    ask,
    cookie,
    records_of,
    settings,
    sign_in,
    until_refused,
)
from tests.split import KEY, Edge, Services

ID = orthanc_id("through", "1")
BYTES = bytes(128) + b"DICM" + bytes(70_000)
NAMED = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with FakeOrthanc() as orthanc:
        orthanc.add(ID, BYTES, tags={"PatientID": "P1"})
        with Services(orthanc.url, sign_in=1) as services:
            for role in ("reader", "technologist"):
                doorkeeper.add_user(settings(services), role, role, PASSWORD)
            yield services


@pytest.fixture(scope="module")
def edge(services: Services) -> Iterator[Edge]:
    with Edge(services.url) as edge:
        yield edge


def path(what: str) -> str:
    return f"/api/pacs/instances/{ID}/{what}"


WAYS = ["file", "display", "download", "frames/1", "slide", "rendered", "contents", "payload"]


@pytest.mark.parametrize("what", WAYS)
def test_nobody_gets_a_byte_by_any_of_its_ways(edge: Edge, what: str) -> None:
    answer = edge.get(path(what))
    assert (answer.status, answer.problem["code"]) == (401, "sign_in_required")


def test_signing_in_and_out(edge: Edge, services: Services) -> None:
    answer = sign_in(edge, "reader")
    assert answer.status == 200
    names = [one.partition("=")[0] for one in answer.headers.get_all("Set-Cookie", [])]
    assert names == ["pacs-session", "pacs-device"]
    mine = cookie(answer)
    assert json.loads(edge.get("/api/session", mine).body)["name"] == "reader"
    assert edge.get(path("file"), mine).body == BYTES
    assert ask(edge, "DELETE", path("")[:-1], mine).status == 403
    out = ask(edge, "DELETE", "/api/session", mine)
    assert out.status == 204
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "pacs-session=;" in out.headers["Set-Cookie"]
    assert until_refused(edge, mine)
    assert {row["address"] for row in records_of(services, "reader")} == {"127.0.0.1"}


def test_a_wrong_password_is_told_in_the_same_words(edge: Edge) -> None:
    answer = sign_in(edge, "reader", "wrong-one")
    assert (answer.status, answer.problem["code"]) == (401, "sign_in_refused")
    assert "Set-Cookie" not in answer.headers


def test_what_is_uploaded_belongs_to_who_signed_in(edge: Edge) -> None:
    mine = cookie(sign_in(edge, "technologist"))
    body = json.dumps({"key": "k1", "source": "files", "expected": 1}).encode()
    assert ask(edge, "POST", "/api/uploads/batches", NAMED, body).status == 401
    made = ask(edge, "POST", "/api/uploads/batches", {**NAMED, **mine}, body)
    batch = json.loads(made.body)["id"]
    assert edge.get(f"/api/uploads/batches/{batch}", mine).status == 200
    theirs = cookie(sign_in(edge, "reader"))
    assert edge.get(f"/api/uploads/batches/{batch}", theirs).status == 403


def test_a_key_of_the_edge_alone_opens_nothing(services: Proxy) -> None:
    answer = services.get(path("file"), {"X-Internal-Key": KEY})
    assert (answer.status, answer.problem["code"]) == (401, "sign_in_required")


def test_a_token_passes_through(edge: Edge, services: Services) -> None:
    secret = doorkeeper.create_token(settings(services), "reader", "script", ["study.read"], 1)
    assert edge.get(path("file"), {"Authorization": f"Bearer {secret}"}).body == BYTES
