"""The edge writes no file, whatever is sent through it; and this test would notice if it did."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.sender import BYTES, TUS, Sender
from tests.split import KEY, Edge, Services
from tests.waiting import PATIENCE, until
from tests.web.trace import has_strace, traced, written

ID = orthanc_id("no", "file")
STORED = bytes(128) + b"DICM" + Random(40).randbytes(12_000_000)
CHUNK = Random(41).randbytes(8_000_000)
CHUNKS, FILES = 5, 5
LIMITS = {"upload_disk_reserve": 0, "upload_file_bytes": 60_000_000}
# The edge without its seal, and with what Werkzeug does by itself where somebody asks for a form.
CARELESS = """
import flask
from pacs_proxy import cli, edge
from pacs_proxy.web import seal
made = edge.create_edge
def careless(*given):
    app = made(*given)
    app.request_class = flask.Request
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: (flask.request.files, None)[1])
    return app
edge.create_edge = careless
if {unsealed}:
    seal.seal, seal.expect_sealed = lambda: False, lambda: None
cli.main(["serve"])
"""


class Careless(Edge):
    """An edge that would spool; sealed or not."""

    def __init__(self, services_url: str, unsealed: bool) -> None:
        super().__init__(services_url)
        self.command = [sys.executable, "-c", CARELESS.format(unsealed=unsealed)]


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with FakeOrthanc() as orthanc, Services(orthanc.url, **LIMITS) as services:  # type: ignore[arg-type]
        orthanc.add(ID, STORED)
        yield services


def use_everything(edge: Edge) -> None:
    """Uploads at once, a form, a body too large, one broken off, downloads."""
    sender = Sender(edge.url)
    threads = [threading.Thread(target=upload, args=(sender,)) for _ in range(FILES)]
    for thread in threads:
        thread.start()
    form(sender)
    where = sender.create(60_000_000)
    assert sender.patch(where, 0, bytes(17 << 20)).status == 413
    headers = {**BYTES, "Upload-Offset": "0"}
    with sender.begin("PATCH", where, headers, len(CHUNK), CHUNK[:3_000_000]):
        pass
    assert edge.file(ID).body == STORED
    assert edge.file(ID, {"Range": "bytes=9000000-"}).body == STORED[9_000_000:]
    assert edge.get("/api/pacs/studies").status == 200
    for thread in threads:
        thread.join()


def upload(sender: Sender) -> None:
    where = sender.create(CHUNKS * len(CHUNK))
    for number in range(CHUNKS):
        assert sender.patch(where, number * len(CHUNK), CHUNK).status == 204


def form(sender: Sender) -> int:
    """A file in a form, as any page can send one: Werkzeug puts what is above 500 KiB on disk."""
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    body = part + CHUNK[:3_000_000] + b"\r\n--x--\r\n"
    headers = {**TUS, "Content-Type": "multipart/form-data; boundary=x", "Upload-Length": "3000000"}
    return sender.ask("POST", "/api/uploads", headers, body).status


def warm_up(edge: Edge) -> None:
    """Starting may write: compiled modules before the seal, and when a file was last read."""
    form(Sender(edge.url))
    Sender(edge.url).create(1)
    assert edge.file(ID).status == 200


def processes(edge: Edge) -> list[int]:
    return [edge.pid, *edge.workers]


def private(edge: Edge, folder: Path) -> list[Path]:
    """Give it a home and a place for temporary files that are its alone, on a disk."""
    places = [folder / "home", folder / "tmp"]
    for place in places:
        place.mkdir()
    edge.env |= {"HOME": str(places[0]), "TMPDIR": str(places[1])}
    return places


def test_nothing_of_all_that_passes_is_written(services: Services, tmp_path: Path) -> None:
    edge = Edge(services.url)
    places = private(edge, tmp_path)
    with edge:
        warm_up(edge)
        before = written(processes(edge))
        use_everything(edge)
        assert written(processes(edge)) == before
    assert [list(place.iterdir()) for place in places] == [[], []]


@pytest.mark.skipif(not has_strace(), reason="apt-get install strace")
def test_no_file_is_even_opened_for_writing(services: Services, tmp_path: Path) -> None:
    """In memory-backed folders too, where no byte reaches a disk."""
    with Edge(services.url) as edge:
        with traced(processes(edge), tmp_path / "trace") as calls:
            use_everything(edge)
        assert calls == []


def test_without_seal_and_care_the_same_is_noticed(services: Services, tmp_path: Path) -> None:
    edge = Careless(services.url, unsealed=True)
    private(edge, tmp_path)
    with edge:
        before = written(processes(edge))
        form(Sender(edge.url))
        assert written(processes(edge)) - before >= 3_000_000


@pytest.mark.skipif(not has_strace(), reason="apt-get install strace")
def test_without_seal_and_care_the_trace_notices_it(services: Services, tmp_path: Path) -> None:
    with Careless(services.url, unsealed=True) as edge:
        with traced(processes(edge), tmp_path / "trace") as calls:
            form(Sender(edge.url))
        assert calls


def test_the_seal_holds_where_care_fails(services: Services, tmp_path: Path) -> None:
    edge = Careless(services.url, unsealed=False)
    places = private(edge, tmp_path)
    with edge:
        assert form(Sender(edge.url)) == 500
        before = written(processes(edge))
        assert form(Sender(edge.url)) == 500
        assert written(processes(edge)) == before
        assert edge.file(ID).body == STORED
    assert [list(place.iterdir()) for place in places] == [[], []]


SEALED = """
import os, sys, tempfile
from pathlib import Path
from pacs_proxy.web import seal
os.chdir(sys.argv[1])
kept = open("kept", "wb"); kept.write(b"12345678"); kept.flush()
control = seal.shared_control()
known = seal.seal()
seal.expect_sealed()
def tried(work):
    try:
        work()
    except OSError as error:
        return error.errno
    return 0
def grown():
    os.ftruncate(os.memfd_create("x"), 10)
attempts = [
    lambda: Path("new").write_bytes(b"x"),
    lambda: os.write(kept.fileno(), b"x"),
    lambda: os.ftruncate(kept.fileno(), 100),
    lambda: tempfile.TemporaryFile().write(b"x"),
    lambda: tempfile.TemporaryFile(dir="/dev/shm").write(b"x"),
    grown,
]
names = [
    lambda: Path("new").touch(), lambda: os.mkdir("d"), lambda: os.unlink("kept"),
    lambda: os.rename("kept", "k"), lambda: os.symlink("a", "b"), lambda: os.mkfifo("f"),
]
results = [tried(work) for work in attempts], [tried(work) for work in names]
with control().locked():
    control().budget = (1.0, 2.0)
assert control().budget == (1.0, 2.0)
sys.stdout.write(repr((known, *results)))
"""


def run_sealed(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SEALED, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_once_sealed_no_byte_can_be_written_anywhere(tmp_path: Path) -> None:
    ended = run_sealed(tmp_path)
    assert ended.returncode == 0, ended.stderr
    known, bytes_, names = eval(ended.stdout)
    assert 0 not in bytes_
    assert (0 not in names) is known
    assert (tmp_path / "kept").read_bytes() == b"12345678"


def test_an_edge_whose_output_is_a_file_says_why_it_does_not_start(tmp_path: Path) -> None:
    env = {"SERVER_ROLE": "web", "SERVICES_URL": "http://127.0.0.1:1", "INTERNAL_API_KEY": KEY}
    with (tmp_path / "log").open("wb") as log:
        ended = subprocess.run(
            [sys.executable, "-m", "pacs_proxy", "serve"],
            env={**os.environ, **env},
            stderr=log,
            timeout=PATIENCE,
            check=False,
        )
    assert ended.returncode == 1
    assert "writes no file, and its output is one" in (tmp_path / "log").read_text()


def test_an_edge_starts_where_files_are_limited_from_outside_already(services: Services) -> None:
    """As LimitFSIZE=0 of systemd and `ulimits: fsize: 0` of a container do."""
    edge = Edge(services.url, workers=2)
    edge.command = ["prlimit", "--fsize=0", "--core=0", *edge.command]
    with edge:
        assert len(edge.workers) == 2
        assert edge.file(ID).body == STORED


def test_an_edge_that_can_write_refuses_to_serve(services: Services) -> None:
    code = (
        "from pacs_proxy import cli; from pacs_proxy.web import seal;"
        "seal.seal = lambda: False; cli.main()"
    )
    edge = Edge(services.url)
    ended = subprocess.run(
        [sys.executable, "-c", code, "serve"],
        env=edge.env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    edge.stop()
    assert ended.returncode == 1
    assert "must write no file, and could write one" in ended.stderr


def test_a_worker_that_was_killed_is_replaced_by_one_that_is_sealed(services: Services) -> None:
    """The master is sealed itself: what it starts later is, too."""
    with Edge(services.url) as edge:
        (first,) = edge.workers
        os.kill(first, 9)
        until(lambda: edge.workers not in ([], [first]))
        edge.wait_until_up()
        for pid in processes(edge):
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert "Max file size             0                    0 " in limits
            assert "Max core file size        0                    0 " in limits
        assert edge.file(ID).body == STORED


def test_the_edge_process_knows_no_archive_no_database_and_no_picture() -> None:
    code = "import sys, pacs_proxy.serve, pacs_proxy.edge, pacs_proxy.lingering;print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in told.stdout.split()}
    ours = {name.split(".")[1] for name in told.stdout.split() if name.startswith("pacs_proxy.")}
    assert not loaded & {"numpy", "pydicom", "sqlalchemy", "alembic", "PIL", "imagecodecs"}
    assert not ours & {"archive", "database", "decoding", "ingest", "jobs", "migrations"}
