"""Three planes in a browser, and what they must hold."""

import itertools

import numpy as np
from numpy.typing import NDArray

from tests.e2e.reformat import Plane, Values, Volume
from tests.e2e.shelf import Book, Shelf
from tests.e2e.viewer import Viewer

# What the picture engine and 32-bit floats may differ by: values reach 3000.
TOLERANCE = 0.01


def volume_of(shelf: Shelf, book: Book) -> Volume:
    return Volume.of([shelf.files[instance] for instance in book.instances])


def reconstruct(window: Viewer, book: Book) -> None:
    """From the list to three planes, complete and drawn."""
    window.open(book).until_shown(0)
    window.page.keyboard.press("F8")
    until_complete(window)


def until(window: Viewer, condition: str, argument: object = None) -> None:
    window.page.wait_for_function(
        f"x => {{ const s = window.__pacsMpr; return s && ({condition}); }}", arg=argument
    )


def until_complete(window: Viewer) -> None:
    until(window, "s.counts().total > 0 && s.counts().held === s.counts().total && s.settled()")


def plane(window: Viewer, name: str) -> Plane:
    return Plane.of(name, window.page.evaluate("name => window.__pacsMpr.plane(name)", name))


def assert_equal(shown: Plane, expected: Values, tolerance: float = TOLERANCE) -> None:
    """The same pixels, and the same places without any."""
    np.testing.assert_array_equal(np.isnan(shown.values), np.isnan(expected))
    np.testing.assert_allclose(shown.values, expected, atol=tolerance, rtol=0)


def even_odd(polygon: Values, values: Values) -> NDArray[np.bool_]:
    """Pixels whose centres the outline holds."""
    y, x = np.mgrid[: values.shape[0], : values.shape[1]].astype(np.float64)
    held = np.zeros(values.shape, dtype=bool)
    for (ax, ay), (bx, by) in itertools.pairwise([*polygon, polygon[0]]):
        if ay != by:
            held ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return held
