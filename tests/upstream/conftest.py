"""A world in which nothing waits for real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy.control import Control
from tests.upstream.world import World, control_in


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    with control_in(tmp_path) as control:
        yield control


@pytest.fixture
def world(control: Control) -> World:
    return World(control)
