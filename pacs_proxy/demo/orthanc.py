"""A throw-away Orthanc on free loopback ports, for the demo, the tests and the benches."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

MISSING = (
    "Orthanc is not installed on this machine; "
    "on Debian or Ubuntu run: sudo apt-get install -y orthanc orthanc-dicomweb"
)
DICOMWEB = Path("usr/share/orthanc/plugins/libOrthancDicomWeb.so")
DEBIAN = "/usr/sbin/Orthanc"
START_SECONDS = 60.0
# Below those that Linux gives to whoever asks for any: it would give away what is named here,
# before the server that it is meant for has begun to listen. Each process begins elsewhere.
_PORTS = range(18_000, 32_000)
_turn = count(os.getpid() * 1009)


class OrthancUnavailable(RuntimeError):
    """No Orthanc to start, or it did not start; the message says what to do."""


def shipped_configuration() -> dict[str, object]:
    """Give our orthanc.json, from the wheel or from the checkout."""
    here = Path(__file__)
    packaged = here.with_name("orthanc.json")
    checkout = here.parents[2] / "orthanc" / "orthanc.json"
    source = packaged if packaged.exists() else checkout
    configuration: dict[str, object] = json.loads(source.read_text(encoding="utf-8"))
    return configuration


def free_port() -> int:
    """Name a loopback port that nobody uses now, and this process has not named lately."""
    ports = (_PORTS[number % len(_PORTS)] for number in _turn)
    return next(port for port in ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_executable() -> str | None:
    """Find Orthanc; Debian puts it in /usr/sbin, which a user's PATH often lacks."""
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Installation:
    """Which Orthanc to run; `root` is what `command_prefix` (a chroot) makes its `/`."""

    executable: str | None = None
    plugins: Sequence[str] | None = None
    command_prefix: Sequence[str] = ()
    root: Path = Path("/")

    def command(self) -> list[str]:
        """Give the program with its prefix, or say how to install it."""
        executable = self.executable or (DEBIAN if self.command_prefix else find_executable())
        if executable is None:
            raise OrthancUnavailable(MISSING)
        return [*self.command_prefix, executable]

    def plugin_paths(self) -> list[str]:
        """Give the plugins asked for, else DICOMweb where it is installed.

        Never GDCM: Debian's build of it can be crashed by a plain GET.
        """
        if self.plugins is not None:
            return list(self.plugins)
        return [f"/{DICOMWEB}"] if (self.root / DICOMWEB).exists() else []

    def temporary(self) -> Path:
        """Give a folder for temporary files that the process behind the prefix sees too."""
        chrooted = self.root != Path("/")
        return self.root / "tmp" if chrooted else Path(tempfile.gettempdir())

    def inside(self, path: Path) -> str:
        """Name a path as the process behind the prefix sees it."""
        return f"/{path.relative_to(self.root)}"


class ThrowawayOrthanc:
    """A running Orthanc that leaves nothing behind.

    `with ThrowawayOrthanc(overrides={"StorageCompression": True}) as orthanc:` starts it and
    waits until it answers; `.url`, `.http_port`, `.dicom_port`, `.storage` and `.log` say
    where it is. `.kill()` is kill -9 and `.restart()` brings the same archive back on the
    same ports.
    """

    def __init__(
        self,
        overrides: Mapping[str, object] | None = None,
        *,
        executable: str | None = None,
        plugins: Sequence[str] | None = None,
        command_prefix: Sequence[str] = (),
        root: Path | str = "/",
    ) -> None:
        self._installation = Installation(executable, plugins, command_prefix, Path(root))
        self._overrides = dict(overrides or {})
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.http_port = 0
        self.dicom_port = 0

    @property
    def url(self) -> str:
        """Give the base URL, without a slash at the end."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def storage(self) -> Path:
        """Give the directory that holds the index and the stored files."""
        return self._path("storage")

    @property
    def log(self) -> Path:
        """Give the file that receives what Orthanc prints."""
        return self._path("orthanc.log")

    @property
    def pid(self) -> int | None:
        """Give the process id while Orthanc runs, else None."""
        alive = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process is not None and alive else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, attempts: int = 3) -> None:
        """Start on fresh ports; another program may take one of them first, so try again."""
        self._installation.command()
        self._directory = tempfile.TemporaryDirectory(
            prefix="pacs-proxy-orthanc-", dir=self._installation.temporary()
        )
        self.storage.mkdir()
        for left in reversed(range(attempts)):
            self._choose_ports()
            try:
                self.restart()
            except OrthancUnavailable:
                if not left:
                    self.stop()
                    raise
            else:
                return

    def restart(self) -> None:
        """Start the same archive on the same ports, after `kill` or instead of what runs."""
        self._end(signal.SIGTERM)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [*self._installation.command(), self._installation.inside(self._path("o.json"))],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._wait_until_answering(time.monotonic() + START_SECONDS)

    def kill(self) -> None:
        """End it as a crash would: SIGKILL, nothing flushed, the storage stays."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it and remove its files; safe to call twice.

        Orthanc takes 3 s to stop politely, for the sake of files that we are about to remove.
        """
        self._end(signal.SIGTERM, patience=0.2)
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def attachment(self, uuid: str) -> Path:
        """Give the file on disk of an attachment Uuid, for tests that damage it."""
        return self.storage / uuid[0:2] / uuid[2:4] / uuid

    def _path(self, name: str) -> Path:
        if self._directory is None:
            raise OrthancUnavailable("This Orthanc is not started.")
        return Path(self._directory.name) / name

    def _choose_ports(self) -> None:
        self.http_port, self.dicom_port = free_port(), free_port()
        self._path("o.json").write_text(json.dumps(self._configuration()), encoding="utf-8")

    def _configuration(self) -> dict[str, object]:
        storage = self._installation.inside(self.storage)
        return {
            **shipped_configuration(),
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "StorageDirectory": storage,
            "IndexDirectory": storage,
            "Plugins": self._installation.plugin_paths(),
            **self._overrides,
        }

    def _wait_until_answering(self, deadline: float) -> None:
        while not self._answers():
            if self.pid is None:
                raise OrthancUnavailable(f"Orthanc stopped while starting. {self._last_words()}")
            if time.monotonic() > deadline:
                raise OrthancUnavailable(f"Orthanc did not answer in {START_SECONDS:.0f} s.")
            time.sleep(0.02)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)
        try:
            connection.request("GET", "/system")
            answer = connection.getresponse()
            # 401 is an answer too: a test may have switched passwords on. Anything else must be
            # ours: another Orthanc may have taken the port a moment before.
            return answer.status == http.HTTPStatus.UNAUTHORIZED or (
                json.load(answer).get("DicomPort") == self._configuration()["DicomPort"]
            )
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " ".join(line for line in lines if line.startswith("E"))[-500:]

    def _end(self, sign: signal.Signals, patience: float = 10.0) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(sign)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
