"""1 100 clients that never finish their head, and what a reader beside them waits.

`python -m bench.slowloris [--clients 1100] [--seconds 20]`, with edge/nginx.conf in front of both
roles, and without it for comparison.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import resource
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from bench import report
from pacs_proxy.demo.orthanc import free_port
from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.front import configured, nginx
from tests.split import Edge, Services

GOAL = 0.2
ID = orthanc_id("bench", "slowloris")
BEGUN = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@contextlib.contextmanager
def slow(port: int, clients: int) -> Iterator[None]:
    """So many at any time: each adds a header now and then, and comes again when sent away."""
    ending = threading.Event()
    open_now: dict[int, socket.socket] = {}

    def keep() -> None:
        while not ending.is_set():
            for number in range(clients):
                with suppress(OSError):
                    if number in open_now:
                        open_now[number].send(b"X-A: b\r\n")
                        continue
                    sock = socket.create_connection(("127.0.0.1", port), timeout=0.2)
                    sock.sendall(BEGUN)
                    open_now[number] = sock
                    continue
                if number in open_now:
                    open_now.pop(number).close()
            ending.wait(0.5)

    keeper = threading.Thread(target=keep)
    keeper.start()
    deadline = time.monotonic() + 30
    while len(open_now) < clients * 0.9 and time.monotonic() < deadline:
        time.sleep(0.1)
    print(f"{len(open_now)} of {clients} connections are open")
    try:
        yield
    finally:
        ending.set()
        keeper.join()
        for sock in open_now.values():
            sock.close()


def waits(port: int, seconds: float) -> list[float]:
    """Seconds for one slice after the other, each on a connection of its own; 10 is given up."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        with (
            suppress(OSError, http.client.HTTPException),
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection,
        ):
            connection.request("GET", f"/api/pacs/instances/{ID}/file")
            if len(connection.getresponse().read()) < 500_000:
                found.append(10.0)
                continue
        found.append(time.monotonic() - began)
        time.sleep(0.02)
    return found


def figures(port: int, clients: int, seconds: float) -> dict[str, float]:
    """With so many slow ones, in milliseconds."""
    waits(port, 1)
    with slow(port, clients) if clients else contextlib.nullcontext():
        found = sorted(waits(port, seconds))
    p99 = found[min(len(found) - 1, int(len(found) * 0.99))]
    return {
        "requests": len(found),
        "p50": statistics.median(found) * 1000,
        "p99": p99 * 1000,
        "slowest": found[-1] * 1000,
    }


def main() -> None:
    """Print the table; keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1100)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeOrthanc() as orthanc,
        Services(orthanc.url) as services,
        Edge(services.url, front_proxies="127.0.0.1", workers=2) as edge,
    ):
        orthanc.add(ID, bytes(128) + b"DICM" + bytes(512 << 10))
        port, conf = free_port(), Path(folder) / "nginx.conf"
        conf.write_text(configured(port, edge.port, Path(folder), free_port()))
        Path(folder).chmod(0o755)
        with nginx(conf, port):
            rows = {
                "behind nginx, alone": figures(port, 0, asked.seconds),
                f"behind nginx, {asked.clients} slow": figures(port, asked.clients, asked.seconds),
                f"gunicorn alone, {asked.clients} slow": figures(
                    edge.port, asked.clients, asked.seconds
                ),
            }
    head = ["512 KB", "requests", "p50 ms", "p99 ms", "slowest ms"]
    print(report.table(head, [[n, *(f"{v:.0f}" for v in f.values())] for n, f in rows.items()]))
    met = rows[f"behind nginx, {asked.clients} slow"]["p99"] <= GOAL * 1000
    print(f"p99 behind nginx at most {GOAL * 1000:.0f} ms: {'met' if met else 'MISSED'}")
    report.keep("slowloris", {"rows": rows, "met": met})


if __name__ == "__main__":
    main()
