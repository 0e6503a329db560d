"""500 MB TIFFs of every kind: thumbnail, conversion, storing; time, processor time and memory.

Each conversion's child is watched: its peak of anonymous memory is what the machine must have.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile

from bench import report
from pacs_proxy.decoding.frames import frames_of, pieces
from pacs_proxy.demo.load import store
from pacs_proxy.demo.orthanc import ThrowawayOrthanc
from pacs_proxy.ingest.tiff import Target, TiffConverter

RECEIVED = 1_790_000_000.0
THUMBNAIL, CONVERSION = "thumbnail", "conversion"
# Seconds and bytes (issue 3, item 4).
GOALS = {THUMBNAIL: (5.0, 150 << 20), CONVERSION: (60.0, 400 << 20)}
_EVERY = 0.02
_TILE = 512

Pixels = np.ndarray[Any, np.dtype[Any]]


def grey(rows: int, columns: int = 16_384) -> Pixels:
    """Waves and noise in 16 bit; no two rows alike."""
    noise = np.random.default_rng(1).normal(0, 30, (1000, 1024)).cumsum(1) % 4000 + 200
    across = -(-columns // 1024)
    tiled = np.tile(noise.astype(np.uint16), (-(-rows // 1000), across))[:rows, :columns]
    return tiled + np.arange(rows, dtype=np.uint16)[:, None]


def colour(rows: int, columns: int = 12_000) -> Pixels:
    """Noise on a slope in three colours."""
    noise = np.random.default_rng(1).integers(0, 40, (1000, 1000, 3), np.uint8)
    tiled = np.tile(noise, (-(-rows // 1000), -(-columns // 1000), 1))[:rows, :columns]
    slope = (np.arange(rows) // max(1, rows // 200)).astype(np.uint8)
    return tiled + slope[:, None, None]


STRIPS: dict[str, Any] = {"rowsperstrip": 16}
KINDS: dict[str, tuple[Callable[[int], Pixels], int, dict[str, Any]]] = {
    "16 bit, strips": (grey, 16_000, STRIPS),
    "16 bit, one strip": (grey, 16_000, {"rowsperstrip": 16_000}),
    "16 bit, BigTIFF, deflate + predictor": (
        grey,
        16_000,
        {"tile": (256, 256), "compression": "zlib", "predictor": 2, "bigtiff": True},
    ),
    "RGB, strips": (colour, 14_000, STRIPS),
    "RGB, planar": (colour, 14_000, {**STRIPS, "planarconfig": "separate"}),
    "RGB, BigTIFF, tiles": (colour, 14_000, {"tile": (512, 512), "bigtiff": True}),
    "RGB, LZW strips": (colour, 14_000, {**STRIPS, "compression": "lzw"}),
    "RGB, JPEG tiles": (colour, 14_000, {"tile": (512, 512), "compression": "jpeg"}),
}


def written(name: str, share: float, source: Path) -> Pixels:
    """One of KINDS as a file; its pixels."""
    make, rows, options = KINDS[name]
    pixels = make(int(rows * share))
    is_planar = options.get("planarconfig") == "separate"
    tifffile.imwrite(
        source,
        np.moveaxis(pixels, -1, 0) if is_planar else pixels,
        photometric="rgb" if pixels.ndim == 3 else "minisblack",
        metadata=None,
        **options,
    )
    return pixels


@dataclass
class Usage:
    """What this process and all below it took while it was watched."""

    wall: float = 0.0
    cpu: float = 0.0
    anonymous: int = 0
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def watched() -> Iterator[Usage]:
    """Peak anonymous memory of the one largest child, and the processor time of all."""
    usage = Usage()
    thread = threading.Thread(target=_watch, args=(usage,), daemon=True)
    began, before = time.perf_counter(), _cpu()
    thread.start()
    try:
        yield usage
    finally:
        usage.over.set()
        thread.join()
        usage.wall, usage.cpu = time.perf_counter() - began, _cpu() - before


def _watch(usage: Usage) -> None:
    while not usage.over.wait(_EVERY):
        usage.anonymous = max([usage.anonymous, *map(_anonymous, _below("self"))])


def _below(pid: str) -> Iterator[str]:
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield child
                yield from _below(child)
    except OSError:
        return


def _anonymous(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def identical(path: Path, pixels: Pixels) -> bool:
    """Whether every tile of the full size, decoded by imagecodecs, is the TIFF's."""
    columns = pixels.shape[1]
    with path.open("rb") as file:
        found = frames_of(file.fileno())
        across = -(-columns // _TILE)
        for number in range(found.count):
            coded = b"".join(pieces(file.fileno(), found.spans(number + 1), 1 << 20))
            top, left = _TILE * (number // across), _TILE * (number % across)
            wanted = pixels[top : top + _TILE, left : left + _TILE]
            tile = imagecodecs.jpegls_decode(coded)[: wanted.shape[0], : wanted.shape[1]]
            if not np.array_equal(tile, wanted):
                return False
    return True


def measure(name: str, folder: Path, share: float, orthanc: str) -> dict[str, Any]:
    """One kind of TIFF: written, drawn small, converted, compared, stored."""
    source = folder / "source.tif"
    pixels = written(name, share, source)
    is_lossy = KINDS[name][2].get("compression") == "jpeg"
    expected = tifffile.imread(source) if is_lossy else pixels
    target = Target.of_form({"patient_name": "Bench^Tiff", "patient_id": name}, "bench")
    upload = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    out, converter = folder / "out", TiffConverter()
    out.mkdir()
    with watched() as drawn:
        converter.thumbnail(source)
    with watched() as converted:
        made = converter.convert(source, out, target, upload, RECEIVED)
    began = time.perf_counter()
    for path in made:
        store(orthanc, path.read_bytes())
    stored = time.perf_counter() - began
    largest = made[-1]
    return {
        "kind": name,
        "source_bytes": source.stat().st_size,
        "made_bytes": sum(path.stat().st_size for path in made),
        THUMBNAIL: _figures(drawn),
        CONVERSION: _figures(converted),
        "store_seconds": round(stored, 2),
        "identical": identical(largest, expected),
    }


def _figures(usage: Usage) -> dict[str, float]:
    return {
        "seconds": round(usage.wall, 2),
        "cpu_seconds": round(usage.cpu, 2),
        "anonymous_bytes": usage.anonymous,
    }


def reached(row: dict[str, Any]) -> bool:
    """Both goals, as somebody waits for them: on a busy machine they may be missed for that."""
    waited = {
        THUMBNAIL: row[THUMBNAIL]["seconds"],
        CONVERSION: row[CONVERSION]["seconds"] + row["store_seconds"],
    }
    within = all(
        waited[what] <= seconds and row[what]["anonymous_bytes"] <= most
        for what, (seconds, most) in GOALS.items()
    )
    return bool(within and row["identical"])


def shown(row: dict[str, Any]) -> list[object]:
    thumbnail, conversion = row[THUMBNAIL], row[CONVERSION]
    return [
        row["kind"],
        f"{row['source_bytes'] / 1e6:.0f}",
        f"{thumbnail['seconds']} ({thumbnail['cpu_seconds']})",
        f"{thumbnail['anonymous_bytes'] >> 20}",
        f"{conversion['seconds']} ({conversion['cpu_seconds']})",
        f"{conversion['anonymous_bytes'] >> 20}",
        f"{row['made_bytes'] / 1e6:.0f}",
        row["store_seconds"],
        "yes" if row["identical"] else "NO",
    ]


HEAD = (
    "TIFF",
    "MB",
    "thumbnail s (CPU)",
    "MiB",
    "conversion s (CPU)",
    "MiB",
    "DICOM MB",
    "store s",
    "tiles identical",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of 500 MB, for a quick look")
    parser.add_argument("--only", choices=KINDS, action="append")
    wanted = parser.parse_args()
    rows = []
    for name in wanted.only or KINDS:
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="bench-tiff-"))
            stack.callback(shutil.rmtree, folder)
            orthanc = stack.enter_context(ThrowawayOrthanc())
            rows.append(measure(name, folder, wanted.share, orthanc.url))
        print(report.table(HEAD, [shown(rows[-1])]).splitlines()[-1], flush=True)
    print(report.table(HEAD, [shown(row) for row in rows]))
    report.keep("tiff", {"share": wanted.share, "load": os.getloadavg()[0], "rows": rows})
    sys.exit(not all(map(reached, rows)))


if __name__ == "__main__":
    main()
