"""Thousands of damaged uploads, of which none may reach the archive as a whole file.

`python -m bench.damaged [--uploads 5000] [--seed 1]`
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any
from urllib.request import urlopen

from bench import report
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from tests.damage import Damager, image
from tests.sender import Sender
from tests.server import Proxy

PARALLEL = 4
# Every so many there is an undamaged one: the way is open, and nothing else holds files back.
CONTROL_EVERY = 25


def run(url: str, uploads: int, seed: int) -> dict[str, Any]:
    """Send them all, and wait until everything that is whole was dealt with."""
    sender = Sender(url)
    batch = sender.batch(f"damaged-{seed}")
    names = tuple(Damager(sender, batch, Random(0)).kinds)
    sent: Counter[str] = Counter()

    def one(number: int) -> str:
        damager = Damager(sender, batch, Random(f"{seed}-{number}"))
        data, key = image(number + 2), f"{seed}-{number}"
        if number % CONTROL_EVERY == 0:
            damager.whole(data, key)
            return "whole"
        kind = names[number % len(names)]
        damager.send(kind, data, key)
        return kind

    with ThreadPoolExecutor(PARALLEL) as pool:
        sent.update(pool.map(one, range(uploads)))
    counts = _settled(sender, batch, uploads)
    return {"sent": dict(sent), "counts": counts, "whole": sent["whole"]}


def _settled(sender: Sender, batch: str, uploads: int) -> dict[str, int]:
    """Once nothing is waiting but what is unfinished for good."""
    deadline = time.monotonic() + 60 + uploads / 5
    while True:
        states: Counter[str] = Counter()
        news, rev = sender.news(batch), 0
        latest: dict[str, str] = {}
        while True:
            latest |= {upload["id"]: upload["state"] for upload in news["uploads"]}
            rev = news["rev"]
            if not news["more"]:
                break
            news = sender.news(batch, rev)
        states.update(latest.values())
        if not states.keys() & {"received", "checking", "converting", "storing", "kept"}:
            return {**news["counts"], **{f"state {name}": n for name, n in states.items()}}
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not settled: {states}")
        time.sleep(0.5)


def stored(orthanc: ThrowawayOrthanc) -> int:
    """Instances that the archive has."""
    with urlopen(f"{orthanc.url}/instances") as answer:
        return len(json.load(answer))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.damaged", description=__doc__)
    parser.add_argument("--uploads", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with ThrowawayOrthanc() as orthanc, Proxy(orthanc.url, workers=2, upload_open=10**6) as server:
        figures = run(server.url, options.uploads, options.seed)
        forwarded = stored(orthanc) - figures["whole"]
    rows = [[kind, count] for kind, count in sorted(figures["sent"].items())]
    print(report.table(["upload", "sent"], rows))
    print(f"in the archive beyond the {figures['whole']} whole ones: {forwarded} (goal: 0)")
    print(figures["counts"])
    report.keep("damaged", {"options": vars(options), **figures, "forwarded": forwarded})
    sys.exit(forwarded != 0)


if __name__ == "__main__":
    main()
