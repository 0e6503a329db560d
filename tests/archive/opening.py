"""Instances of one worker, in this process or in another one."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pacs_proxy.app import limits, make_client
from pacs_proxy.archive.instances import Instances, Opened
from pacs_proxy.archive.spool import Spool
from pacs_proxy.control import Control
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.health import Health
from pacs_proxy.upstream.interest import Interest
from pacs_proxy.upstream.watch import Watch
from tests.upstream.archive_client import QUICK

# Everything above this is large: its bytes leave before the last has come.
VERIFY_FIRST = 100_000
INSTANCE = "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
OTHER = "a689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
SMALL = bytes(128) + b"DICM" + Random(1).randbytes(50_000)
LARGE = bytes(128) + b"DICM" + Random(2).randbytes(2_000_000)

Process = subprocess.Popen[bytes]


@dataclass
class Worker:
    """What a worker process has."""

    instances: Instances
    spool: Spool
    control: Control

    def read(self, instance: str) -> bytes:
        """All bytes, as an answer would carry them."""
        interest = Interest()
        opened = self.instances.open(instance, interest)
        try:
            return whole(opened, interest)
        finally:
            opened.close()


Workers = Callable[..., Worker]


def whole(opened: Opened, interest: Interest) -> bytes:
    if opened.stream:
        return b"".join(bytes(piece) for piece in opened.stream)
    assert opened.file
    opened.available(opened.description.size - 1, interest)
    return Path(f"/proc/self/fd/{opened.file.fd}").read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def together(processes: list[Process]) -> list[Process]:
    for process in processes:
        assert process.stdin
        process.stdin.write(b"go\n")
        process.stdin.flush()
    return processes


@contextmanager
def worker(folder: Path, url: str, **changes: object) -> Iterator[Worker]:
    values: dict[str, object] = {"orthanc_url": url, **QUICK, **changes}
    settings = Settings(**values)  # type: ignore[arg-type]
    control, watch = Control(folder / "control"), Watch()
    health = Health(control, len(settings.nodes), settings.retry_share, settings.retry_rate)
    client = make_client(settings, health)
    spool = Spool(folder, settings.spool_bytes, control)
    try:
        yield Worker(Instances(client, spool, watch, limits(settings)), spool, control)
    finally:
        watch.close()
        for pool in client._transport._pools:
            for link in pool._idle:
                link.close()
        control.close()


def main() -> None:
    """`python -m tests.archive.opening FOLDER URL INSTANCE THREADS`: read it in each thread."""
    folder, url, instance, threads = sys.argv[1:]
    with worker(Path(folder), url, verify_first_bytes=VERIFY_FIRST) as here:
        sizes: list[int] = []

        def read() -> None:
            sizes.append(len(here.read(instance)))

        running = [threading.Thread(target=read) for _ in range(int(threads))]
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        sys.stdout.write(f"{sizes}\n")


if __name__ == "__main__":
    main()
