"""Servers that tests share: the real proxy, and databases of both kinds."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples

from pacs_proxy.database import Database
from pacs_proxy.demo import orthanc as throwaway
from pacs_proxy.demo import proxy as demonstrated
from pacs_proxy.settings import Settings
from tests.fakes.store import orthanc_id
from tests.postgres import MISSING, Postgres, binaries
from tests.server import Proxy
from tests.tables import lay
from tests.waiting import PATIENCE

StartProxy = Callable[..., Proxy]
_numbers = count(1)
throwaway.START_SECONDS = demonstrated.READY_SECONDS = PATIENCE
# A busy machine is no silent archive: taken for one, it would be asked again, and tests count.
Proxy.usual |= dict.fromkeys(("first_byte_seconds", "stall_seconds", "stall_floor_seconds"), 20)
# The same examples in each run, and no verdict by the clock of a busy machine.
examples.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("steady")


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; skips where there is none."""
    if binaries() is None:
        pytest.skip(MISSING)
    with Postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, of each kind in turn."""
    if request.param == "postgresql":
        with made(request, Postgres.make) as address:
            yield address
    else:
        yield Settings(data_dir=str(tmp_path)).database_address


@contextmanager
def made(request: pytest.FixtureRequest, make: Callable[[Postgres], str]) -> Iterator[str]:
    """The address of a database in PostgreSQL, which is dropped afterwards."""
    server: Postgres = request.getfixturevalue("postgres")
    url = make(server)
    yield Settings(database_url=url).database_address
    server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with our tables, of each kind in turn."""
    if request.param == "postgresql":
        with made(request, Postgres.make_with_tables) as address:
            yield address
    else:
        yield lay(tmp_path / "pacs-proxy.db")


@pytest.fixture
def database(tables: str) -> Iterator[Database]:
    """A database with our tables, of each kind in turn."""
    with closing(Database(tables)) as database:
        yield database
