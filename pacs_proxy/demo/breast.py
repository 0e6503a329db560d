"""A mammography-like image: one large 12-bit frame with fine detail."""

import numpy as np
from numpy.typing import NDArray

from pacs_proxy.demo.geometry import Image, Texture, centred

WHITE = 4095


def mammogram(rows: int, columns: int, seed: int = 9) -> NDArray[np.uint16]:
    """Draw a right breast in CC view as uint16 [row, column], 12 bits, chest wall at the right."""
    height, width = rows / columns, 1.0
    y = np.linspace(-height / 2, height / 2, rows, dtype=np.float32)[:, None]
    x = np.linspace(width, 0, columns, dtype=np.float32)[None, :]
    # 1 at the chest wall, 0 at the skin; a little fuller below the nipple.
    depth = 1 - (x / 0.74) ** 2 - ((y - 0.02) / (0.46 * height)) ** 2
    image = _tissue(depth, rows, columns) + _skin(depth)
    _calcifications(image, np.random.default_rng(seed))
    inside = np.clip(depth * 60, 0, 1)
    noise = np.random.default_rng(seed).standard_normal((rows, columns), np.float32)
    image = 60 + image * inside + noise * (14 + 30 * inside)
    drawn: NDArray[np.uint16] = np.clip(image, 0, WHITE).astype(np.uint16)
    return drawn


def _tissue(depth: Image, rows: int, columns: int) -> Image:
    """Mix fat and gland: thicker in the middle, threaded towards the nipple."""
    plane = centred(((1, 0, 0), (0, 1, 0)), 240 / rows, rows, columns)
    gland = Texture(55, 21, 32).on(plane) + 0.5 * Texture(17, 22, 32).on(plane)
    threads = np.exp(-((Texture(13, 23, 32).on(plane) / 0.45) ** 2))
    fine = Texture(5, 24, 32).on(plane)
    grain = Texture(1.3, 25, 32).on(plane)
    share = 1 / (1 + np.exp(-1.8 * (gland + 3 * depth - 1.9)))
    thickness = np.clip(depth * 3.2, 0, 1) ** 0.6
    drawn: Image = thickness * (900 + 1050 * share + 260 * threads * share + 55 * fine + 28 * grain)
    return drawn


def _skin(depth: Image) -> Image:
    drawn: Image = 500 * np.exp(-(((depth - 0.015) / 0.012) ** 2))
    return drawn


def _calcifications(image: Image, random: np.random.Generator) -> None:
    """Scatter a cluster of bright specks: the detail a reader zooms in for."""
    rows, columns = image.shape
    for _ in range(24):
        row = int(rows * 0.44 + random.normal(0, rows * 0.012))
        column = int(columns * 0.62 + random.normal(0, columns * 0.012))
        _speck(image, row, column, float(random.uniform(0.8, 1.5 + rows / 1600)))


def _speck(image: Image, row: int, column: int, radius: float) -> None:
    reach = int(3 * radius) + 1
    top, left = max(row - reach, 0), max(column - reach, 0)
    patch = image[top : row + reach + 1, left : column + reach + 1]
    y, x = np.ogrid[top : top + patch.shape[0], left : left + patch.shape[1]]
    distance = ((y - row) ** 2 + (x - column) ** 2) / radius**2
    patch += (1300 * np.exp(-(distance**2))).astype(np.float32)
