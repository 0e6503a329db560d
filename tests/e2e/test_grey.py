"""Grey on the screen: windows, curves and lookup tables, as numpy draws them from the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents, samples
from tests.decoding.documents import item
from tests.e2e.conftest import OpenViewer
from tests.e2e.shelf import Shelf
from tests.server import Proxy

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tests.e2e.viewer import Viewer

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


def test_each_value_has_the_shade_its_file_asks_for(
    viewer: OpenViewer, served: Proxy, shelf: Shelf
) -> None:
    window = viewer(served.url, 900)
    for number, (name, (more, shade)) in enumerate(KINDS.items()):
        book = shelf.add([documents.written(picture(700 + number, **more))])
        (window.go_to if number else window.open)(book)
        window.until_shown(0)
        window.picture(f"grey-{name.replace(' ', '-')}")
        expected = np.clip(shade(VALUES), 0, 255)
        away = np.abs(shades(window) - expected)
        assert away.max() <= 2, (name, float(away.max()), int(away.argmax()))
        assert ("VOI LUT" in window.page.inner_text(".bottom-right")) is ("table" in name.split())
    assert window.errors == []


def test_a_window_of_the_reader_takes_the_place_of_a_table_until_he_asks_for_it_again(
    viewer: OpenViewer, served: Proxy, shelf: Shelf
) -> None:
    more = {"VOILUTSequence": table(GAMMA, 500, 16, "GAMMA"), "Modality": "CT"}
    window = viewer(served.url, 900)
    window.open(shelf.add([documents.written(picture(720, **more))]))
    window.until_shown(0)
    window.page.keyboard.press("1")
    words = window.page.locator(".bottom-right")
    words.get_by_text("without its VOI LUT").wait_for()
    straight = np.clip(((VALUES - 39.5) / 399 + 0.5) * 255, 0, 255)
    window.until("s.window().width === 400")
    assert np.abs(shades(window) - straight).max() <= 2
    window.page.keyboard.press("r")
    words.get_by_text("VOI LUT GAMMA").wait_for()
    window.until("s.window().width === 3000")
    assert np.abs(shades(window) - gamma(VALUES)).max() <= 2
