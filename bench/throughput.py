"""Requests a second for 512 KB instances: ours cold and warm, and what else could stand there.

`python -m bench.throughput [--rounds 5] [--seconds 3]`
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from bench import report
from bench.nginx import Nginx
from bench.processes import cpu_seconds, family
from bench.wrk import measure
from pacs_proxy.demo import phantom
from pacs_proxy.demo.load import load
from pacs_proxy.demo.orthanc import ThrowawayOrthanc, free_port
from pacs_proxy.demo.proxy import ProxyProcess

INSTANCES = 300
CONNECTIONS = 16
# Smaller than the working set, so that reading in turn never meets a file again.
COLD_SPOOL = 96 << 20


@dataclass(frozen=True)
class Target:
    """One thing measured: where, how its instance paths look, and the process that does it."""

    name: str
    base: str
    path: str
    pid: int = 0


@dataclass(frozen=True)
class Turn:
    """One target's turn: CPU in milliseconds a request, of the target, of Orthanc and of wrk."""

    rate: float
    p50: float
    own: float
    orthanc: float
    client: float


OURS = "/api/pacs/instances/{}/file"
DIRECT = "/instances/{}/attachments/dicom/data"


def targets(orthanc: ThrowawayOrthanc, stack: contextlib.ExitStack) -> list[Target]:
    """Start everything that is compared."""
    cores = os.cpu_count() or 2
    nginx = stack.enter_context(Nginx(orthanc.http_port, cores))
    naive, naive_pid = stack.enter_context(_naive(orthanc.url))
    cold = ProxyProcess(orthanc.url, free_port(), {"PACS_PROXY_SPOOL_BYTES": str(COLD_SPOOL)})
    warm = ProxyProcess(orthanc.url, free_port())
    stack.enter_context(cold)
    stack.enter_context(warm)
    return [
        Target("Orthanc direct", orthanc.url, DIRECT),
        Target("nginx unbuffered", f"http://127.0.0.1:{nginx.plain}", DIRECT, nginx.pid),
        Target("nginx cache", f"http://127.0.0.1:{nginx.cached}", DIRECT, nginx.pid),
        Target("naive recipe", naive, OURS, naive_pid),
        Target("ours cold", cold.url.rstrip("/"), OURS, cold.pid),
        Target("ours warm", warm.url.rstrip("/"), OURS, warm.pid),
    ]


@contextlib.contextmanager
def _naive(orthanc: str) -> Iterator[tuple[str, int]]:
    port = free_port()
    options = ["-k", "gthread", "-w", str(os.cpu_count() or 2), "--threads", "64"]
    command = [sys.executable, "-m", "gunicorn", *options, "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "--no-control-socket", "bench.naive:app"],
        env={**os.environ, "ORTHANC_URL": orthanc},
        stderr=subprocess.DEVNULL,
    )
    time.sleep(2)
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def turn(target: Target, orthanc: int, instances: Sequence[str], seconds: float) -> Turn:
    """Some seconds over all connections, then half as many over one for the latency."""
    paths = [target.path.format(i) for i in instances]
    parties = [family(target.pid) if target.pid else [], family(orthanc)]
    before = [*map(cpu_seconds, parties), _client()]
    rate = measure(target.base, paths, CONNECTIONS, seconds).rate
    after = [*map(cpu_seconds, parties), _client()]
    count = rate * max(1, round(seconds))
    own, archive, client = ((b - a) * 1000 / count for a, b in zip(before, after, strict=True))
    return Turn(rate, measure(target.base, paths, 1, seconds / 2).p50, own, archive, client)


def _client() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Medians over rounds in which every target has its turn."""
    with contextlib.ExitStack() as stack:
        orthanc = stack.enter_context(ThrowawayOrthanc())
        loaded = load(orthanc.url, [phantom.ct_series(INSTANCES, 512, 512)])
        found = targets(orthanc, stack)
        turns: dict[str, list[Turn]] = {t.name: [] for t in found}
        for _ in range(rounds):
            for target in found:
                turns[target.name].append(turn(target, orthanc.pid or 0, loaded.instances, seconds))
    names = [field.name for field in fields(Turn)]
    return {
        target: {name: statistics.median(getattr(one, name) for one in all_) for name in names}
        for target, all_ in turns.items()
    }


def main() -> None:
    """Print the table; keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    figures = run(asked.rounds, asked.seconds)
    direct = figures["Orthanc direct"]
    rows = [
        [
            name,
            f"{f['rate']:.0f}",
            *(f"{f['rate'] / figures[other]['rate']:.2f}" for other in
              ("Orthanc direct", "nginx unbuffered", "nginx cache", "naive recipe")),
            f"{f['p50']:.2f}",
            f"{f['p50'] - direct['p50']:+.2f}",
            *(f"{f[party]:.2f}" for party in ("own", "orthanc", "client")),
        ]
        for name, f in figures.items()
    ]  # fmt: skip
    head = ["512 KB, 16 connections", "req/s", "/ Orthanc", "/ nginx", "/ nginx cache", "/ naive"]
    head += ["p50 ms, 1 connection", "added ms", "CPU ms: own", "Orthanc", "client"]
    print(report.table(head, rows))
    report.keep("throughput", {"load_before": load_before, "figures": figures})


if __name__ == "__main__":
    main()
