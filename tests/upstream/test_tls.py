"""An archive behind TLS is served as exactly, and only if its certificate is right."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pacs_proxy.control import Control
from pacs_proxy.errors import Unreachable
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.sending import Sendable
from pacs_proxy.upstream.transport import Request
from tests.fakes import FakeOrthanc, Scripted, faults
from tests.fakes.exchange import Fault
from tests.upstream.archive_client import IMPATIENT, archive

INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(range(256)) * 2000

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="apt-get install openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself."""
    pem = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=archive", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(pem), "-out", str(pem) + ".crt"]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + Path(f"{pem}.crt").read_bytes())
    return pem


class Terminator:
    """TLS on this side, plain on the other; counts the handshakes."""

    def __init__(self, certificate: Path, target: int) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._target, self.handshakes = target, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        inner = socket.create_connection(("127.0.0.1", self._target))
        with plain, inner, suppress(OSError), self._context.wrap_socket(plain, True) as outer:
            self.handshakes += 1
            back = threading.Thread(target=_pour, args=(inner, outer), daemon=True)
            back.start()
            _pour(outer, inner)
            back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for sock in (source, target):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        fake.add(INSTANCE, DATA)
        yield fake


@pytest.fixture
def door(orthanc: FakeOrthanc, certificate: Path) -> Iterator[Terminator]:
    door = Terminator(certificate, orthanc.port)
    yield door
    door.close()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")


@pytest.mark.usefixtures("trusted")
def test_bytes_through_tls_are_exact_and_connections_used_again(
    orthanc: FakeOrthanc, door: Terminator, control: Control
) -> None:
    with archive(orthanc, control, orthanc_url=door.url) as there:
        assert [there.fetch(INSTANCE) == DATA for _ in range(3)] == [True] * 3
    assert door.handshakes == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "fault", [faults.rst_after(0.5), faults.stall_after(0.5), faults.headers_cut(30)], ids=str
)
def test_faults_behind_tls_are_survived_alike(
    orthanc: FakeOrthanc, door: Terminator, control: Control, fault: Fault
) -> None:
    orthanc.plan = Scripted([fault])
    with archive(orthanc, control, orthanc_url=door.url, **IMPATIENT) as there:
        assert there.fetch(INSTANCE) == DATA


@pytest.mark.usefixtures("trusted")
def test_a_body_through_tls_arrives_whole(
    orthanc: FakeOrthanc, door: Terminator, control: Control
) -> None:
    pieces = [DATA] * 8
    body = Sendable(8 * len(DATA), iter(pieces))
    with archive(orthanc, control, orthanc_url=door.url) as there:
        with there.client._transport.send(0, Request("/x", "PUT", body), Interest()) as answer:
            answer.read()
        there.describe(INSTANCE)
    assert orthanc.requests[0].body == b"".join(pieces)
    assert door.handshakes == 1


def test_a_certificate_nobody_vouches_for_is_refused(
    orthanc: FakeOrthanc, door: Terminator, control: Control
) -> None:
    with (
        archive(orthanc, control, orthanc_url=door.url, deadline_seconds=0.3) as there,
        pytest.raises(Unreachable),
    ):
        there.describe(INSTANCE)
    assert orthanc.requests == []
