"""TIFFs to DICOM: the headers are written here, the pixels by a jailed child."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pacs_proxy.decoding import jobs
from pacs_proxy.decoding.jailed import Jailed
from pacs_proxy.decoding.launcher import Launcher
from pacs_proxy.errors import BadUpload, Busy
from pacs_proxy.ingest.tiff.kinds import CONVERT, PROBE, THUMBNAIL
from pacs_proxy.ingest.tiff.plan import OVERVIEW, Bounds, Piece, Tiff, planned, tiles_of
from pacs_proxy.ingest.tiff.target import Target

if TYPE_CHECKING:
    from pacs_proxy.ingest.tiff.datasets import Source
    from pacs_proxy.ingest.tiff.files import Growing

Progress = Callable[[int, int], None]

_MODULE = "pacs_proxy.ingest.tiff.work"
_ENVIRONMENT = {"VIPS_BLOCK_UNTRUSTED": "1", "VIPS_CONCURRENCY": "1"}
_START_SECONDS = 60.0
_SMALL_OUTPUT = 64 << 20
# What a conversion takes beside the reserve: a few bands of tiles.
_WORKING_BYTES = 300 << 20
_COUNT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Rules:
    """From the settings; `memory_bytes` is address space, which is far more than is used."""

    bounds: Bounds = field(default_factory=Bounds)
    memory_bytes: int = 3 << 30
    seconds: float = 900.0
    large_bytes: int = 50 << 20
    reserve_bytes: int = 200 << 20


def tiff_launcher() -> Launcher:
    """Starts template processes that know the jobs of `work`."""
    return Launcher(_MODULE, _ENVIRONMENT)


def _unheard(_done: int, _total: int) -> None:
    """Nobody asked how far it is."""


class TiffConverter:
    """Safe to use from several threads.

    Each call starts and ends a template process of its own, unless it is given one to share:
    TIFFs are rare, and one that waits for them holds 80 MB.
    """

    def __init__(self, rules: Rules | None = None, shared: Launcher | None = None) -> None:
        self._rules, self._shared = rules or Rules(), shared

    def probe(self, source: Path) -> list[Piece]:
        """What would be made of it; BadUpload says why nothing can be."""
        with self._child(source) as child:
            return planned(child.described(), self._rules.bounds)

    def thumbnail(self, source: Path, side: int = 512) -> bytes:
        """The first picture as PNG, `side` pixels or somewhat more on its longest side."""
        with self._child(source) as child:
            piece = planned(child.described(), self._rules.bounds)[0]
            return child.thumbnail(piece, side)[0]

    def convert(
        self,
        source: Path,
        out: Path,
        target: Target,
        upload_id: str,
        received_at: float,
        progress: Progress = _unheard,
    ) -> list[Path]:
        """DICOM files in `out`, smallest first; the same call again writes the same bytes.

        `progress` is told rows done and rows in all about once a second, and may raise to stop.
        Raises BadUpload, and Busy while the machine is short of memory.
        """
        if source.stat().st_size > self._rules.large_bytes:
            self._spare()
        from pacs_proxy.ingest.tiff.datasets import Source  # pydicom is large, and TIFFs are rare

        with self._child(source) as child:
            tiff = child.described()
            pieces = planned(tiff, self._rules.bounds)
            upload = Source(upload_id, received_at, target, tiff, _sha256(source))
            count = _Count(progress, sum(_rows(piece) for piece in pieces))
            made = [path for piece in pieces for path in child.converted(piece, upload, out, count)]
        return sorted(made, key=lambda path: (path.stat().st_size, path.name))

    def _spare(self) -> None:
        if _available_memory() < self._rules.reserve_bytes + _WORKING_BYTES:
            raise Busy("The server is short of memory; the conversion waits.", 10.0)

    @contextmanager
    def _child(self, source: Path) -> Iterator[_Child]:
        launcher = self._shared or tiff_launcher()
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            jailed = Jailed(launcher, self._rules.seconds, _START_SECONDS)
            yield _Child(jailed, self._rules, descriptor)
        finally:
            os.close(descriptor)
            if launcher is not self._shared:
                launcher.close()


@dataclass
class _Count:
    """Rows done in all pieces so far."""

    progress: Progress
    total: int
    before: int = 0

    def tell(self, rows: int) -> None:
        self.progress(min(self.before + rows, self.total), self.total)


@dataclass
class _Child:
    """The jobs that can be given to a child, and what they bring."""

    jailed: Jailed
    rules: Rules
    source: int

    def described(self) -> Tiff:
        with _memory() as result:
            self._run(PROBE, [result])
            try:
                return Tiff.of(json.loads(_content(result)))
            except (ValueError, TypeError, KeyError):
                raise _damaged("It is damaged.") from None

    def thumbnail(self, piece: Piece, side: int) -> tuple[bytes, tuple[float, float]]:
        """PNG, and the lowest and highest value shown."""
        wishes = {"page": piece.pages[0], **_sought(piece)}
        with _memory() as picture, _memory() as window:
            self._run(THUMBNAIL, [picture, window], view=jobs.View(size=side), wishes=wishes)
            low, high = (float(value) for value in json.loads(_content(window)))
            return _content(picture), (low, high)

    def converted(self, piece: Piece, upload: Source, out: Path, count: _Count) -> list[Path]:
        if piece.page.bytes_each == 2:
            upload = replace(upload, window=self.thumbnail(piece, 512)[1])
        outputs, files = _begun(piece, upload, out)
        try:
            self._append(piece, outputs, files, count)
            paths = [file.finish() for file in files]
        except BaseException:
            for file in files:
                file.discard()
            raise
        count.before += _rows(piece)
        return paths

    def _append(
        self,
        piece: Piece,
        outputs: list[tuple[int, bool]],
        files: list[Growing],
        count: _Count,
    ) -> None:
        wishes = {
            "pages": list(piece.pages),
            **_sought(piece),
            "orientation": piece.page.orientation,
            "widths": [width for width, _ in piece.levels],
            "outputs": outputs,
        }
        most = 2 * piece.page.decoded_bytes * len(piece.pages) + _SMALL_OUTPUT
        with _memory() as rows:

            def beat() -> None:
                count.tell(int.from_bytes(os.pread(rows, _COUNT_BYTES, 0), "little"))

            descriptors = [rows, *(file.descriptor for file in files)]
            self._run(CONVERT, descriptors, beat, output_bytes=most, wishes=wishes)
            beat()

    def _run(
        self,
        kind: str,
        results: list[int],
        beat: Callable[[], None] = lambda: None,
        **wanted: Any,
    ) -> None:
        rules = self.rules
        bounds = {"output_bytes": _SMALL_OUTPUT, **wanted}
        job = jobs.Job(kind, rules.memory_bytes, math.ceil(rules.seconds), **bounds)
        report = self.jailed.run(job, self.source, results, beat)
        if report.event != "done":
            raise _damaged(report.detail)


def _begun(piece: Piece, upload: Source, out: Path) -> tuple[list[tuple[int, bool]], list[Growing]]:
    """The outputs as the child needs them, and their files."""
    from pacs_proxy.ingest.tiff.capture import capture, overview
    from pacs_proxy.ingest.tiff.files import Growing
    from pacs_proxy.ingest.tiff.slide import slide

    place = f"{piece.pages[0]:04d}"
    if not piece.pyramid:
        path = out / f"{place}-capture.dcm"
        file = Growing.begin(path, capture(upload, piece), len(piece.pages))
        return [(0, True)], [file]
    outputs, files = list[tuple[int, bool]](), list[Growing]()
    for level, (width, height) in enumerate(piece.levels):
        path = out / f"{place}-slide-{level}.dcm"
        files.append(Growing.begin(path, slide(upload, piece, level), tiles_of(width, height)))
        outputs.append((level, False))
    level = next(n for n, size in enumerate(piece.levels) if max(size) <= OVERVIEW)
    path = out / f"{place}-overview.dcm"
    files.append(Growing.begin(path, overview(upload, piece, level), 1))
    return [*outputs, (level, True)], files


def _sought(piece: Piece) -> dict[str, Any]:
    return {"colour": piece.page.colour, "bits": 16 if piece.page.bytes_each == 2 else 8}


def _rows(piece: Piece) -> int:
    return piece.levels[0][1] * len(piece.pages)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _memory() -> Iterator[int]:
    descriptor = os.memfd_create("tiff", os.MFD_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _available_memory() -> int:
    """What the machine can give without swapping, in bytes."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 1 << 62


def _damaged(reason: str) -> BadUpload:
    return BadUpload("tiff_damaged", f"This TIFF cannot be converted. {reason}")
