"""edge/nginx.conf with TLS, and with clients that never finish what they began."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from pacs_proxy.demo.orthanc import free_port
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.front import MISSING, configured, is_here, nginx
from tests.server import ROOT
from tests.split import Edge, Services
from tests.waiting import PATIENCE

pytestmark = [
    pytest.mark.skipif(not is_here(), reason=MISSING),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="apt-get install openssl"),
]

ID = orthanc_id("behind", "tls")
LARGE = bytes(128) + b"DICM" + Random(8).randbytes(32 << 20)


def certificate(folder: Path, *names: str) -> None:
    subprocess.run([ROOT / "edge" / "certificate", folder, *names], check=True, timeout=PATIENCE)


@dataclass(frozen=True)
class Front:
    port: int
    plain: int
    tls: Path
    services: Services

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.tls / "fullchain.pem"))

    def get(self, path: str, host: str = "localhost") -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=PATIENCE, context=self.context()
        )
        connection.request("GET", path, headers={"Host": host, "Connection": "close"})
        return connection.getresponse()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("front")
    tls, port, plain = folder / "tls", free_port(), free_port()
    tls.mkdir()
    certificate(tls, "pacs.example", "192.0.2.1")
    with (
        FakeOrthanc() as orthanc,
        Services(orthanc.url) as services,
        Edge(services.url, front_proxies="127.0.0.1", deadline_seconds=3) as edge,
    ):
        orthanc.add(ID, LARGE)
        conf = folder / "nginx.conf"
        conf.write_text(configured(port, edge.port, folder, plain, tls))
        with nginx(conf, port):
            yield Front(port, plain, tls, services)


def test_the_first_certificate_names_what_was_asked_and_is_never_replaced(tmp_path: Path) -> None:
    certificate(tmp_path, "pacs.example", "192.0.2.1")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(files) == {"fullchain.pem", "privkey.pem"}
    assert (tmp_path / "privkey.pem").stat().st_mode & 0o077 == 0
    command = ["openssl", "x509", "-in", f"{tmp_path}/fullchain.pem", "-noout", "-ext"]
    said = subprocess.run([*command, "subjectAltName"], capture_output=True, text=True, check=True)
    assert all(name in said.stdout for name in ("DNS:localhost", "DNS:pacs.example", "192.0.2.1"))
    certificate(tmp_path, "other.example")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_tls_says_to_come_by_tls_for_a_year(front: Front) -> None:
    for path, status in (("/healthz", 200), ("/nothing", 404), ("/metrics", 404)):
        answer = front.get(path)
        assert (answer.status, answer.headers.get_all("Strict-Transport-Security")) == (
            status,
            ["max-age=31536000"],
        )


def test_without_tls_there_is_only_the_way_to_it(front: Front) -> None:
    with closing(http.client.HTTPConnection("localhost", front.plain, timeout=PATIENCE)) as plain:
        plain.request("GET", f"/api/pacs/instances/{ID}/file", headers={"Host": "localhost"})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Strict-Transport-Security"]) == (308, None)
        assert answer.headers["Location"].startswith("https://localhost:8443/api/")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(front: Front, version: ssl.TLSVersion) -> None:
    context = front.context()
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("localhost", front.port), timeout=PATIENCE) as sock,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(sock, server_hostname="localhost")


def curl(front: Front, path: str, *more: str) -> "subprocess.CompletedProcess[bytes]":
    url = f"https://localhost:{front.port}{path}"
    command = ["curl", "-sS", "--http2", "--cacert", str(front.tls / "fullchain.pem"), *more, url]
    return subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")
def test_http2_brings_the_file_whole_and_a_second_name_is_refused(front: Front) -> None:
    got = curl(front, f"/api/pacs/instances/{ID}/file", "-w", "%{stderr}%{http_version}")
    assert (got.returncode, got.stdout == LARGE, got.stderr) == (0, True, b"2")
    refused = curl(front, "/healthz", "-H", "Host: evil.example", "-w", "%{stderr}%{http_code}")
    assert refused.stderr == b"400"


@pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")
def test_a_file_that_breaks_off_is_broken_over_http2_too(front: Front) -> None:
    path = f"/api/pacs/instances/{ID}/file"
    command = ["curl", "-sS", "--http2", "--cacert", str(front.tls / "fullchain.pem")]
    slow = [*command, "--limit-rate", "2M", f"https://localhost:{front.port}{path}"]
    with subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stdout.read(1000)
        front.services.kill()
        try:
            rest = process.stdout.read()
            assert process.wait(PATIENCE) != 0
            assert len(rest) < len(LARGE) - 1000
        finally:
            front.services.start()


def test_clients_that_never_end_their_head_disturb_nobody_and_are_sent_away(front: Front) -> None:
    with front.get("/healthz"):
        pass
    hanging = [socket.create_connection(("127.0.0.1", front.port)) for _ in range(150)]
    plain = [socket.create_connection(("127.0.0.1", front.plain)) for _ in range(150)]
    try:
        for sock in plain:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        for _ in range(5):
            with front.get("/healthz") as answer:
                assert answer.status == 200
        plain[0].settimeout(PATIENCE)
        began = time.monotonic()
        assert plain[0].recv(1) == b""
        assert time.monotonic() - began < 40  # by itself nginx waits for a minute
    except ConnectionResetError:
        pass
    finally:
        for sock in (*hanging, *plain):
            sock.close()
