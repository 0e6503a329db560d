"""Servers that tests share: a fake Orthanc, and the real proxy in front of one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from tests.fakes.store import orthanc_id
from tests.server import Proxy

StartProxy = Callable[..., Proxy]
_numbers = count(1)


@pytest.fixture
def proxy() -> Iterator[StartProxy]:
    """`proxy(orthanc_url, threads=8, ...)`: a running server; keywords are its settings."""
    with ExitStack() as running:

        def start(orthanc_url: str, **settings: object) -> Proxy:
            return running.enter_context(Proxy(orthanc_url, **settings))

        yield start


@pytest.fixture
def instance() -> str:
    """An Orthanc identifier that no other test uses."""
    return orthanc_id("test", str(next(_numbers)))
