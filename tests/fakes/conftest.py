"""A fake Orthanc with one instance in it."""

from collections.abc import Iterator

import pytest

from tests.fakes import FakeOrthanc

INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(range(256)) * 40


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    # It ends no connection while a test on a busy machine is between two steps.
    with FakeOrthanc(idle=None) as fake:
        fake.add(INSTANCE, DATA)
        yield fake
