"""What is held back until it is proven is still the same when it is handed on."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from pacs_proxy.app import make_client
from pacs_proxy.control import Control
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.pool import Link, Pool
from tests.fakes import FakeOrthanc, Scripted, faults
from tests.fakes.exchange import Fault

unused = Pool.unused
INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
SIZE = 500_000


@pytest.fixture
def orthanc() -> Iterator[FakeOrthanc]:
    with FakeOrthanc() as fake:
        yield fake


@pytest.fixture
def client(
    orthanc: FakeOrthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A pool lives as long as its worker process, so its connections are closed by hand."""
    links: list[Link] = []

    def remembered(pool: Pool) -> Link:
        links.append(unused(pool))
        return links[-1]

    monkeypatch.setattr(Pool, "unused", remembered)
    settings = Settings(orthanc_url=orthanc.url, workers=1)
    control = Control(tmp_path / "control")
    yield make_client(settings, Health(control, 1, settings.retry_share, settings.retry_rate))
    control.close()
    for link in links:
        link.close()


def data(seed: int) -> bytes:
    return bytes(128) + b"DICM" + Random(seed).randbytes(SIZE)


def received(client: Client, instance: str) -> bytes:
    interest = Interest()
    wanted = client.describe(instance, interest)
    with closing(client.body(wanted, client.attempts(interest))) as pieces:
        return b"".join(bytes(piece) for piece in pieces)


@pytest.mark.parametrize(
    "fault", [faults.rst_after(400_000), faults.fin_after(8_000), faults.stall_after(400_000)]
)
def test_a_cut_does_not_write_over_the_piece_before_it(
    orthanc: FakeOrthanc, client: Client, fault: Fault
) -> None:
    orthanc.add(INSTANCE, data(1))
    orthanc.plan = Scripted([fault])
    assert received(client, INSTANCE) == data(1)


def test_the_last_piece_is_not_written_over_by_the_next_body(
    orthanc: FakeOrthanc, client: Client
) -> None:
    """Its buffer may serve another body only when the piece has been handed on."""
    other = INSTANCE.replace("f", "e")
    orthanc.add(INSTANCE, data(1))
    orthanc.add(other, data(2))
    interest = Interest()
    wanted = client.describe(INSTANCE, interest)
    with closing(client.body(wanted, client.attempts(interest))) as pieces:
        got, left = [], wanted.size
        for piece in pieces:
            left -= len(piece)
            if not left:
                thread = threading.Thread(target=received, args=(client, other))
                thread.start()
                thread.join()
            got.append(bytes(piece))
    assert b"".join(got) == data(1)
