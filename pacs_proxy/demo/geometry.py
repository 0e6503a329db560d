"""Planes through the patient, and the shapes and textures that are drawn on them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Vector = NDArray[np.float64]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Plane:
    """An image plane in patient coordinates: millimetres, x to the left, y back, z up.

    `along_row` is the direction of growing column index, `down_column` of growing row index:
    the six numbers of ImageOrientationPatient. `origin` is ImagePositionPatient.
    """

    origin: Triple
    along_row: Triple
    down_column: Triple
    spacing: float
    rows: int
    columns: int

    @cached_property
    def normal(self) -> Vector:
        """Give the direction in which a stack of such planes grows."""
        across: Vector = np.cross(self.along_row, self.down_column)
        return across

    def moved(self, millimetres: float) -> "Plane":
        """Give the parallel plane at a distance along the normal."""
        x, y, z = np.asarray(self.origin) + self.normal * millimetres
        size = (self.spacing, self.rows, self.columns)
        return Plane((float(x), float(y), float(z)), self.along_row, self.down_column, *size)


def centred(directions: tuple[Triple, Triple], spacing: float, rows: int, columns: int) -> Plane:
    """Give the plane through the origin of the patient, in the middle of the image."""
    along, down = (np.asarray(direction) for direction in directions)
    corner = -along * spacing * (columns - 1) / 2 - down * spacing * (rows - 1) / 2
    x, y, z = corner
    return Plane((float(x), float(y), float(z)), *directions, spacing, rows, columns)


@dataclass(frozen=True)
class Ellipsoid:
    """A soft-edged ellipsoid of one tissue; centre and semi-axes in millimetres."""

    tissue: str
    centre: Triple
    axes: Triple

    def paint(self, image: Image, plane: Plane, value: "float | Image") -> None:
        """Blend a value (or an image of values) into the part of the image it covers."""
        window = self._window(plane)
        if window is None:
            return
        weight = self.weight(plane, window)
        new = value[window] if isinstance(value, np.ndarray) else np.float32(value)
        image[window] += weight * (new - image[window])

    def weight(self, plane: Plane, window: tuple[slice, slice]) -> Image:
        """Give 1 inside, 0 outside and a ramp of about one millimetre between them."""
        sharpness = min(self.axes) / 2
        covered: Image = np.clip((1 - self.distance(plane, window)) * sharpness + 0.5, 0, 1)
        return covered

    def distance(self, plane: Plane, window: tuple[slice, slice]) -> Image:
        """Give the squared distance from the centre, 1 at the surface.

        On a plane it is a quadratic form, so two vectors and one outer product make it.
        """
        scale = 1 / np.asarray(self.axes)
        start = (np.asarray(plane.origin) - self.centre) * scale
        along = np.asarray(plane.along_row) * scale * plane.spacing
        down = np.asarray(plane.down_column) * scale * plane.spacing
        row, column = (np.arange(part.start, part.stop) for part in window)
        by_row = start @ start + 2 * (start @ down) * row + (down @ down) * row**2
        by_column = 2 * (start @ along) * column + (along @ along) * column**2
        total = np.add.outer(by_row, by_column)
        if along @ down:
            total += 2 * (along @ down) * np.multiply.outer(row, column)
        squared: Image = total.astype(np.float32)
        return squared

    def _window(self, plane: Plane) -> tuple[slice, slice] | None:
        """Find the rows and columns it can touch; None where the plane misses it."""
        offset = np.asarray(self.centre) - plane.origin
        if abs(offset @ plane.normal) > self._reach(plane.normal):
            return None
        down, along = (np.asarray(way) for way in (plane.down_column, plane.along_row))
        rows = self._span(offset @ down, self._reach(down), plane.spacing, plane.rows)
        columns = self._span(offset @ along, self._reach(along), plane.spacing, plane.columns)
        seen = rows.stop > rows.start and columns.stop > columns.start
        return (rows, columns) if seen else None

    def _reach(self, direction: Vector) -> float:
        return float(np.linalg.norm(np.asarray(self.axes) * direction)) * 1.02 + 1.0

    @staticmethod
    def _span(centre: float, reach: float, spacing: float, limit: int) -> slice:
        first = int(np.floor((centre - reach) / spacing))
        last = int(np.ceil((centre + reach) / spacing)) + 1
        return slice(min(max(first, 0), limit), min(max(last, 0), limit))


class Texture:
    """A smooth random field of one wavelength: mean 0, variance 1, the same in every plane.

    A sum of plane waves is separable on any plane, so one matrix product draws it.
    """

    def __init__(self, wavelength: float, seed: int, waves: int = 48) -> None:
        random = np.random.default_rng(seed)
        ways = random.standard_normal((waves, 3))
        lengths = random.uniform(0.7, 1.3, (waves, 1)) * wavelength
        self._k = ways / np.linalg.norm(ways, axis=1, keepdims=True) * 2 * np.pi / lengths
        self._phase = random.uniform(0, 2 * np.pi, waves)
        self._scale = np.sqrt(2 / waves)

    def on(self, plane: Plane) -> Image:
        """Draw the field on a plane."""
        start = self._k @ np.asarray(plane.origin) + self._phase
        down = self._k @ np.asarray(plane.down_column) * plane.spacing
        along = self._k @ np.asarray(plane.along_row) * plane.spacing
        by_row = np.exp(1j * (np.outer(np.arange(plane.rows), down) + start))
        by_column = np.exp(1j * np.outer(along, np.arange(plane.columns)))
        left = np.hstack([by_row.real, -by_row.imag]).astype(np.float32)
        right = np.vstack([by_column.real, by_column.imag]).astype(np.float32)
        drawn: Image = left @ right * np.float32(self._scale)
        return drawn
