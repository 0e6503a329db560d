"""Clients of others, as they are, over a line that breaks: tuspy, curl; and kill -9."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tusclient.client import TusClient

from tests.fakes import FakeOrthanc, Link
from tests.fakes.trouble import Script, rst_at, stall_at
from tests.sender import BYTES, Sender, checksum
from tests.server import Proxy
from tests.waiting import PATIENCE

CHUNK = 1_000_000
DATA = Random(40).randbytes(6 * CHUNK + 12_345)
# Connections with a trouble at a byte of what the client sends; those between meet none.
BREAKS = Script(
    None, rst_at(300_000, "up"), None, rst_at(CHUNK, "up"), rst_at(10, "up"), None,
    stall_at(500_000, 2.0, direction="up"), None, rst_at(1, "down"),
)  # fmt: skip
TROUBLES = 5


@pytest.fixture(scope="module")
def server() -> Iterator[Proxy]:
    limits = {"upload_body_seconds": 1, "upload_disk_reserve": 0}
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, **limits) as server:
        yield server


@pytest.fixture
def line(server: Proxy) -> Iterator[Link]:
    with Link("127.0.0.1", server.port, weather=BREAKS) as line:
        yield line


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "IM1"
    path.write_bytes(DATA)
    return path


def staged(server: Proxy, where: str) -> bytes:
    return (server.data / "uploads" / f"{where.rpartition('/')[2]}.part").read_bytes()


@pytest.mark.parametrize("checked", [False, True], ids=["plain", "sha1"])
def test_tuspy_comes_through_a_line_that_breaks(
    server: Proxy, line: Link, source: Path, checked: bool
) -> None:
    with source.open("rb") as stream:
        uploader = TusClient(f"{line.url}/api/uploads").uploader(
            file_stream=stream, chunk_size=CHUNK, retries=40, retry_delay=0.1,
            upload_checksum=checked, metadata={"filename": "IM1"},
        )  # fmt: skip
        uploader.upload()
    # How many connections it takes depends on how long a broken request is still being read.
    assert 3 <= len(line.met) <= TROUBLES
    assert staged(server, str(uploader.url)) == DATA
    twice = line.carried["up"] - len(DATA)
    assert twice <= TROUBLES * CHUNK + 100_000


def curl(*options: str, seconds: float = PATIENCE) -> tuple[int, str]:
    """Its status (0 when the connection broke), and the headers of the answer."""
    ran = subprocess.run(
        ["curl", "-s", "-D", "-", "-o", os.devnull, "-H", "Tus-Resumable: 1.0.0", *options],
        capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    statuses = re.findall(r"^HTTP/1\.1 (\d{3})", ran.stdout, re.MULTILINE)
    final = [status for status in statuses if status != "100"]
    return int(final[-1]) if final and not ran.returncode else 0, ran.stdout


def header(answer: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*?)\r?$", answer, re.MULTILINE | re.IGNORECASE)
    assert found, answer
    return found[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_comes_through_a_line_that_breaks(
    server: Proxy, line: Link, source: Path, tmp_path: Path
) -> None:
    status, answer = curl(
        "-X", "POST", "-H", f"Upload-Length: {len(DATA)}", f"{line.url}/api/uploads"
    )
    assert status == 201
    where, rest, offset = header(answer, "Location"), tmp_path / "rest", 0
    deadline = time.monotonic() + PATIENCE
    while offset < len(DATA):
        assert time.monotonic() < deadline
        status, answer = curl("-I", line.url + where)
        if status != 200:
            continue
        offset = int(header(answer, "Upload-Offset"))
        rest.write_bytes(DATA[offset : offset + CHUNK])
        curl(
            "-X", "PATCH", "-H", f"Upload-Offset: {offset}", "--data-binary", f"@{rest}",
            "-H", f"Content-Type: {BYTES['Content-Type']}", "--max-time", "3", line.url + where,
        )  # fmt: skip
    assert staged(server, where) == DATA


@pytest.mark.parametrize("checked", [False, True], ids=["plain", "sha256"])
def test_a_worker_killed_in_mid_chunk_loses_nothing_acknowledged(
    server: Proxy, checked: bool
) -> None:
    """Three times for one file, each at another place of a chunk."""
    random = Random(41)
    with Link("127.0.0.1", server.port, rate=20e6) as line:
        sender, near = Sender(line.url), Sender(server.url)
        where, offset = sender.create(len(DATA)), 0
        for _ in range(3):
            chunk = DATA[offset : offset + 2 * CHUNK]
            headers = checksum(chunk) if checked else {}
            broken = line.carried["up"] + random.randrange(1000, len(chunk))
            kill = threading.Thread(target=killed, args=(server, line, broken))
            kill.start()
            answered = attempt(sender, where, offset, chunk, headers)
            kill.join()
            server.wait_until_up()
            at = near.offset(where)
            assert answered or offset <= at <= offset + len(chunk)
            assert at in {offset, offset + len(chunk)} or not checked
            assert staged(server, where)[:at] == DATA[:at]
            offset = at
        while offset < len(DATA):
            assert near.patch(where, offset, DATA[offset : offset + 2 * CHUNK]).status == 204
            offset = near.offset(where)
        assert staged(server, where) == DATA


def killed(server: Proxy, line: Link, at: int) -> None:
    """`kill -9` of all workers once so many bytes went to them."""
    deadline = time.monotonic() + PATIENCE
    while line.carried["up"] < at and time.monotonic() < deadline:
        time.sleep(0.001)
    for pid in server.workers:
        os.kill(pid, signal.SIGKILL)


def attempt(sender: Sender, where: str, at: int, data: bytes, headers: dict[str, str]) -> bool:
    try:
        return sender.patch(where, at, data, headers).status == 204
    except (OSError, http.client.HTTPException):
        return False
