"""Planes through a volume, worked out with numpy from the stored files alone."""

import base64
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

Values = NDArray[np.float64]

# To the right of the screen, down on it, and through it, in patient coordinates.
AXES = {
    "axial": np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]]),
    "coronal": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0.0]]),
    "sagittal": np.array([[0, 1, 0], [0, 0, -1], [1, 0, 0.0]]),
}
FOLDS: dict[str, Callable[..., Any]] = {"max": np.nanmax, "min": np.nanmin, "mean": np.nanmean}


@dataclass(frozen=True)
class Volume:
    """Values [slice, row, column]; a voxel lies at matrix @ (column, row, slice) + origin."""

    values: Values
    matrix: Values
    origin: Values

    @classmethod
    def of(cls, files: list[bytes]) -> "Volume":
        """Slices in the order of their places along the normal; rescaled values."""
        slices = [dcmread(io.BytesIO(file)) for file in files]
        row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
        normal = np.cross(row, column)
        slices.sort(key=lambda one: float(normal @ np.array(one.ImagePositionPatient, float)))
        places = np.array([one.ImagePositionPatient for one in slices], float)
        down, across = map(float, slices[0].PixelSpacing)
        step = (places[-1] - places[0]) / (len(slices) - 1)
        values = [
            one.pixel_array * float(one.get("RescaleSlope", 1))
            + float(one.get("RescaleIntercept", 0))
            for one in slices
        ]
        matrix = np.column_stack([row * across, column * down, step])
        return cls(np.array(values, np.float64), matrix, places[0])

    @cached_property
    def corners(self) -> Values:
        """The centres of the eight outermost voxels, in patient coordinates."""
        ends = [(0, count - 1) for count in self.values.shape[::-1]]
        return np.array([self.matrix @ np.array(one) + self.origin for one in product(*ends)])

    def corner(self, plane: str) -> Values:
        """Where the volume begins along the three axes of a plane."""
        lowest: Values = (self.corners @ AXES[plane].T).min(axis=0)
        return lowest

    def step(self, out: Values) -> float:
        """Between neighbouring planes: no voxel further along any axis of the volume."""
        per = np.linalg.solve(self.matrix, out)
        return float(1 / np.abs(per).max())

    def places(self, plane: "Plane", off: float = 0.0) -> Values:
        """Patient coordinates [row, column, 3] of a plane's pixels, `off` mm through the screen."""
        right, down, out = plane.axes
        x, y, z = plane.corner
        rows, columns = np.mgrid[: plane.height, : plane.width]
        depth = z + plane.index * self.step(plane.axes[2]) + off
        found: Values = (
            (x + columns[..., None] * plane.pixel) * right
            + (y + rows[..., None] * plane.pixel) * down
            + depth * out
        )
        return found

    def cut(self, plane: "Plane", mode: str = "thin", millimetres: float = 0.0) -> Values:
        """Values of a plane or slab; NaN where no voxel lies."""
        step = self.step(plane.axes[2])
        samples = 1 if mode == "thin" else max(1, int(np.floor(millimetres / step + 0.5)))
        offs = (np.arange(samples) - (samples - 1) / 2) * step
        layers = np.array([self.at(self.places(plane, off)) for off in offs])
        if mode == "thin":
            return np.array(layers[0])
        with warnings.catch_warnings():
            # Where no layer has a voxel there is none to project.
            warnings.simplefilter("ignore", RuntimeWarning)
            folded: Values = FOLDS[mode](layers, axis=0)
        return folded

    def indexes(self, places: Values) -> Values:
        """Fractional column, row and slice of places."""
        found: Values = (places - self.origin) @ np.linalg.inv(self.matrix).T
        return np.where(np.abs(found - np.rint(found)) < 1e-6, np.rint(found), found)

    def at(self, places: Values) -> Values:
        """Trilinear; a voxel reaches half its size beyond its centre."""
        counts = np.array(self.values.shape[::-1])
        index = self.indexes(places)
        inside = ((index >= -0.5) & (index <= counts - 0.5)).all(axis=-1)
        held = np.clip(index, 0, counts - 1)
        low = np.minimum(np.floor(held).astype(int), counts - 2)
        share = held - low
        total = np.zeros(places.shape[:-1])
        for corner in product((0, 1), repeat=3):
            weight = np.where(corner, share, 1 - share).prod(axis=-1)
            i, j, k = np.moveaxis(low + corner, -1, 0)
            total += weight * self.values[k, j, i]
        return np.where(inside, total, np.nan)


def turned(axes: Values, about: Values, degrees: float) -> Values:
    """Axes turned by the right-hand rule about a unit vector: Rodrigues' formula."""
    angle = np.radians(degrees)
    x, y, z = about
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    found: Values = axes @ matrix.T
    return found


@dataclass(frozen=True)
class Plane:
    """A plane as the browser shows it."""

    name: str
    index: int
    count: int
    width: int
    height: int
    pixel: float
    corner: tuple[float, ...]
    # To the right of the screen, down on it, and through it.
    axes: Values
    values: Values

    @classmethod
    def of(cls, name: str, told: dict[str, Any]) -> "Plane":
        """From the test seam; infinity marks what a missing slice belongs to."""
        pixels = np.frombuffer(base64.b64decode(told["pixels"]), "<f4").astype(float)
        width, height = told["width"], told["height"]
        return cls(
            name,
            told["index"],
            told["count"],
            width,
            height,
            told["pixel"],
            tuple(told["corner"]),
            np.array([told["axes"][way] for way in ("right", "down", "out")]),
            pixels.reshape(height, width),
        )
