"""A spool of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy.archive.spool import Spool
from pacs_proxy.control import Control
from tests.upstream.world import control_in


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with control_in(tmp_path) as control:
        yield control


@pytest.fixture
def spool(tmp_path: Path, control: Control) -> Spool:
    return Spool(tmp_path, 100_000, control)
