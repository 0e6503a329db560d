"""Grey on the screen: windows, curves and lookup tables, as numpy draws them from the file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents, samples
from tests.decoding.documents import item
from tests.e2e.shelf import Shelf
from tests.e2e.viewer import Viewer
from tests.server import Proxy
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pydicom.dataset import Dataset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

# Sixteen by sixteen plain squares, so that no smoothing between pixels is measured.
SIDE, SQUARES = 12, 16
VALUES = np.arange(SQUARES**2).reshape(SQUARES, SQUARES) * 16
MIDDLES = [[SIDE * x + 5.5, SIDE * y + 5.5] for y in range(SQUARES) for x in range(SQUARES)]

SHADES = """points => {
  const canvas = document.querySelector('canvas.cornerstone-canvas');
  const box = canvas.getBoundingClientRect(), zoom = canvas.width / box.width;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return points.map(([column, row]) => {
    const [x, y] = window.__pacsProxy.placed(column, row);
    const at = Math.floor((y - box.top) * zoom) * canvas.width + Math.floor((x - box.left) * zoom);
    return data[at * 4];
  });
}"""

Shade = Callable[[samples.Pixels], samples.Pixels]


def picture(series: int, **more: object) -> Dataset:
    """Values from 0 to 4080."""
    dataset = documents.base("7", "OT", series)
    dataset.StudyInstanceUID = f"{documents.ROOT}7"
    values = np.kron(VALUES, np.ones((SIDE, SIDE))).astype(np.uint16)
    for element in samples.described(values):
        dataset.setdefault(element.tag, element)
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelData = values.tobytes()
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return dataset


def table(entries: samples.Pixels, first: int, bits: int, name: str) -> list[Dataset]:
    data = entries.astype("<u2").tobytes()
    return [item(LUTDescriptor=[len(entries), first, bits], LUTData=data, LUTExplanation=name)]


GAMMA = np.rint(65535 * (np.arange(3000) / 2999) ** 2.2)
# Not even monotonous, as those of ultrasound are not.
STEPS = np.repeat(np.array([0, 200, 80, 255, 120, 30, 255, 10]), 64)
WINDOW: dict[str, object] = {"WindowCenter": 2048, "WindowWidth": 1500}


def gamma(values: samples.Pixels) -> samples.Pixels:
    found: samples.Pixels = GAMMA[np.clip(values - 500, 0, 2999)] / 257
    return found


KINDS: dict[str, tuple[dict[str, object], Shade]] = {
    "table": ({"VOILUTSequence": table(GAMMA, 500, 16, "GAMMA")}, gamma),
    "inverted table": (
        {
            "VOILUTSequence": table(GAMMA, 500, 16, "GAMMA"),
            "PhotometricInterpretation": "MONOCHROME1",
        },
        lambda values: 255 - gamma(values),
    ),
    "table below zero": (
        {
            "VOILUTSequence": table(STEPS, 65536 - 256, 8, "STEPS"),
            "RescaleIntercept": "-256",
            "RescaleSlope": "0.125",
        },
        lambda values: STEPS[np.clip(values // 8, 0, 511)],
    ),
    "values with fractions": (
        {
            "WindowCenter": 0,
            "WindowWidth": 300,
            "RescaleIntercept": "-256.5",
            "RescaleSlope": "0.125",
            "Modality": "PT",
        },
        lambda values: ((values / 8 - 256) / 299 + 0.5) * 255,
    ),
    "window": (WINDOW, lambda values: ((values - 2047.5) / 1499 + 0.5) * 255),
    "exact window": (
        WINDOW | {"VOILUTFunction": "LINEAR_EXACT"},
        lambda values: ((values - 2048) / 1500 + 0.5) * 255,
    ),
    "sigmoid": (
        WINDOW | {"VOILUTFunction": "SIGMOID"},
        lambda values: 255 / (1 + np.exp(-4 * (values - 2048) / 1500)),
    ),
    "modality values": (
        WINDOW
        | {
            "ModalityLUTSequence": [
                item(
                    LUTDescriptor=[4096, 0, 16],
                    LUTData=(4095 - np.arange(4096)).astype("<u2").tobytes(),
                    ModalityLUTType="US",
                )
            ]
        },
        lambda values: ((4095 - values - 2047.5) / 1499 + 0.5) * 255,
    ),
}


def shades(viewer: Viewer) -> samples.Pixels:
    return np.array(viewer.page.evaluate(SHADES, MIDDLES)).reshape(SQUARES, SQUARES)


@pytest.mark.parametrize(("drawing", "tolerance"), [("graphics", 2), ("processor", 1)])
def test_each_value_has_the_shade_its_file_asks_for(
    browser: Browser, served: Proxy, shelf: Shelf, drawing: str, tolerance: float
) -> None:
    window = Viewer(browser, served.url, 900, drawing=drawing)
    try:
        for number, (name, (more, shade)) in enumerate(KINDS.items()):
            book = shelf.add([documents.written(picture(700 + number, **more))])
            (window.go_to if number else window.open)(book)
            window.until_shown(0)
            window.picture(f"grey-{drawing}-{name.replace(' ', '-')}")
            expected = np.clip(shade(VALUES), 0, 255)
            until_shades(window, expected, tolerance)
            if "ModalityLUTSequence" not in more:
                (drawn,) = window.walk([0])
                stored = shelf.pixels(drawn["imageId"])
                assert drawn["sum"] == pytest.approx(stored.sum(), rel=1e-6), name
                assert drawn["min"] == pytest.approx(stored.min(), rel=1e-6), name
            words = window.page.inner_text(".bottom-right")
            assert ("VOI LUT" in words) is ("table" in name.split())
            assert "without" not in words
        assert window.errors == []
    finally:
        window.close()


@pytest.mark.parametrize("drawing", ["graphics", "processor"])
def test_a_window_of_the_reader_takes_the_place_of_a_table_until_he_asks_for_it_again(
    browser: Browser, served: Proxy, shelf: Shelf, drawing: str
) -> None:
    more = {"VOILUTSequence": table(GAMMA, 500, 16, "GAMMA"), "Modality": "CT"}
    window = Viewer(browser, served.url, 900, drawing=drawing)
    try:
        window.open(shelf.add([documents.written(picture(720, **more))]))
        window.until_shown(0)
        window.page.keyboard.press("1")
        words = window.page.locator(".bottom-right")
        words.get_by_text("without its VOI LUT").wait_for()
        straight = np.clip(((VALUES - 39.5) / 399 + 0.5) * 255, 0, 255)
        window.until("s.window().width === 400")
        until_shades(window, straight)
        window.page.keyboard.press("r")
        words.get_by_text("VOI LUT GAMMA").wait_for()
        window.until("s.window().width === 3000")
        until_shades(window, gamma(VALUES))
        both = more | {"WindowCenter": 2048, "WindowWidth": 1500, "Modality": "MG"}
        window.go_to(shelf.add([documents.written(picture(721, **both))]))
        window.until_shown(0)
        stored = np.clip(((VALUES - 2047.5) / 1499 + 0.5) * 255, 0, 255)
        until_shades(window, stored)
        choice = window.page.get_by_label("Window preset")
        choice.select_option("Window: VOI LUT GAMMA")
        words.get_by_text("VOI LUT GAMMA").wait_for()
        until_shades(window, gamma(VALUES))
        choice.select_option("Window: as stored")
        until_shades(window, stored)
        assert window.errors == []
    finally:
        window.close()


def until_shades(window: Viewer, expected: samples.Pixels, tolerance: float = 2) -> None:
    """The library draws a moment after it was told."""
    deadline = time.monotonic() + PATIENCE
    while (away := np.abs(shades(window) - expected)).max() > tolerance:
        assert time.monotonic() < deadline, (float(away.max()), int(away.argmax()))
        window.page.wait_for_timeout(100)
