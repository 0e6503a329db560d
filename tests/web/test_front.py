"""edge/nginx.conf in front of both roles: whole uploads and downloads pass, and nothing is kept."""

import http.client
import re
import subprocess
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
from tests.sender import BYTES, Sender
from tests.split import Edge, Services
from tests.waiting import PATIENCE
from tests.web.trace import has_strace, traced, written

pytestmark = pytest.mark.skipif(not is_here(), reason=MISSING)

ID = orthanc_id("in", "front")
STORED = bytes(128) + b"DICM" + Random(50).randbytes(30_000_000)
CHUNK = Random(51).randbytes(8 << 20)
CHUNKS = 36  # 302 MB


@dataclass(frozen=True)
class Front:
    """A running nginx with the shipped configuration."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    services: Services

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def spooled(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pid"]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    with (
        FakeOrthanc() as orthanc,
        Services(orthanc.url, upload_disk_reserve=0) as services,
        Edge(services.url) as edge,
    ):
        orthanc.add(ID, STORED)
        conf = folder / "nginx.conf"
        conf.write_text(configured(port, edge.port, folder, free_port()))
        with nginx(conf, port) as process:
            yield Front(port, folder, process, services)


def upload(front: Front, chunks: int) -> Path:
    sender = Sender(front.url)
    where = sender.create(chunks * len(CHUNK))
    for number in range(chunks):
        assert sender.patch(where, number * len(CHUNK), CHUNK).status == 204
    return front.services.data / "uploads" / f"{where.rpartition('/')[2]}.part"


def download(front: Front) -> bytes:
    with closing(
        http.client.HTTPConnection("127.0.0.1", front.port, timeout=PATIENCE)
    ) as connection:
        connection.request("GET", f"/api/pacs/instances/{ID}/file")
        return connection.getresponse().read()


def test_300_megabytes_in_and_30_out_leave_nothing_behind(front: Front) -> None:
    before = written(front.pids)
    part = upload(front, CHUNKS)
    assert download(front) == STORED
    assert written(front.pids) == before
    assert front.spooled() == [front.folder / "nginx.conf"]
    with part.open("rb") as file:
        assert all(file.read(len(CHUNK)) == CHUNK for _ in range(CHUNKS))


@pytest.mark.skipif(not has_strace(), reason="apt-get install strace")
def test_nginx_opens_no_file_for_what_passes(front: Front, tmp_path: Path) -> None:
    with traced(front.pids, tmp_path / "trace") as calls:
        upload(front, 2)
        assert download(front) == STORED
    assert calls == []


@pytest.mark.skipif(not has_strace(), reason="apt-get install strace")
def test_with_debians_own_settings_the_trace_notices_the_spool(
    front: Front, tmp_path: Path
) -> None:
    """What the shipped file switches off, switched on: the tests above would see it."""
    conf = (front.folder / "nginx.conf").read_text()
    port = free_port()
    conf = conf.replace("proxy_request_buffering off", "proxy_request_buffering on")
    conf = conf.replace(str(front.port), str(port))
    conf = re.sub(rf"listen 127.0.0.1:(?!{port};)\d+;", f"listen 127.0.0.1:{free_port()};", conf)
    (tmp_path / "nginx.conf").write_text(conf.replace(str(front.folder), str(tmp_path)))
    with nginx(tmp_path / "nginx.conf", port) as process:
        careless = Front(port, tmp_path, process, front.services)
        with traced(careless.pids, tmp_path / "trace") as calls:
            upload(careless, 1)
    assert [call for call in calls if str(tmp_path / "body") in call]


def test_a_body_above_a_chunk_is_refused_before_it_is_read(front: Front) -> None:
    sender = Sender(front.url)
    where = sender.create(60_000_000)
    headers = {**BYTES, "Upload-Offset": "0"}
    with sender.begin("PATCH", where, headers, 40_000_000, b"x") as sock:
        assert sock.recv(100).startswith(b"HTTP/1.1 413 ")


def test_figures_are_not_for_those_behind_nginx(front: Front) -> None:
    assert Sender(front.url).ask("GET", "/metrics").status == 404


def test_a_file_that_breaks_off_reaches_the_reader_as_broken(front: Front) -> None:
    """Buffering would make a whole answer of what came."""
    front.services.kill()
    try:
        got = Sender(front.url).ask("GET", "/api/pacs/status")
        assert got.status == 503
        assert got.problem["code"] == "services_unreachable"
    finally:
        front.services.start()
    assert download(front) == STORED
