"""Nothing of Orthanc can be reached that the route table does not list: all of it was tried."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pydicom.data import get_testdata_file

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.fakes import FakeOrthanc
from tests.server import Proxy
from tests.services.walk import FILE, ID, Walker, everywhere, is_ours, orthancs, plainly

DATA = bytes(128) + b"DICM" + bytes(1000)
REFUSED = {400, 401, 403, 404, 405, 411}
_HERE = pytest.mark.skipif(find_executable() is None, reason="apt-get install orthanc")


def walked(port: int, steps: Iterator[tuple[str, str, tuple[str, ...]]]) -> Counter[int]:
    """How often which status came; whatever is a route of ours is left out."""
    walker, statuses = Walker(port), Counter[int]()
    for method, target, headers in steps:
        if is_ours(method, target):
            continue
        status, head = walker.ask(method, target, *headers)
        assert status in REFUSED, f"{method} {target} {headers}: {head!r}"
        statuses[status] += 1
    walker.close()
    return statuses


def test_no_route_of_any_orthanc_is_reached_by_any_spelling(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    orthanc.add(ID, DATA)
    statuses = walked(server.port, everywhere())
    assert statuses.total() > 10_000
    assert orthanc.requests == []


@_HERE
@pytest.mark.orthanc
def test_the_list_is_all_that_the_installed_orthanc_has(tmp_path: Path) -> None:
    """Its documentation, and what it says that it left out of it."""
    written = tmp_path / "api.json"
    command = [str(find_executable()), f"--openapi={written}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    paths = json.loads(written.read_text(encoding="utf-8"))["paths"]
    known = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    known |= {
        " ".join(pair)
        for pair in re.findall(r"Ignoring URI without API documentation: (\w+) (\S+)", said.stderr)
    }
    assert len(known) > 250
    assert known <= set(FILE.read_text(encoding="ascii").splitlines())


@pytest.fixture(scope="module")
def real() -> Iterator[ThrowawayOrthanc]:
    overrides = {"WebDavEnabled": True, "OrthancExplorerEnabled": True, "ExecuteLuaEnabled": True}
    with ThrowawayOrthanc(overrides) as orthanc:
        yield orthanc


def told(orthanc: ThrowawayOrthanc, path: str, data: bytes | None = None, method: str = "") -> str:
    with urlopen(Request(orthanc.url + path, data, method=method or None)) as answer:
        return str(answer.read(), "utf-8")


@_HERE
@pytest.mark.orthanc
def test_a_real_orthanc_hears_nothing_of_all_this(real: ThrowawayOrthanc) -> None:
    """Its own log, at its most talkative, is the witness; and that it would have heard, too."""
    told(real, "/instances", Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
    with Proxy(real.url) as server:
        told(real, "/tools/log-level-http", b"verbose", "PUT")
        before = told(real, "/changes") + told(real, "/statistics") + told(real, "/jobs")
        heard = len(heard_by(real))
        statuses = walked(server.port, plainly())
        assert heard_by(real)[heard:] == []
        assert server.get("/readyz").status == 200
        assert heard_by(real)[heard:] == ["GET /system"]
    assert statuses.total() > 500
    assert told(real, "/changes") + told(real, "/statistics") + told(real, "/jobs") == before


def heard_by(orthanc: ThrowawayOrthanc) -> list[str]:
    lines = orthanc.log.read_text(encoding="utf-8", errors="replace")
    return re.findall(r"\b((?:GET|HEAD|POST|PUT|DELETE|PATCH) /\S*)", lines)


def test_the_list_names_what_would_be_worst() -> None:
    worst = {
        ("POST", "/tools/execute-script"), ("POST", "/tools/shutdown"), ("POST", "/tools/reset"),
        ("POST", f"/instances/{ID}/export"), ("PUT", f"/peers/{ID}"), ("PUT", f"/modalities/{ID}"),
        ("POST", f"/modalities/{ID}/store"), ("POST", "/tools/bulk-delete"),
        ("DELETE", f"/patients/{ID}"), ("POST", "/tools/create-dicom"),
    }  # fmt: skip
    assert worst <= set(orthancs())
