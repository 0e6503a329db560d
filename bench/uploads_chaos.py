"""kill -9 at random moments during uploads; what is acknowledged must be stored, once, whole.

`python -m bench.uploads_chaos [--kills 200] [--seed 1] [--split]`; SIGTERM ends the killing early.
"""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import asdict

from bench import report
from tests.chaos import Scene


def main() -> int:
    """Run it, print the figures, and fail when a promise was broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--split", action="store_true", help="edge and services as processes")
    asked = options.parse_args()
    with Scene(asked.seed, split=asked.split) as scene:
        signal.signal(signal.SIGTERM, lambda *_: scene.enough())
        verdict = scene.run(asked.kills, lambda line: print(line, flush=True))
    figures = asdict(verdict)
    print(report.table(("figure", "value"), list(figures.items())))
    name = "uploads_chaos_split" if asked.split else "uploads_chaos"
    report.keep(name, {"seed": asked.seed, **figures})
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
