"""A head: which tissue lies where, and how bright each tissue is in CT and MR."""

from functools import cache

import numpy as np

from pacs_proxy.demo.geometry import Ellipsoid, Image, Plane, Texture, Triple

# Hounsfield units, and arbitrary MR units for T1 and T2 weighting.
BRIGHTNESS = {
    "CT": {
        "air": -1000, "skin": 42, "fat": -95, "muscle": 55, "bone": 1150, "diploe": 620,
        "petrous": 1550, "csf": 7, "grey": 39, "white": 28, "dura": 58, "blood": 70,
        "oedema": 19, "calcium": 230, "lens": 88, "vitreous": 12,
    },
    "T1": {
        "air": 0, "skin": 420, "fat": 950, "muscle": 330, "bone": 40, "diploe": 480,
        "petrous": 60, "csf": 130, "grey": 430, "white": 590, "dura": 260, "blood": 690,
        "oedema": 350, "calcium": 90, "lens": 240, "vitreous": 150,
    },
    "T2": {
        "air": 0, "skin": 300, "fat": 640, "muscle": 170, "bone": 25, "diploe": 300,
        "petrous": 35, "csf": 1000, "grey": 500, "white": 360, "dura": 140, "blood": 210,
        "oedema": 760, "calcium": 45, "lens": 110, "vitreous": 980,
    },
}  # fmt: skip


def _pair(tissue: str, centre: Triple, axes: Triple) -> tuple[Ellipsoid, Ellipsoid]:
    """Give the same shape on the right and on the left."""
    x, y, z = centre
    return Ellipsoid(tissue, (-x, y, z), axes), Ellipsoid(tissue, (x, y, z), axes)


OUTSIDE = (
    Ellipsoid("skin", (0, 20, -110), (56, 60, 85)),
    Ellipsoid("muscle", (0, 20, -110), (52, 56, 82)),
    Ellipsoid("skin", (0, -22, -72), (64, 78, 66)),
    Ellipsoid("fat", (0, -22, -72), (62, 76, 64)),
    Ellipsoid("muscle", (0, -22, -72), (57, 71, 60)),
    Ellipsoid("skin", (0, -103, -55), (13, 17, 18)),
    *_pair("skin", (79, 18, -42), (6, 15, 23)),
    Ellipsoid("skin", (0, 2, 0), (79, 99, 99)),
    Ellipsoid("fat", (0, 2, 0), (77, 97, 97)),
    Ellipsoid("muscle", (0, 2, 0), (73.5, 93.5, 93.5)),
)
SKULL = (
    Ellipsoid("bone", (0, 2, 3), (72, 91.5, 89)),
    Ellipsoid("diploe", (0, 2, 3), (69.6, 89, 86.6)),
    Ellipsoid("bone", (0, 2, 3), (67.6, 87, 84.6)),
    Ellipsoid("csf", (0, 2, 4), (65, 84, 82)),
)
BRAIN = Ellipsoid("white", (0, 2, 6), (63.4, 81.6, 77))
CEREBELLUM = Ellipsoid("grey", (0, 33, -44), (44, 32, 21))
DEEP = (
    Ellipsoid("csf", (0, 2, 6), (1.9, 81, 77)),
    Ellipsoid("dura", (0, 2, 6), (0.9, 82.5, 78.5)),
    Ellipsoid("white", (0, 4, 0), (21, 50, 37)),
    *_pair("csf", (51, -6, 4), (12, 2.4, 15)),
    *_pair("grey", (11, 5, 5), (9, 14, 9)),
    *_pair("grey", (25, -8, 6), (6, 16, 11)),
    *_pair("grey", (14, -21, 15), (5, 10, 10)),
    *_pair("csf", (9, -22, 15), (4.6, 16, 10)),
    *_pair("csf", (12, 3, 23), (5.4, 25, 7)),
    *_pair("csf", (19, 36, 11), (5, 19, 7)),
    *_pair("csf", (31, 6, -18), (3.4, 14, 3.4)),
    Ellipsoid("white", (0, -3, 15), (1.2, 22, 12)),
    Ellipsoid("csf", (0, 0, 3), (2.1, 14, 9)),
    *_pair("calcium", (19, 27, 13), (2.6, 4, 2.6)),
    Ellipsoid("calcium", (0, 17, 6), (2.4, 2.8, 2.4)),
    Ellipsoid("csf", (0, -2, -29), (19, 15, 8)),
    Ellipsoid("white", (0, 14, -40), (14, 12, 26)),
    Ellipsoid("csf", (0, 31, -42), (8, 5, 7)),
)
LESION = (
    Ellipsoid("oedema", (-33, -4, 17), (15, 19, 15)),
    Ellipsoid("oedema", (-40, 8, 20), (10, 12, 10)),
    Ellipsoid("oedema", (-29, -21, 14), (9, 10, 9)),
    Ellipsoid("oedema", (-24, 8, 24), (8, 9, 8)),
    Ellipsoid("blood", (-32, -6, 17), (8, 12, 10)),
    Ellipsoid("blood", (-27, 1, 20), (6, 7, 6)),
    Ellipsoid("blood", (-36, 2, 15), (6, 6, 7)),
    Ellipsoid("blood", (-29, -15, 15), (4.5, 6, 5)),
)
BASE = (
    *_pair("petrous", (36, 12, -47), (27, 9, 9)),
    *_pair("bone", (57, 22, -50), (13, 16, 18)),
    Ellipsoid("bone", (0, -18, -50), (20, 26, 13)),
    Ellipsoid("air", (0, -32, -47), (13, 11, 9)),
    *_pair("bone", (31, -58, -40), (21.5, 31, 20)),
    *_pair("fat", (31, -61, -40), (19.5, 32, 18)),
    *_pair("muscle", (46, -58, -40), (2.2, 16, 6)),
    *_pair("muscle", (18, -54, -40), (2.2, 16, 6)),
    *_pair("muscle", (25, -46, -40), (2.6, 16, 2.6)),
    *_pair("dura", (32, -76, -40), (13, 13, 13)),
    *_pair("vitreous", (32, -76, -40), (12, 12, 12)),
    *_pair("lens", (32, -86, -40), (4.8, 2.2, 4.8)),
    *_pair("bone", (30, -58, -75), (18.5, 20.5, 18)),
    *_pair("air", (30, -58, -75), (16.5, 18.5, 16)),
    Ellipsoid("bone", (0, -64, -52), (15, 27, 30)),
    Ellipsoid("air", (0, -64, -52), (13.4, 26, 29)),
    Ellipsoid("bone", (0, -60, -52), (0.9, 28, 29)),
    *_pair("skin", (7.5, -62, -62), (3.6, 18, 9)),
    *_pair("air", (9, -84, -10), (8, 3.2, 11)),
)
CELLS = (
    *_pair("air", (56, 23, -50), (11, 13, 15)),
    *_pair("air", (6, -62, -36), (5, 19, 8)),
)


@cache
def _textures() -> tuple[Texture, ...]:
    """Give the wavelengths: shallow and deep gyri, folia, air cells, the shading of tissue."""
    return Texture(19, 11), Texture(31, 15), Texture(7, 12), Texture(5, 13), Texture(60, 14)


def head(plane: Plane, contrast: str) -> Image:
    """Draw a plane through the head in the units of its contrast: "CT" (HU), "T1" or "T2"."""
    value = BRIGHTNESS[contrast]
    image = np.full((plane.rows, plane.columns), value["air"], np.float32)
    gyri, deep, folia, cells, shade = _textures()
    _paint_all(image, plane, (*OUTSIDE, *SKULL), value)
    BRAIN.paint(image, plane, _cortex(plane, (gyri, deep), value))
    CEREBELLUM.paint(image, plane, _layers(folia.on(plane), value))
    _paint_all(image, plane, (*DEEP, *LESION, *BASE), value)
    for shape in CELLS:
        shape.paint(image, plane, np.where(cells.on(plane) > 0.2, value["bone"], value["air"]))
    return image + shade.on(plane) * np.float32(1.5) * (image > value["air"] + 20)


def _paint_all(
    image: Image, plane: Plane, shapes: tuple[Ellipsoid, ...], value: dict[str, int]
) -> None:
    for shape in shapes:
        shape.paint(image, plane, value[shape.tissue])


def _cortex(plane: Plane, folds: tuple[Texture, ...], value: dict[str, int]) -> Image:
    """Fold grey matter around sulci: the zero lines of a smooth field look like them."""
    everything = (slice(0, plane.rows), slice(0, plane.columns))
    depth = 1 - np.sqrt(BRAIN.distance(plane, everything))
    grey = np.clip((0.05 - depth) * 40, 0, 1)
    sulcus = np.zeros_like(grey)
    for fold, reach in zip(folds, (0.24, 0.40), strict=True):
        near, line = np.clip((reach - depth) * 9, 0, 1), fold.on(plane)
        grey = np.maximum(grey, np.exp(-((line / 0.5) ** 2)) * near)
        sulcus = np.maximum(sulcus, np.exp(-((line / 0.12) ** 2)) * near)
    tissue = value["white"] + grey * (value["grey"] - value["white"])
    drawn: Image = (tissue + sulcus * (value["csf"] - tissue)).astype(np.float32)
    return drawn


def _layers(folds: Image, value: dict[str, int]) -> Image:
    """Stripe the cerebellum."""
    grey = np.exp(-((folds / 0.8) ** 2))
    drawn: Image = (value["white"] + grey * (value["grey"] - value["white"])).astype(np.float32)
    return drawn
