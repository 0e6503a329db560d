"""The proxy as a child process of the demonstration."""

import http.client
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.doorkeeper import add_user
from pacs_proxy.settings import Settings

READY_SECONDS = 60.0


class ProxyFailed(RuntimeError):
    """The proxy did not start, or ended; the message holds its last words."""


def port_or_free(port: int) -> int:
    """Keep the port asked for, or give a free one where it is taken."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.connect()
    except OSError:
        return port
    else:
        return free_port()
    finally:
        connection.close()


class ProxyProcess:
    """`pacs-proxy serve` on a loopback port, with spool and data that go when it goes."""

    def __init__(self, orthanc_url: str, port: int, extra: Mapping[str, str] | None = None) -> None:
        self._settings = {
            "ORTHANC_URL": orthanc_url,
            "PACS_PROXY_HOST": "127.0.0.1",
            "PACS_PROXY_PORT": str(port),
            "PACS_PROXY_SIGN_IN": "0",
            **(extra or {}),
        }
        self._port = port
        self._scratch = tempfile.TemporaryDirectory(prefix="pacs-proxy-demo-", dir=_memory())
        # Uploads may be larger than memory should hold.
        self._disk = tempfile.TemporaryDirectory(prefix="pacs-proxy-demo-data-")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{port}/"

    @property
    def pid(self) -> int:
        """The first process; its workers are its children."""
        self.check()
        return self._process.pid if self._process else 0

    def __enter__(self) -> Self:
        try:
            self._start()
            self._wait_until_ready(time.monotonic)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def invite(self) -> tuple[str, str]:
        """An account that lives as long as the demonstration: its name and its password."""
        name, password = "demo", secrets.token_urlsafe(9)
        add_user(Settings(data_dir=self._disk.name), name, "admin", password)
        return name, password

    def check(self) -> None:
        """Raise with its last words if it has ended."""
        if self._process is None or self._process.poll() is not None:
            raise ProxyFailed(f"The proxy has ended. It last said:\n{self._last_words()}")

    def stop(self, patience: float = 10.0) -> None:
        """End it with all its workers and remove its files; safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._scratch.cleanup()
        self._disk.cleanup()

    @property
    def _log(self) -> Path:
        return Path(self._scratch.name) / "proxy.log"

    def _start(self) -> None:
        places = {
            "PACS_PROXY_SPOOL_DIR": str(Path(self._scratch.name) / "spool"),
            "PACS_PROXY_DATA_DIR": self._disk.name,
            "DATABASE_URL": "",
        }
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pacs_proxy", "serve"],
                env={**os.environ, **places, **self._settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the demo, which then ends its children in order.
                start_new_session=True,
            )

    def _wait_until_ready(self, clock: Callable[[], float]) -> None:
        deadline = clock() + READY_SECONDS
        while not self._ready():
            self.check()
            if clock() > deadline:
                raise ProxyFailed(f"The proxy was not ready in {READY_SECONDS:.0f} s.")
            time.sleep(0.05)

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").split("\n")[-30:])


def _memory() -> str | None:
    """Prefer memory for the spool, as the proxy itself does."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
