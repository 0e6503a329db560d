"""Pages of other sites cannot change anything in the name of who sits here (CSRF)."""

import json

import pytest

from tests.sender import BYTES, TUS, Sender, checksum
from tests.server import Proxy

UNSAFE = [
    ("POST", "/api/uploads"), ("PATCH", f"/api/uploads/{'0' * 32}"),
    ("DELETE", f"/api/uploads/{'0' * 32}"), ("POST", "/api/uploads/batches"),
    ("DELETE", f"/api/uploads/batches/{'0' * 32}"), ("POST", "/nothing"), ("PUT", "/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:{port}.evil.example", "Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://[", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_what_another_page_asks_for_is_refused(
    server: Proxy, method: str, path: str, headers: dict[str, str]
) -> None:
    given = {name: value.format(port=server.port) for name, value in headers.items()}
    answer = Sender(server.url).ask(method, path, {**TUS, **given}, b"")
    assert (answer.status, answer.problem["code"]) == (403, "cross_site")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "https://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_page_and_programs_are_welcome(server: Proxy, headers: dict[str, str]) -> None:
    given = {name: value.format(port=server.port) for name, value in headers.items()}
    answer = Sender(server.url).ask(
        "POST",
        "/api/uploads",
        {**BYTES, "Upload-Length": "5", **checksum(b"hello"), **given},
        b"hello",
    )
    assert answer.status == 201


def test_looking_is_open_to_links_from_elsewhere(server: Proxy) -> None:
    answer = server.get(
        "/healthz", {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    )
    assert answer.status == 200


def test_a_simple_request_of_a_form_reaches_nothing(server: Proxy) -> None:
    """What a browser sends elsewhere without asking first: old browsers say no more than this."""
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        body = json.dumps({"key": "form"}).encode()
        answer = Sender(server.url).ask(
            "POST", "/api/uploads/batches", {"Content-Type": media}, body
        )
        assert answer.status == 415
