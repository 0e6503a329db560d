"""The servers that are compared; the reference is skipped where Node or its package is missing."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import FakeOrthanc
from tests.sender import Sender
from tests.server import Proxy
from tests.split import Edge, Services

HERE = Path(__file__).resolve().parent
LIMITS = {"upload_file_bytes": 20_000_000, "upload_disk_reserve": 0}


@dataclass(frozen=True)
class Target:
    """One server that speaks tus, and where it keeps the bytes."""

    name: str
    sender: Sender
    folder: Path
    suffix: str

    @property
    def is_ours(self) -> bool:
        return self.name != "reference"

    def kept(self, where: str) -> bytes:
        return (self.folder / f"{where.rpartition('/')[2]}{self.suffix}").read_bytes()


@contextmanager
def reference() -> Iterator[Target]:
    """npm's @tus/server, by the authors of the protocol."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules" / "@tus" / "server").exists():
        pytest.skip("The reference server is not installed; run .ci/prepare test.")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [node, str(HERE / "oracle.mjs"), folder], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            yield Target("reference", Sender(url, "/files"), Path(folder), "")
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session", params=["services", "edge", "reference"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with ExitStack() as servers:
        if request.param == "reference":
            yield servers.enter_context(reference())
            return
        orthanc = servers.enter_context(FakeOrthanc())
        if request.param == "services":
            ours = data = servers.enter_context(Proxy(orthanc.url, **LIMITS))
        else:
            data = servers.enter_context(Services(orthanc.url, **LIMITS))  # type: ignore[arg-type]
            ours = servers.enter_context(Edge(data.url))
        yield Target(request.param, Sender(ours.url), data.data / "uploads", ".part")
