"""One server for each module, in front of a fake whose faults each test chooses."""

from collections.abc import Iterator

import pytest

from tests.fakes import FakeOrthanc, Never
from tests.server import Proxy


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeOrthanc, Proxy]]:
    with FakeOrthanc() as orthanc, Proxy(orthanc.url, threads=24) as server:
        yield orthanc, server


@pytest.fixture
def orthanc(running: tuple[FakeOrthanc, Proxy]) -> Iterator[FakeOrthanc]:
    running[0].requests.clear()
    yield running[0]
    running[0].plan = Never()


@pytest.fixture
def server(running: tuple[FakeOrthanc, Proxy]) -> Proxy:
    return running[1]
