"""Requests a second for 512 KB instances: ours cold and warm, and what else could stand there.

`python -m bench.throughput [--rounds 5] [--seconds 3]`
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bench import report
from bench.nginx import Nginx
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
    """One thing measured: where, and how its instance paths look."""

    name: str
    base: str
    path: str


OURS = "/api/pacs/instances/{}/file"
DIRECT = "/instances/{}/attachments/dicom/data"


def targets(orthanc: ThrowawayOrthanc, stack: contextlib.ExitStack) -> list[Target]:
    """Start everything that is compared."""
    cores = os.cpu_count() or 2
    nginx = stack.enter_context(Nginx(orthanc.http_port, cores))
    naive = stack.enter_context(_naive(orthanc.url))
    cold = ProxyProcess(orthanc.url, free_port(), {"PACS_PROXY_SPOOL_BYTES": str(COLD_SPOOL)})
    warm = ProxyProcess(orthanc.url, free_port())
    stack.enter_context(cold)
    stack.enter_context(warm)
    return [
        Target("Orthanc direct", orthanc.url, DIRECT),
        Target("nginx unbuffered", f"http://127.0.0.1:{nginx.plain}", DIRECT),
        Target("nginx cache", f"http://127.0.0.1:{nginx.cached}", DIRECT),
        Target("naive recipe", naive, OURS),
        Target("ours cold", cold.url.rstrip("/"), OURS),
        Target("ours warm", warm.url.rstrip("/"), OURS),
    ]


@contextlib.contextmanager
def _naive(orthanc: str) -> Iterator[str]:
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
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def run(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Medians over rounds in which every target has its turn."""
    with contextlib.ExitStack() as stack:
        orthanc = stack.enter_context(ThrowawayOrthanc())
        loaded = load(orthanc.url, [phantom.ct_series(INSTANCES, 512, 512)])
        found = targets(orthanc, stack)
        rates: dict[str, list[float]] = {t.name: [] for t in found}
        delays: dict[str, list[float]] = {t.name: [] for t in found}
        for _ in range(rounds):
            for target in found:
                paths = [target.path.format(i) for i in loaded.instances]
                rates[target.name].append(measure(target.base, paths, CONNECTIONS, seconds).rate)
                delays[target.name].append(measure(target.base, paths, 1, seconds / 2).p50)
    return {
        name: {"rate": statistics.median(rates[name]), "p50_ms": statistics.median(delays[name])}
        for name in rates
    }


def main() -> None:
    """Print the table; keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    figures = run(asked.rounds, asked.seconds)
    direct = figures["Orthanc direct"]
    rows = [
        [
            name,
            f"{f['rate']:.0f}",
            *(f"{f['rate'] / figures[other]['rate']:.2f}" for other in
              ("Orthanc direct", "nginx unbuffered", "nginx cache", "naive recipe")),
            f"{f['p50_ms']:.2f}",
            f"{f['p50_ms'] - direct['p50_ms']:+.2f}",
        ]
        for name, f in figures.items()
    ]  # fmt: skip
    head = ["512 KB, 16 connections", "req/s", "/ Orthanc", "/ nginx", "/ nginx cache", "/ naive"]
    print(report.table([*head, "p50 ms, 1 connection", "added ms"], rows))
    report.keep("throughput", {"figures": figures})


if __name__ == "__main__":
    main()
