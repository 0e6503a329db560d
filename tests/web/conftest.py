"""Both roles, once for each module, with a bad line between them that is good until told."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fakes import FakeOrthanc, Link, Never
from tests.split import Edge, Services


@dataclass(frozen=True)
class Split:
    """An archive, the data side, the line to the edge, and the edge."""

    orthanc: FakeOrthanc
    services: Services
    line: Link
    edge: Edge


@pytest.fixture(scope="module")
def running() -> Iterator[Split]:
    with (
        FakeOrthanc() as orthanc,
        Services(orthanc.url, threads=24) as services,
        Link("127.0.0.1", services.port) as line,
        Edge(line.url, threads=24) as edge,
    ):
        yield Split(orthanc, services, line, edge)


@pytest.fixture
def split(running: Split) -> Iterator[Split]:
    yield running
    running.orthanc.plan = Never()
