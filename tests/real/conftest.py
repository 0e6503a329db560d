"""Real Orthancs: this machine's own (Debian 12 has 1.10.1) and Debian 13's 1.12.7."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacs_proxy.demo.orthanc import ThrowawayOrthanc, find_executable
from tests.real.trixie import NoTrixie, rootfs, started


@pytest.fixture(scope="session")
def trixie() -> Path:
    """The Debian 13 root; making it takes half a minute, once."""
    try:
        return rootfs()
    except NoTrixie as why:
        pytest.skip(str(why))


@pytest.fixture(scope="module")
def installed_orthanc() -> Iterator[ThrowawayOrthanc]:
    """The Orthanc of this machine, running."""
    if find_executable() is None:
        pytest.skip("Orthanc is not installed here; run: apt-get install orthanc")
    with ThrowawayOrthanc() as orthanc:
        yield orthanc


@pytest.fixture(scope="module")
def trixie_orthanc(trixie: Path) -> Iterator[ThrowawayOrthanc]:
    """Orthanc 1.12.7, running: it has Range."""
    with started(trixie) as orthanc:
        yield orthanc


@pytest.fixture(scope="module", params=["installed", "trixie"])
def any_orthanc(request: pytest.FixtureRequest) -> ThrowawayOrthanc:
    """Each of the two in turn."""
    orthanc: ThrowawayOrthanc = request.getfixturevalue(f"{request.param}_orthanc")
    return orthanc
