"""The demonstration as its user meets it: one command, one address, nothing left behind."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy import demo
from pacs_proxy.demo.load import LoadFailed, store
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable, free_port
from pacs_proxy.demo.phantom import ct_series
from pacs_proxy.demo.proxy import ProxyFailed, ProxyProcess, port_or_free
from tests.waiting import PATIENCE

needs_orthanc = pytest.mark.skipif(find_executable() is None, reason="Orthanc is not installed")


def left_behind(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
def demonstration(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the demo with one small series, its files under tmp_path."""
    program = (
        "import sys; from pacs_proxy import demo; from pacs_proxy.demo.phantom import ct_series\n"
        "demo.demo_series = lambda: iter([ct_series(3)])\n"
        "from pacs_proxy.demo import proxy; proxy._memory = lambda: None\n"
        f"sys.exit(demo.run({free_port()}))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.terminate()
    process.communicate(timeout=PATIENCE)


def announced(process: subprocess.Popen[str]) -> tuple[str, int, str]:
    """Read what it prints until it names its address, its archive's process and a password."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        wanted = r"(http://127\S+).*the password  (\S+).*kill -9 (\d+)"
        if found := re.search(wanted, said, re.DOTALL):
            return found[1], int(found[3]), found[2]
    raise AssertionError(said)


@pytest.mark.orthanc
@needs_orthanc
def test_it_prints_an_address_that_shows_the_studies_and_ends_without_a_trace(
    demonstration: subprocess.Popen[str], tmp_path: Path
) -> None:
    url, orthanc, password = announced(demonstration)
    login = json.dumps({"name": "demo", "password": password}).encode()
    asked = urllib.request.Request(f"{url}api/session", login, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    listed = urllib.request.Request(f"{url}api/pacs/studies", headers={"Cookie": cookie})
    with urllib.request.urlopen(listed, timeout=PATIENCE) as answer:
        (study,) = json.load(answer)["items"]
    assert study["patient_name"] == "Demo^Head"
    demonstration.send_signal(signal.SIGTERM)
    assert demonstration.wait(PATIENCE) == 0
    assert left_behind(tmp_path) == []
    assert not Path(f"/proc/{orthanc}").exists()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=2)


@pytest.mark.orthanc
@needs_orthanc
def test_a_killed_archive_is_started_again(demonstration: subprocess.Popen[str]) -> None:
    _, orthanc, _ = announced(demonstration)
    os.kill(orthanc, signal.SIGKILL)
    assert demonstration.stdout is not None
    assert any("it runs again as process" in line for line in demonstration.stdout)


def test_without_orthanc_it_says_in_one_sentence_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pacs_proxy.demo.orthanc.find_executable", lambda: None)
    monkeypatch.setattr(demo, "ENDINGS", ())
    assert demo.run(free_port()) == 1
    said = capsys.readouterr().err.strip()
    assert said.endswith("sudo apt-get install -y orthanc orthanc-dicomweb")
    assert "\n" not in said


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert port_or_free(port) != port
    assert port_or_free(port) == port


def test_a_proxy_that_cannot_start_is_reported_with_its_last_words() -> None:
    process = ProxyProcess("http://127.0.0.1:1", free_port(), {"PACS_PROXY_WORKERS": "none"})
    with pytest.raises(ProxyFailed, match="PACS_PROXY_WORKERS"), process:
        raise AssertionError("it must not start")


@pytest.mark.orthanc
@needs_orthanc
def test_loading_notices_that_orthanc_kept_other_bytes() -> None:
    content = ct_series(1, 32, 32)[0]
    other = content[:-2] + bytes((content[-2] ^ 1, content[-1]))
    with ThrowawayOrthanc() as orthanc:
        first = store(orthanc.url, content)
        assert store(orthanc.url, content) == first
        with pytest.raises(LoadFailed, match=first):
            store(orthanc.url, other)


@pytest.mark.orthanc
@needs_orthanc
def test_loading_notices_a_refusal() -> None:
    with (
        ThrowawayOrthanc() as orthanc,
        pytest.raises(LoadFailed, match=str(http.HTTPStatus.BAD_REQUEST.value)),
    ):
        store(orthanc.url, b"not DICOM")
