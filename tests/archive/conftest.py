"""A spool of its own for each test, and an archive with a small and a large instance."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pacs_proxy.archive.spool import Spool
from pacs_proxy.control import Control
from tests.archive.opening import (
    INSTANCE,
    LARGE,
    OTHER,
    SMALL,
    VERIFY_FIRST,
    Process,
    Worker,
    Workers,
    worker,
)
from tests.fakes import FakeOrthanc
from tests.upstream.world import control_in


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with control_in(tmp_path) as control:
        yield control


@pytest.fixture
def spool(tmp_path: Path, control: Control) -> Spool:
    return Spool(tmp_path, 100_000, control)


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        fake.add(INSTANCE, SMALL)
        fake.add(OTHER, LARGE)
        yield fake


@pytest.fixture
def workers(orthanc: FakeOrthanc, tmp_path: Path) -> Iterator[Workers]:
    with ExitStack() as stack:

        def start(**changes: object) -> Worker:
            settings = {"verify_first_bytes": VERIFY_FIRST, **changes}
            return stack.enter_context(worker(tmp_path, orthanc.url, **settings))

        yield start


@pytest.fixture
def other_process(orthanc: FakeOrthanc, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(instance: str, threads: int = 1) -> Process:
        command = [sys.executable, "-m", "tests.archive.opening", str(tmp_path), orthanc.url]
        process = subprocess.Popen(
            [*command, instance, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
