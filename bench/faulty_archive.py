"""A fake archive in a process of its own, told over its input which faults to have.

Each line in is a JSON object: `{"rate": 0.2, "seed": 1}` sets new weather and forgets what was
counted; `{}` only asks. Each line out says what was counted until then.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from random import Random

from tests.fakes import FakeOrthanc, Manner, Never, Plan
from tests.fakes.store import orthanc_id

SMALLEST, LARGEST = 40 << 10, 512 << 10


def main() -> None:
    count, ranges = int(sys.argv[1]), sys.argv[2] == "ranges"
    with FakeOrthanc(manner=Manner(ranges=ranges)) as orthanc:
        digests = dict(_fill(orthanc, number) for number in range(count))
        _say({"url": orthanc.url, "instances": digests})
        for line in sys.stdin:
            _say(_counted(orthanc))
            wish = json.loads(line)
            if wish:
                orthanc.requests.clear()
                orthanc.faults.clear()
                orthanc.plan = Plan(wish["seed"], wish["rate"]) if wish["rate"] else Never()


def _fill(orthanc: FakeOrthanc, number: int) -> tuple[str, str]:
    random = Random(f"faults:{number}")
    data = bytes(128) + b"DICM" + random.randbytes(random.randint(SMALLEST, LARGEST))
    instance = orthanc_id("faults", str(number))
    orthanc.add(instance, data)
    return instance, hashlib.md5(data, usedforsecurity=False).hexdigest()


def _counted(orthanc: FakeOrthanc) -> dict[str, object]:
    kinds = Counter(str(fault).partition("(")[0] for _, _, fault in orthanc.faults)
    return {"requests": dict(orthanc.counts), "faults": dict(kinds), "peak": orthanc.peak}


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
