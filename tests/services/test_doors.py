"""What the route table does not list cannot be reached, however it is written."""

import http.client
import re
import socket
from urllib.parse import urlsplit

import pytest

from pacs_proxy.services.routes import ROUTES
from tests.fakes import FakeOrthanc
from tests.fakes.listener import Heard, hear
from tests.server import Proxy
from tests.waiting import PATIENCE

ID = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(1000)


@pytest.fixture(autouse=True)
def stored(orthanc: FakeOrthanc) -> None:
    orthanc.add(ID, DATA)


def raw(server: Proxy, target: str, *headers: str, method: str = "GET", host: str = "") -> Heard:
    """The target as it is: no client in between that tidies it up."""
    host = host or f"127.0.0.1:{server.port}"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as sock:
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return hear(sock)


SPELLINGS = [
    "//instances/{id}/file",
    "/api/pacs//instances/{id}/file",
    "/api/pacs/instances//{id}/file",
    "/api/pacs/../../instances/{id}/file",
    "/api/pacs/instances/../../../instances/{id}",
    "/api/pacs/instances/{id}/file/../../{id}",
    "/api/pacs/instances/{id}/file%2F..%2F..%2Fattachments",
    "/api/pacs/instances/..%2F..%2Fsystem/file",
    "/api/pacs/instances/%2e%2e/file",
    "/api/pacs/instances/..%252F/file",
    "/api/pacs/instances/{id}/file/",
    "/api/pacs/instances/{id};x/file",
    "/api/pacs/instances/{id}%00/file",
    "/api/pacs/instances/{id}%0d%0aX:%20y/file",
    "/api/pacs/instances/{id}?/file",
    "/api/pacs/studies/..;/system",
    "/api/pacs/studies/%EF%BC%8E%EF%BC%8E/series",
    "/assets/../../../etc/passwd",
    "/assets/..%2f..%2f..%2fetc%2fpasswd",
    "/assets/%2e%2e/index.html",
    "/assets//etc/passwd",
    "/API/PACS/instances/{id}/file",
    "http://127.0.0.1/instances/{id}/file",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_spelling_opens_another_door(
    server: Proxy, orthanc: FakeOrthanc, spelling: str, method: str
) -> None:
    heard = raw(server, spelling.format(id=ID), method=method)
    assert heard.status in {400, 404, 405}
    assert orthanc.requests == []


@pytest.mark.parametrize(
    "spelling", ["/api/pacs/instances/{id}%2Ffile", "/api/pacs%2Finstances/%66689ddd2{rest}/file"]
)
def test_an_encoded_address_is_the_route_it_decodes_to(
    server: Proxy, orthanc: FakeOrthanc, spelling: str
) -> None:
    """As WSGI has it; the route table judges what was decoded, so no check is passed by."""
    heard = raw(server, spelling.format(id=ID, rest=ID[8:]))
    assert (heard.status, heard.body) == (200, DATA)
    asked = {name.partition("/")[0] for name in orthanc.counts}
    assert asked <= {"info", "data", "series", "studies"}


@pytest.mark.parametrize("value", ["DELETE", "PUT", "delete"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_method_override_deletes_nothing(
    server: Proxy, orthanc: FakeOrthanc, value: str, method: str
) -> None:
    path = f"/api/pacs/instances/{ID}/file"
    for target, header in [
        (f"{path}?_method={value}", "X-A: b"),
        (f"{path}?a=b&_method={value}", "X-A: b"),
        (path, f"X-HTTP-Method-Override: {value}"),
        (path, f"X-HTTP-Method: {value}"),
        (path, f"X-Method-Override: {value}"),
    ]:
        assert raw(server, target, header, method=method).status == 400
    assert orthanc.requests == []


def test_only_questions_ever_reach_orthanc(server: Proxy, orthanc: FakeOrthanc) -> None:
    tags = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.3", "SOPInstanceUID": "1.4"}
    orthanc.add(ID, DATA, tags=tags)
    for path in (
        "/api/pacs/studies",
        f"/api/pacs/studies/{ID}",
        f"/api/pacs/series/{ID}",
        f"/api/pacs/instances/{ID}/file",
        f"/api/pacs/instances/{ID}/display",
        "/wado?requestType=WADO&studyUID=1.2&seriesUID=1.3&objectUID=1.4",
        "/readyz",
    ):
        assert server.get(path).status in {200, 404}
    plain = (re.sub(r"since=\d+", "since=N", r.target) for r in orthanc.requests)
    targets = [re.sub("[0-9a-f-]{44}", "ID", target) for target in plain]
    asked = {f"{r.method} {t}" for r, t in zip(orthanc.requests, targets, strict=True)}
    assert asked <= {
        # What the catalogue follows.
        "GET /changes?last",
        "GET /changes?since=N&limit=1000",
        "GET /statistics",
        "GET /studies",
        "GET /system",
        "GET /studies/ID",
        "GET /studies/ID/series",
        "GET /series/ID",
        "GET /instances/ID/series",
        "GET /instances/ID/attachments/dicom/info",
        "GET /instances/ID/attachments/dicom/data",
        "POST /tools/find",
        "POST /tools/count-resources",
    }


EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    "path", [*sorted({route.rule for route in ROUTES}), "/nothing", "/x%2F", "/healthz?_method=PUT"]
)
def test_every_answer_carries_the_security_headers(server: Proxy, path: str, method: str) -> None:
    path = path.replace("<instance>", ID).replace("<study>", ID).replace("<series>", ID)
    answer = server.get(path.replace("<path:name>", "x.js"), method=method)
    assert {name: answer.headers[name] for name in EVERY_ANSWER} == EVERY_ANSWER
    policies = answer.headers.get_all("Content-Security-Policy", [])
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "unsafe-inline" not in policies[0]
    assert len(answer.headers.get_all("Cache-Control", [])) == 1
    assert len(answer.headers["X-Request-Id"]) == 16


def test_request_ids_are_ours_and_never_repeat(server: Proxy) -> None:
    given = {"X-Request-Id": "chosen-by-the-client"}
    ids = {server.get("/healthz", given).headers["X-Request-Id"] for _ in range(20)}
    assert len(ids) == 20
    assert "chosen-by-the-client" not in ids


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "[::2]", "x y"]
)
def test_a_strange_host_is_refused(server: Proxy, orthanc: FakeOrthanc, host: str) -> None:
    heard = raw(server, f"/api/pacs/instances/{ID}/file", host=host)
    assert heard.status == 400
    assert orthanc.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_machines_names_are_welcome(server: Proxy, host: str) -> None:
    assert raw(server, "/healthz", host=f"{host}:{server.port}").status == 200


@pytest.mark.parametrize(
    "header",
    [
        "SCRIPT_NAME: /api", "Script-Name: /api", "X-Forwarded-For: 9.9.9.9",
        "X-Forwarded-Host: evil.example", "X-Remote-User: root", "X-Forwarded-Prefix: /x",
        "X-Original-URL: /system", "X-Rewrite-URL: /system",
    ],
)  # fmt: skip
def test_forged_headers_change_nothing(server: Proxy, orthanc: FakeOrthanc, header: str) -> None:
    heard = raw(server, "/healthz", header)
    assert heard.status in {200, 400}
    assert raw(server, "/pacs/studies", header).status in {400, 404}
    assert orthanc.requests == []


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: +5",),
        ("Content-Length: 0x5",),
        ("Content-Length: -1",),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked, identity",),
        ("X-A : b",),
        ("Host: other",),
    ],
)
def test_ambiguous_framing_is_refused(server: Proxy, lines: tuple[str, ...]) -> None:
    heard = raw(server, "/healthz", *lines)
    assert heard.status >= 400
    assert heard.data.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("target", ["/healthz?" + "a" * 5000, "/healthz"])
def test_overlong_requests_are_refused_and_the_worker_lives(server: Proxy, target: str) -> None:
    headers = [f"X-{n}: y" for n in range(150)] if target == "/healthz" else []
    assert raw(server, target, *headers).status in {400, 414, 431}
    assert server.get("/healthz").status == 200


def test_no_answer_tells_what_we_are_made_of(server: Proxy) -> None:
    for path in ("/healthz", "/nothing"):
        answer = server.get(path)
        assert not any(w in str(answer.headers).lower() for w in ("werkzeug", "flask", "python"))


def test_metrics_are_for_this_machine(server: Proxy) -> None:
    answer = server.get("/metrics")
    assert answer.status == 200
    assert b"pacs_upstream_requests_total" in answer.body


def test_a_connection_serves_request_after_request(server: Proxy) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    for path in ("/healthz", "/nothing", f"/api/pacs/instances/{ID}/file", "/healthz"):
        connection.request("GET", path)
        connection.getresponse().read()
    assert connection.sock is not None
    connection.close()
