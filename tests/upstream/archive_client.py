"""The real client, in front of the fake archive."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pacs_proxy.app import make_client
from pacs_proxy.control import Control
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.answers import Description
from pacs_proxy.upstream.client import Client
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from tests.fakes import FakeOrthanc

QUICK = {
    "workers": 1,
    "retry_base_seconds": 0.001,
    "retry_cap_seconds": 0.05,
    # A busy machine is no silent archive: taken for one, it would be asked again, and tests count.
    "first_byte_seconds": 30.0,
    "stall_seconds": 30.0,
    "stall_floor_seconds": 30.0,
    "deadline_seconds": 60.0,
}
# For an archive that is really silent, and a test that does not count what it was asked.
IMPATIENT = {"first_byte_seconds": 0.3, "stall_seconds": 0.2, "stall_floor_seconds": 0.2}


@dataclass
class Archive:
    """A fake Orthanc and our client for it."""

    orthanc: FakeOrthanc
    client: Client
    health: Health

    def describe(self, instance: str) -> Description:
        return self.client.describe(instance, Interest())

    def fetch(self, instance: str, interest: Interest | None = None) -> bytes:
        """The whole body, once: what the spool does with it, without the spool."""
        return self.body(self.describe(instance), interest)

    def body(self, wanted: Description, interest: Interest | None = None) -> bytes:
        attempts = self.client.attempts(interest or Interest())
        return b"".join(bytes(piece) for piece in self.client.body(wanted, attempts))


@contextmanager
def connected(url: str, control: Control, **changes: object) -> Iterator[tuple[Client, Health]]:
    """Our client for whatever answers there; its connections are closed afterwards."""
    values: dict[str, object] = {"orthanc_url": url, **QUICK, **changes}
    settings = Settings(**values)  # type: ignore[arg-type]
    health = Health(control, len(settings.nodes), settings.retry_share, settings.retry_rate)
    client = make_client(settings, health)
    try:
        yield client, health
    finally:
        for pool in client._transport._pools:
            for link in pool._idle:
                link.close()


@contextmanager
def archive(orthanc: FakeOrthanc, control: Control, **changes: object) -> Iterator[Archive]:
    with connected(orthanc.url, control, **changes) as (client, health):
        yield Archive(orthanc, client, health)
