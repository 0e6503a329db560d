"""What the shield costs, what damage it withstands, and the pipeline alone beside direct POSTs.

`python -m bench.ingest [--files 400] [--rounds 3] [--mutations 200000]`
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import report
from bench.large import Large
from bench.sending import directly
from pacs_proxy.app import make_client
from pacs_proxy.control import Control
from pacs_proxy.database import Database
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.shield import examine
from pacs_proxy.ingest.source import BytesSource, FileSource
from pacs_proxy.ingest.walk import Limits
from pacs_proxy.jobs import BIG, PROMPT, SMALL, Runner
from pacs_proxy.migrations import upgrade
from pacs_proxy.settings import Settings
from pacs_proxy.upstream.health import Health
from tests.ingest.dicom import dicom
from tests.ingest.test_shield import VALID
from tests.ingest.world import World

LIMITS = Limits()
_THREADS = 4


def slice_of_512_kb(number: int) -> bytes:
    return b"".join(Large(number, 1).pieces())


def shield_milliseconds(data: bytes, times: int) -> float:
    """CPU of one look, the median of seven."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found = []
        for _ in range(7):
            began = time.process_time()
            for _ in range(times):
                examine(FileSource(file.fileno(), len(data)), LIMITS)
            found.append((time.process_time() - began) / times)
    return 1000 * statistics.median(found)


def mutations(count: int, seed: int = 1) -> dict[str, Any]:
    """Valid files with one to six bytes or stretches changed: refused, passed, and the longest."""
    chance, refused, longest = random.Random(seed), 0, 0.0
    for _ in range(count):
        data = bytearray(chance.choice(VALID))
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            if chance.random() < 0.5:
                data[at] = chance.randrange(256)
            elif chance.random() < 0.5:
                data[at:at] = data[max(0, at - 40) : at]
            else:
                del data[at : at + chance.randint(1, 40)]
            data = data or bytearray(b"\0")
        began = time.process_time()
        try:
            examine(BytesSource(bytes(data)), LIMITS)
        except BadUpload:
            refused += 1
        longest = max(longest, time.process_time() - began)
    return {"files": count, "refused": refused, "longest seconds": round(longest, 4)}


def pipeline(orthanc: ThrowawayOrthanc, files: Sequence[bytes]) -> float:
    """Seconds from the start of four threads to the last file proven stored."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK")) as folder:
        settings = Settings(orthanc_url=orthanc.url, workers=1, data_dir=folder)
        upgrade(settings.database_address)
        database = Database(settings.database_address)
        health = Health(Control(Path(folder) / "control"), 1, 0.2, 10)
        world = World(database, make_client(settings, health).impatient(2.0), Path(folder))
        names = [world.send(data) for data in files]
        lanes = [(PROMPT, SMALL)] * _THREADS + [(BIG,)]
        runner = Runner(world.jobs, world.runner._handlers, lanes)
        began = time.perf_counter()
        runner.start()
        while world.upload(names[-1]).state != "done" or world.queued():
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        runner.stop()
        outcomes = {row.outcome for row in world.results()}
        assert outcomes == {"stored"}, outcomes
        database.close()
    return seconds


def beside(orthanc: ThrowawayOrthanc, count: int, rounds: int) -> dict[str, Any]:
    numbers: Iterator[int] = iter(range(1, 1_000_000))
    rates: dict[str, list[float]] = {"direct": [], "pipeline": []}
    for turn in range(rounds):
        for way in ("direct", "pipeline")[:: 1 if turn % 2 else -1]:
            files = [slice_of_512_kb(next(numbers)) for _ in range(count)]
            seconds = (directly if way == "direct" else pipeline)(orthanc, files)
            rates[way].append(count / seconds)
    ratios = [
        ours / theirs for ours, theirs in zip(rates["pipeline"], rates["direct"], strict=True)
    ]
    return {
        **{f"{way}, files/s": round(statistics.median(found), 1) for way, found in rates.items()},
        "ratio": round(statistics.median(ratios), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mutations", type=int, default=200_000)
    options = parser.parse_args()
    found: dict[str, Any] = {
        "shield, ms CPU": {
            "512 KB slice": round(shield_milliseconds(slice_of_512_kb(1), 50), 3),
            "1 KB file": round(shield_milliseconds(dicom(), 50), 3),
        },
        "mutations": mutations(options.mutations),
    }
    with ThrowawayOrthanc() as orthanc:
        found["beside 4 direct POSTs"] = beside(orthanc, options.files, options.rounds)
    print(json.dumps(found, indent=2))
    report.keep("ingest", found)


if __name__ == "__main__":
    main()
