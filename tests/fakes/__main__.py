"""The fake Orthanc as a process of its own, for benches: `python -m tests.fakes --rate 0.2`.

First line of output: JSON with its URL and the MD5 of each instance. When its input ends, a
second line says what it was asked, and it exits.
"""

import argparse
import hashlib
import json
import sys
from random import Random

from tests.fakes import FakeOrthanc, Manner, Plan
from tests.fakes.store import orthanc_id


def main() -> None:
    options = _options()
    manner = Manner("1.12.7" if options.ranges else "1.10.1", options.ranges)
    with FakeOrthanc(Plan(options.seed, options.rate), manner) as orthanc:
        held = {
            orthanc_id(str(number)): _data(options.seed, number, options.size)
            for number in range(options.instances)
        }
        for instance_id, data in held.items():
            orthanc.add(instance_id, data)
        md5 = {id_: hashlib.md5(data).hexdigest() for id_, data in held.items()}
        _say({"url": orthanc.url, "instances": md5})
        sys.stdin.read()
        _say(_report(orthanc))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes")
    parser.add_argument("--instances", type=int, default=100)
    parser.add_argument("--size", type=int, default=512 * 1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--ranges", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


def _data(seed: int, number: int, size: int) -> bytes:
    """Looks like a DICOM file as far as its preamble, and compresses not at all."""
    return bytes(128) + b"DICM" + Random(f"{seed}:{number}").randbytes(max(0, size - 132))


def _report(orthanc: FakeOrthanc) -> dict[str, object]:
    faults = [str(fault) for _, _, fault in orthanc.faults]
    kinds = dict.fromkeys(sorted({fault.partition("(")[0] for fault in faults}), 0)
    for fault in faults:
        kinds[fault.partition("(")[0]] += 1
    return {"requests": dict(orthanc.counts), "faults": kinds, "peak": orthanc.peak}


if __name__ == "__main__":
    main()
