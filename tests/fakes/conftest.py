"""A fake Orthanc with one instance in it."""

from collections.abc import Iterator

import pytest

from tests.fakes import FakeOrthanc

INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
DATA = bytes(128) + b"DICM" + bytes(range(256)) * 40


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        fake.add(INSTANCE, DATA)
        yield fake
