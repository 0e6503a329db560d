"""A viewer on the one study of `documents`: no plain pictures, and what lies over pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from tests.decoding import documents, samples
from tests.decoding.documents import COLUMNS, ROWS
from tests.e2e.shelf import Book, Shelf
from tests.e2e.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Dialog
    from pydicom.dataset import Dataset

# The colours of the overlay at pixels of the image, as red, green, blue, alpha.
LAYER = """points => {
  const canvas = document.querySelector('canvas.layers'), box = canvas.getBoundingClientRect();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return points.map(([column, row]) => {
    const [x, y] = window.__pacsProxy.placed(column, row);
    const at = (Math.floor(y - box.top) * canvas.width + Math.floor(x - box.left)) * 4;
    return [...data.slice(at, at + 4)];
  });
}"""
ALL = [(column, row) for row in range(ROWS) for column in range(COLUMNS)]


def square(left: int, top: int, width: int, height: int, value: int = 1) -> samples.Pixels:
    found = np.zeros((ROWS, COLUMNS), np.uint8)
    found[top : top + height, left : left + width] = value
    return found


class Reader:
    """Several tests may read in one window, one after the other: `with reader.at_list(): ...`."""

    def __init__(self, viewer: Viewer, shelf: Shelf) -> None:
        self.viewer, self.page, self.shelf = viewer, viewer.page, shelf
        self.alerts: list[str] = []
        self.page.on("dialog", self._asked)

    def _asked(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()

    @contextmanager
    def at_list(self) -> Iterator[Reader]:
        """Begins with nothing of the study in the page; ends with no script of it having run."""
        if self.page.url.startswith(self.viewer.url):
            self.viewer.go_to_list()
        yield self
        assert self.viewer.errors == []
        assert self.alerts == []

    def add(self, *datasets: Dataset | bytes) -> Book:
        files = [d if isinstance(d, bytes) else documents.written(d) for d in datasets]
        return self.shelf.add(files)

    def papers(self, book: Book, state: str) -> str:
        """Opens it and waits until it is shown as that; gives the words on the page."""
        self._open(book)
        self.page.wait_for_function("state => window.__pacsPapers?.state() === state", arg=state)
        return str(self.page.evaluate("window.__pacsPapers.text()"))

    def on_images(self, layer: Book) -> None:
        """From a layer's card to its images."""
        self._open(layer)
        self.page.get_by_role("button", name="Show on").click()
        self.viewer.until("s.imageId() !== null")
        self.page.locator(".layers-panel h3").wait_for()

    def _open(self, book: Book) -> None:
        self.page.goto(f"{self.viewer.url}/#/studies/{book.study}/series/{book.series}")

    def drawn(self, index: int, points: Sequence[tuple[float, float]]) -> samples.Pixels:
        """Red, green, blue, alpha at these pixels of a slice, once it is on screen."""
        self.viewer.show(index)
        self.viewer.until_shown(index)
        return np.array(self.page.evaluate(LAYER, points))
