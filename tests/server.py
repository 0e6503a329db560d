"""The real server, as a process of its own: `with Proxy(orthanc.url) as proxy: proxy.get(...)`."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from pacs_proxy.demo.orthanc import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """One answer as a careful client sees it; a body that broke off raises instead."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        return problem


class Proxy:
    """`python -m pacs_proxy serve` on a free port, with spool and data that go when it goes."""

    # What all of them are given unless told otherwise: nothing, for benches.
    usual: ClassVar[dict[str, object]] = {}

    def __init__(self, orthanc_url: str, **settings: object) -> None:
        self.port = free_port()
        self.scratch = Path(tempfile.mkdtemp(prefix="pacs-proxy-test-", dir="/dev/shm"))
        self.spool, self.data = self.scratch / "spool", self.scratch / "data"
        given = self.usual | settings
        named = {f"PACS_PROXY_{name.upper()}": str(value) for name, value in given.items()}
        self.env = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("PACS_", "ORTHANC_"))},
            "ORTHANC_URL": orthanc_url,
            "PACS_PROXY_PORT": str(self.port),
            "PACS_PROXY_SPOOL_DIR": str(self.spool),
            "PACS_PROXY_DATA_DIR": str(self.data),
            "PACS_PROXY_WORKERS": "1",
            # What is tried by way of this is not the door; tests/services/test_access.py is.
            "PACS_PROXY_SIGN_IN": "0",
            # Tests count what the archive was asked for; test_warming.py is for this.
            "PACS_PROXY_WARM_SERIES": "0",
            **named,
        }
        self.command = [sys.executable, "-m", "pacs_proxy", "serve"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.scratch / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers; the decoders' templates are their children, not ours."""
        return [
            int(word)
            for task in Path(f"/proc/{self.pid}/task").iterdir()
            for word in (task / "children").read_text().split()
        ]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def start(self) -> None:
        """On the same port and folders as before, if it ran before."""
        output = self._output()
        try:
            self._process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(output)
        self.wait_until_up()

    def _output(self) -> int:
        return os.open(self.scratch / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_until_up(self, seconds: float = PATIENCE) -> None:
        """Until it answers; raises with its last words when it does not."""
        deadline = time.monotonic() + seconds
        while not self._is_up():
            assert self._process
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start:\n{self.log[-2000:]}")
            time.sleep(0.02)

    def kill_master(self) -> None:
        """`kill -9` of the first process alone; its workers notice by themselves."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """`kill -9` of master and workers at once; `start` begins again with what they left."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def connect(self, seconds: float = PATIENCE) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def get(self, path: str, headers: Mapping[str, str] = NONE, method: str = "GET") -> Answer:
        """One request on a connection of its own; IncompleteRead when the body breaks off."""
        connection = self.connect()
        try:
            connection.request(method, path, headers=dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def file(self, instance: str, headers: Mapping[str, str] = NONE) -> Answer:
        return self.get(f"/api/pacs/instances/{instance}/file", headers)

    def metric(self, name: str) -> float:
        """The sum of a counter over its labels."""
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    def _is_up(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False
