"""Generated series as whole DICOM files: what the demo loads and the tests feed on.

Every function gives a `Series`: a lazy, repeatable sequence of files (`bytes`). The same
arguments give the same bytes and UIDs; other arguments give other UIDs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.demo import images
from pacs_proxy.demo.geometry import Triple, centred
from pacs_proxy.demo.headers import Patient, SeriesHeader, Study

__all__ = [
    "T1_CORONAL",
    "T2_AXIAL",
    "Label",
    "Patient",
    "Protocol",
    "Series",
    "Study",
    "ct_series",
    "mammogram",
    "mr_series",
    "ultrasound_cine",
]

AXIAL: tuple[Triple, Triple] = ((1, 0, 0), (0, 1, 0))
FIELD_OF_VIEW = 232.0


def tilted(about_x: float, about_y: float, base: tuple[Triple, Triple]) -> tuple[Triple, Triple]:
    """Turn the directions of a plane, in degrees; they stay orthonormal."""
    a, b = np.deg2rad([about_x, about_y])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    along, down = (y @ x @ np.asarray(direction) for direction in base)
    return (tuple(map(float, along)), tuple(map(float, down)))  # type: ignore[return-value]


@dataclass(frozen=True)
class Protocol:
    """How an MR series is weighted ("T1" or "T2") and how its planes lie."""

    weighting: str
    directions: tuple[Triple, Triple]
    name: str


T2_AXIAL = Protocol("T2", tilted(-14, 6, AXIAL), "T2 axial oblique")
T1_CORONAL = Protocol("T1", tilted(-24, 3, ((1, 0, 0), (0, 0, -1))), "T1 coronal oblique")


@dataclass(frozen=True)
class Label:
    """Where a series stands: its study, its number there, and its description if not the usual."""

    study: Study = field(default_factory=Study)
    number: int = 1
    description: str = ""


DEFAULT = Label()


@dataclass(frozen=True)
class Series:
    """The files of one series, made when asked for."""

    header: SeriesHeader
    count: int
    build: Callable[[int], bytes]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> bytes:
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return self.build(index % self.count)

    def __iter__(self) -> Iterator[bytes]:
        return map(self.build, range(self.count))


def ct_series(
    slices: int = 8,
    rows: int = 64,
    columns: int = 64,
    transfer_syntax: str = ExplicitVRLittleEndian,
    *,
    signed: bool = True,
    label: Label = DEFAULT,
) -> Series:
    """Give axial slices of a head: 16 bits stored, HU = stored value - 1024.

    They cover 144 mm from the orbits up and 232 mm across, so the counts set the spacing.
    """
    recipe = (slices, rows, columns, signed)
    header = _header(label, ("CT", images.CT_IMAGE, "Head axial"), transfer_syntax, recipe)
    spacing = 144 / slices
    middle = centred(AXIAL, FIELD_OF_VIEW / max(rows, columns), rows, columns)
    stack = [middle.moved(-58 + spacing * index) for index in range(slices)]
    return Series(header, slices, partial(images.ct_file, header, images.Stack(stack, spacing)))


def mr_series(
    slices: int = 8,
    rows: int = 64,
    columns: int = 64,
    transfer_syntax: str = ExplicitVRLittleEndian,
    *,
    protocol: Protocol = T2_AXIAL,
    label: Label = DEFAULT,
) -> Series:
    """Give oblique slices of the same head: unsigned 16 bits, arbitrary units 0..1500.

    They cover 130 mm along their normal and 232 mm across.
    """
    recipe = (slices, rows, columns, protocol.weighting, protocol.directions)
    header = _header(label, ("MR", images.MR_IMAGE, protocol.name), transfer_syntax, recipe)
    spacing = 130 / slices
    middle = centred(protocol.directions, FIELD_OF_VIEW / max(rows, columns), rows, columns)
    stack = [middle.moved(spacing * (index - (slices - 1) / 2)) for index in range(slices)]
    return Series(header, slices, partial(images.mr_file, header, images.Stack(stack, spacing)))


def ultrasound_cine(
    frames: int = 36,
    rows: int = 400,
    columns: int = 544,
    transfer_syntax: str = ExplicitVRLittleEndian,
    *,
    label: Label = DEFAULT,
) -> Series:
    """Give one colour multi-frame file: RGB, 8 bits, one heartbeat at 30 frames a second."""
    kind = ("US", images.ULTRASOUND_MULTIFRAME, "Apical view, colour flow")
    header = _header(label, kind, transfer_syntax, (frames, rows, columns), "HEART")
    return Series(header, 1, lambda _: images.ultrasound_file(header, frames, rows, columns))


def mammogram(
    rows: int = 4096,
    columns: int = 3328,
    transfer_syntax: str = ExplicitVRLittleEndian,
    *,
    label: Label = DEFAULT,
) -> Series:
    """Give one large file: right breast, CC view, 12 bits stored in 16, MONOCHROME2."""
    kind = ("MG", images.MAMMOGRAPHY, "R CC")
    header = _header(label, kind, transfer_syntax, (rows, columns), "BREAST")
    return Series(header, 1, lambda _: images.mammogram_file(header, rows, columns))


def _header(
    label: Label,
    kind: tuple[str, str, str],
    transfer_syntax: str,
    recipe: tuple[object, ...],
    body_part: str = "HEAD",
) -> SeriesHeader:
    modality, sop_class, usual = kind
    description = label.description or usual
    return SeriesHeader(
        label.study, modality, sop_class, label.number, description,
        transfer_syntax, body_part, recipe,
    )  # fmt: skip
