"""What is no plain picture is shown as what it is, or named with its download."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents, samples
from tests.decoding.documents import COLUMNS, ORIGIN, ROWS, SPACING, STEP
from tests.decoding.test_corpus import CORPUS
from tests.e2e.conftest import OpenViewer
from tests.e2e.planes import even_odd, plane, until_complete
from tests.e2e.reformat import AXES, Plane, Values, Volume
from tests.e2e.shelf import Book, Shelf
from tests.e2e.viewer import Viewer
from tests.server import Proxy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Dialog
    from pydicom.dataset import Dataset

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

SCRIPTED = documents.pdf(
    "Letter of the proxy", "/OpenAction << /S /JavaScript /JS (app.alert\\('ran'\\)) >>"
)


class Reader:
    """A viewer on the one study of `documents`."""

    def __init__(self, viewer: Viewer, shelf: Shelf) -> None:
        self.viewer, self.page, self.shelf = viewer, viewer.page, shelf
        self.alerts: list[str] = []
        self.page.on("dialog", self._asked)

    def _asked(self, dialog: Dialog) -> None:
        self.alerts.append(dialog.message)
        dialog.accept()

    def add(self, *datasets: Dataset | bytes) -> Book:
        files = [d if isinstance(d, bytes) else documents.written(d) for d in datasets]
        return self.shelf.add(files)

    def papers(self, book: Book, state: str) -> str:
        """Opens it and waits until it is shown as that; gives the words on the page."""
        self.page.goto(f"{self.viewer.url}/#/studies/{book.study}/series/{book.series}")
        self.page.wait_for_function(
            "state => window.__pacsPapers?.state() === state", arg=state, timeout=60_000
        )
        return str(self.page.evaluate("window.__pacsPapers.text()"))


@pytest.fixture
def reader(viewer: OpenViewer, served: Proxy, shelf: Shelf) -> Iterator[Reader]:
    found = Reader(viewer(served.url), shelf)
    yield found
    assert found.viewer.errors == []
    assert found.alerts == []


def test_a_report_is_read_as_a_tree_and_its_words_stay_words(reader: Reader) -> None:
    reader.add(*documents.ct())
    words = reader.papers(reader.add(documents.report()), "report")
    reader.page.locator(".report-tree").wait_for()
    words = reader.page.inner_text(".report")
    for expected in ("Chest CT report", "Diameter", "12.5 mm", "READER, Rita", "see 2.1"):
        assert expected in words
    assert "<img src=x onerror=alert(1)> é" in words
    assert reader.page.locator(".report img").count() == 0
    assert "verified by READER, Rita" in words
    reader.viewer.picture("report")


def test_what_other_software_measured_is_drawn_on_the_images_it_names(reader: Reader) -> None:
    reader.add(*documents.ct())
    report = reader.add(documents.measured())
    reader.papers(report, "report")
    reader.page.get_by_text("Lesion 7: Long axis 12.5 mm").wait_for()
    reader.viewer.picture("report-measured")
    reader.page.get_by_role("button", name="Go to Depth 3 mm").click()
    reader.viewer.until("s.imageId() !== null && s.wanted() === 3")
    on_images(reader, report)
    along = [(column, 20) for column in (12, 20, 28)]
    assert (drawn(reader, 1, along)[:, 3] > 0).all()
    assert drawn(reader, 1, [(20, 15), (20, 25), (35, 20), (5, 6)])[:, 3].astype(bool).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert (drawn(reader, 3, [(5, 6)])[:, 3] > 0).all()
    assert not drawn(reader, 3, along)[:, 3].any()
    assert "Depth 3 mm" in reader.page.inner_text(".layers-panel")
    assert "lie on no image" not in reader.page.inner_text(".layers-panel")
    reader.viewer.picture("report-on-images")


def test_key_images_lead_to_the_images_they_name(reader: Reader) -> None:
    stack = reader.add(*documents.ct())
    words = reader.papers(reader.add(documents.selection()), "key object selection")
    assert "Key Object Selection Document Storage" in words
    assert "2 objects (CT Image Storage)" in words
    reader.viewer.picture("key-objects")
    reader.page.get_by_role("button", name="Open CT").click()
    reader.viewer.until("s.imageId() !== null && s.wanted() === 1")
    assert reader.page.url.endswith(stack.series)
    star = reader.page.locator(".key-star")
    star.get_by_text("★ For Teaching", exact=True).wait_for()
    reader.viewer.show(0)
    reader.viewer.until_shown(0)
    star.wait_for(state="hidden")
    for index in (1, 3):
        reader.page.keyboard.press("Control+ArrowDown")
        reader.viewer.until_shown(index)
        star.wait_for()
    reader.page.keyboard.press("j")
    listed = reader.page.get_by_role("list", name="Key images")
    for number in (2, 4):
        listed.get_by_text(f"Slice {number} · For Teaching", exact=True).wait_for()
    assert listed.get_by_role("button").count() == 2
    reader.viewer.picture("key-objects-stars")


def test_a_pdf_is_shown_by_the_browsers_own_viewer_which_is_not_this_page(reader: Reader) -> None:
    """Its scripts may open a box of that viewer; they reach nothing of ours."""
    reader.papers(reader.add(documents.document(SCRIPTED, "application/pdf")), "document")
    frame = reader.page.locator("iframe.papers-pdf")
    frame.wait_for()
    assert str(frame.get_attribute("src")).startswith("blob:")
    until_frame(reader, "chrome-extension://")
    kind = frame.evaluate("frame => frame.contentDocument.contentType")
    assert kind == "application/pdf"
    reader.viewer.picture("pdf")
    reader.alerts.clear()


@pytest.mark.parametrize("begin", [b"", b"%PDF-1.4\n"])
def test_a_page_that_calls_itself_a_pdf_never_runs(reader: Reader, begin: bytes) -> None:
    page = begin + b"<html><script>parent.taken = 1; alert('taken')</script></html>"
    book = reader.add(documents.document(page, "application/pdf", series=33 if begin else 32))
    words = reader.papers(book, "document")
    assert "Encapsulated PDF Storage" in words
    if begin:
        reader.page.locator("iframe.papers-pdf").wait_for()
        until_frame(reader, "chrome-extension://")
    else:
        assert "can be downloaded" in reader.page.inner_text(".papers")
        assert reader.page.locator("iframe").count() == 0
    assert reader.page.evaluate("window.taken") is None


def until_frame(reader: Reader, address: str) -> None:
    """The browser's viewer is there."""
    deadline = time.monotonic() + 30
    while not any(frame.url.startswith(address) for frame in reader.page.frames):
        assert time.monotonic() < deadline, [frame.url for frame in reader.page.frames]
        reader.page.wait_for_timeout(100)


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


def drawn(reader: Reader, index: int, points: Sequence[tuple[float, float]]) -> samples.Pixels:
    """Red, green, blue, alpha at these pixels of a slice, once it is on screen."""
    reader.viewer.show(index)
    reader.viewer.until_shown(index)
    return np.array(reader.page.evaluate(LAYER, points))


def on_images(reader: Reader, layer: Book) -> None:
    """From a layer's card to its images."""
    reader.page.goto(f"{reader.viewer.url}/#/studies/{layer.study}/series/{layer.series}")
    reader.page.get_by_role("button", name="Show on").click()
    reader.viewer.until("s.imageId() !== null")
    reader.page.locator(".layers-panel h3").wait_for()


def until_gone(reader: Reader, point: tuple[float, float]) -> None:
    reader.page.wait_for_function(
        f"point => ({LAYER})([point])[0][3] === 0", arg=point, timeout=20_000
    )


def test_masks_lie_on_their_slices_to_the_pixel(reader: Reader) -> None:
    noise = np.random.default_rng(11).integers(0, 2, (ROWS, COLUMNS)).astype(np.uint8)
    masks = {(1, 1): noise, (2, 1): square(3, 4, 9, 5), (1, 3): square(58, 0, 2, 1)}
    reader.add(*documents.ct())
    on_images(reader, reader.add(documents.segmentation(masks)))
    for index in range(5):
        seen = drawn(reader, index, ALL)
        one, two = (masks.get((number, index), square(0, 0, 0, 0)) for number in (1, 2))
        covered = (one | two).ravel().astype(bool)
        assert np.array_equal(seen[:, 3] > 0, covered), index
        only_one = (one & ~two & 1).ravel().astype(bool)
        if only_one.any():
            assert np.allclose(seen[only_one], [255, 0, 0, 128], atol=12)
    # A mask ends where its pixel ends, not where the picture's next begins.
    edges = drawn(reader, 3, [(57.56, 0), (57.44, 0), (58, 0.44), (58, 0.56)])
    assert [bool(alpha) for alpha in edges[:, 3]] == [True, False, True, False]
    reader.viewer.picture("segmentation")
    reader.viewer.show(1)
    reader.viewer.until_shown(1)
    reader.page.get_by_label("Segment 1").uncheck()
    green = drawn(reader, 1, ALL)
    assert np.array_equal(green[:, 3] > 0, masks[2, 1].ravel().astype(bool))
    assert "lie on no image" not in reader.page.inner_text(".layers-panel")


def test_fractions_are_as_faint_as_they_say_and_a_shifted_mask_is_said_not_drawn(
    reader: Reader,
) -> None:
    reader.add(*documents.ct())
    faint = {(1, 0): square(2, 2, 4, 4, 100), (1, 2): square(2, 2, 4, 4, 200)}
    on_images(reader, reader.add(documents.segmentation(faint, "FRACTIONAL", series=41)))
    half, full = (drawn(reader, index, [(3, 3)])[0][3] for index in (0, 2))
    assert (half, full) == (pytest.approx(64, abs=3), pytest.approx(128, abs=3))
    between = documents.segmentation({(1, 0): square(2, 2, 4, 4)}, series=42, shift=1.0)
    on_images(reader, reader.add(between))
    assert not drawn(reader, 0, ALL)[:, 3].any()
    assert "1 of 1 masks lie on no image" in reader.page.inner_text(".layers-panel")


def test_contours_are_drawn_where_their_millimetres_are(reader: Reader) -> None:
    def world(column: float, row: float, index: int) -> tuple[float, float, float]:
        return (
            ORIGIN[0] + SPACING[1] * column,
            ORIGIN[1] + SPACING[0] * row,
            ORIGIN[2] + STEP * index + 0.04,
        )

    corners = [(10, 5), (40, 5), (40, 30), (10, 30)]
    box = [world(column, row, 2) for column, row in corners]
    away = [(x, y, z + 1.4) for x, y, z in box]
    reader.add(*documents.ct())
    on_images(reader, reader.add(documents.structures({"Heart": [box], "Away": [away]})))
    edge = [(10, 17), (40, 17), (25, 5), (25, 30), (10, 5)]
    inside = [(25, 17), (8, 17), (42, 17), (25, 3), (25, 32)]
    seen = drawn(reader, 2, [*edge, *inside])
    assert np.allclose(seen[: len(edge)], [0, 255, 255, 255], atol=2)
    assert not seen[len(edge) :].any()
    reader.viewer.picture("contours")
    for index in (1, 3):
        assert not drawn(reader, index, edge)[:, 3].any()
    assert "1 of 2 contours lie on no image" in reader.page.inner_text(".layers-panel")
    drawn(reader, 2, edge)
    reader.page.get_by_label("Heart").uncheck()
    until_gone(reader, (10, 17))


def test_masks_lie_right_on_images_whose_rows_run_the_other_way(reader: Reader) -> None:
    """The mask's own rows run from right to left: column c lies at the image's -c."""
    mask = square(4, 6, 10, 3)
    segments = documents.segmentation({(1, 1): mask}, series=43)
    segments.ReferencedSeriesSequence[0].SeriesInstanceUID = f"{documents.ROOT}10"
    last = ORIGIN[0] + SPACING[1] * (COLUMNS - 1)
    shared = segments.SharedFunctionalGroupsSequence[0]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
    place = segments.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    place.ImagePositionPatient = [last, ORIGIN[1], ORIGIN[2] + STEP]
    reader.add(*documents.ct())
    on_images(reader, reader.add(segments))
    seen = drawn(reader, 1, ALL)[:, 3] > 0
    assert np.array_equal(seen, mask[:, ::-1].ravel().astype(bool))


# Whether the picture of a plane has a colour at points in its pixels, or next to them on the screen
# by so much: 1, 0, or -1 of points beyond the window's edge.
PLANE = """([name, colour, points, near]) => {
  const canvas = document.querySelector(`[data-plane=${name}] canvas`);
  const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
  const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return points.map(([column, row]) => {
    const [x, y] = window.__pacsMpr.placed(name, column, row);
    if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) return -1;
    const at = Math.floor((y - box.top) * ratio) * width + Math.floor((x - box.left) * ratio);
    const is = pixel => colour.every((part, k) => Math.abs(part - data[pixel * 4 + k]) < 12);
    const steps = Array.from({ length: 2 * near + 1 }, (_, step) => step - near);
    return Number(steps.some(down => steps.some(right => is(at + down * width + right))));
  });
}"""
RED, GREEN, CYAN = (255, 0, 0), (0, 255, 0), (0, 255, 255)


def coloured(
    reader: Reader,
    shown: Plane,
    colour: Sequence[int],
    points: Sequence[Sequence[float]],
    near: int = 0,
) -> NDArray[np.int64]:
    told = reader.page.evaluate(PLANE, [shown.name, colour, [*map(list, points)], near])
    return np.array(told)


def assert_coloured(
    reader: Reader, shown: Plane, colour: Sequence[int], expected: NDArray[np.bool_]
) -> None:
    """At the centre of each pixel."""
    centres = [(column, row) for row in range(shown.height) for column in range(shown.width)]
    found = coloured(reader, shown, colour, centres).reshape(shown.height, shown.width)
    is_seen = found >= 0
    assert is_seen.mean() > 0.7
    np.testing.assert_array_equal(found[is_seen], expected[is_seen])


def nearest(masks: dict[int, samples.Pixels], places: Values) -> NDArray[np.bool_]:
    """Of the nearest slice in reach the nearest pixel."""
    across, down, depth = np.moveaxis(places - ORIGIN, -1, 0)
    i = np.floor(across / SPACING[1] + 0.5 + 1e-6).astype(int)
    j = np.floor(down / SPACING[0] + 0.5 + 1e-6).astype(int)
    inside = (i >= 0) & (i < COLUMNS) & (j >= 0) & (j < ROWS)
    i, j = np.where(inside, i, 0), np.where(inside, j, 0)
    found, least = np.zeros(i.shape, bool), np.full(i.shape, 0.51 * STEP)
    for number in sorted(masks):
        away = np.abs(depth - STEP * number)
        is_nearer = away < least + 1e-6
        found = np.where(is_nearer, masks[number][j, i] > 0, found)
        least = np.where(is_nearer, away, least)
    return np.asarray(inside & found)


def edge(held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is held and has a neighbour that is not."""
    around = np.pad(held, 1)
    inner = around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    found: NDArray[np.bool_] = held & ~inner
    return found


def enclosed(polygon: list[tuple[float, float]]) -> samples.Pixels:
    """Pixels whose centres an outline in columns and rows holds."""
    found = even_odd(np.array(polygon), np.zeros((ROWS, COLUMNS)))
    return found.astype(np.uint8)


def test_masks_and_contours_lie_on_planes_where_numpy_says(reader: Reader) -> None:
    noise = np.random.default_rng(12).integers(0, 2, (ROWS, COLUMNS)).astype(np.uint8)
    one, two = {1: noise, 2: square(5, 6, 40, 20), 4: noise}, {2: square(20, 3, 9, 30)}
    masks = {(1, n): mask for n, mask in one.items()} | {(2, n): m for n, m in two.items()}
    outlines = {
        n: [(10.3, 5.2), (44.6 - 3 * n, 8.1), (40.4, 30.7 + n), (26.2, 20.6), (12.1, 33.3)]
        for n in (1, 2, 3)
    }
    drawing = documents.structures({"Heart": [at_height(*outline) for outline in outlines.items()]})
    elsewhere = documents.segmentation(masks, series=46, frame=f"{documents.ROOT}3")
    drawing.SeriesNumber, drawing.SeriesInstanceUID = 51, f"{documents.ROOT}51"
    drawing.SOPInstanceUID = f"{documents.ROOT}51.1"
    files = [documents.written(one) for one in documents.ct()]
    reader.add(*files)
    volume = Volume.of(files)
    reader.add(drawing)
    reader.add(elsewhere)
    window = reader.viewer
    on_images(reader, reader.add(documents.segmentation(masks, series=45)))
    window.page.keyboard.press("F8")
    until_complete(window)
    reader.page.get_by_label("Opacity").fill("100")

    def until_masks_lie_right() -> None:
        for name in AXES:
            shown = plane(window, name)
            places = volume.places(shown)
            second = nearest(two, places)
            first = nearest(one, places) & ~second
            assert first.sum() > 20
            assert_coloured(reader, shown, GREEN, second)
            assert_coloured(reader, shown, RED, first)

    until_masks_lie_right()
    window.picture("planes-masks")
    turn(reader, 25)
    until_masks_lie_right()
    for label in ("Segment 1", "Segment 2"):
        reader.page.get_by_label(label).uncheck()
    reader.page.get_by_role("button", name="Show RTSTRUCT (series 51)").click()
    reader.page.get_by_label("Heart").wait_for()
    until_complete(window)
    held = {n: enclosed(outline) for n, outline in outlines.items()}
    for name in ("coronal", "sagittal"):
        shown = plane(window, name)
        expected = edge(nearest(held, volume.places(shown)))
        assert expected.sum() > 10
        assert_coloured(reader, shown, CYAN, expected)
    axial = plane(window, "axial")
    # Its pixels are square, those of the slices twice as high.
    corners = np.array(outlines[axial.index]) * (1, SPACING[0] / SPACING[1])
    ends = np.roll(corners, -1, axis=0)
    along = np.concatenate([corners * 0.5 + ends * 0.5, corners * 0.9 + ends * 0.1]).tolist()
    assert coloured(reader, axial, CYAN, along, 1).all()
    off = [(26.2, 25), (26.2, 60), (50, 20)]
    assert not coloured(reader, axial, CYAN, off, 1).any()
    window.picture("planes-contours")
    assert "frame of reference" not in reader.page.inner_text(".layers-panel")
    reader.page.get_by_role("button", name="Show SEG (series 46)").click()
    words = "4 of 4 are in another frame of reference than the planes and are not drawn."
    reader.page.locator(".layers-panel").get_by_text(words).wait_for()
    until_complete(window)
    assert "not all overlays are drawn" in reader.page.inner_text(".mpr-state")
    coronal = plane(window, "coronal")
    assert_coloured(reader, coronal, RED, np.zeros(coronal.values.shape, bool))


def at_height(index: int, outline: list[tuple[float, float]]) -> list[tuple[float, float, float]]:
    """Columns and rows of a slice, in mm."""
    z = ORIGIN[2] + STEP * index
    return [(ORIGIN[0] + SPACING[1] * x, ORIGIN[1] + SPACING[0] * y, z) for x, y in outline]


def turn(reader: Reader, degrees: float) -> None:
    """Coronal and sagittal, by a grip on the axial plane."""
    first, opposite, *_ = np.array(reader.page.evaluate("window.__pacsMpr.grips('axial')"))
    middle, angle = (first + opposite) / 2, np.radians(degrees)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mouse = reader.page.mouse
    mouse.move(*first)
    mouse.down()
    mouse.move(*(middle + spin @ (first - middle)), steps=8)
    mouse.up()
    until_complete(reader.viewer)


def test_a_layer_whose_images_are_not_there_says_so(reader: Reader) -> None:
    alone = documents.structures({"Heart": []})
    alone.StudyInstanceUID, alone.PatientID = f"{documents.ROOT}999", "S2"
    alone.SeriesInstanceUID = f"{documents.ROOT}998"
    alone.SOPInstanceUID = f"{documents.ROOT}997"
    words = reader.papers(reader.add(alone), "structure set")
    reader.page.locator(".layer-card").wait_for()
    words = reader.page.inner_text(".layer-card")
    assert "not in this study" in words
    assert "Heart (organ)" in words


@pytest.mark.parametrize(
    ("name", "is_played"), [("mpeg4_h264_hp41_mp4.dcm", True), ("mpeg2_mpml.dcm", False)]
)
def test_a_video_plays_or_is_named(reader: Reader, name: str, is_played: bool) -> None:
    file = CORPUS / "video" / name
    if not file.exists():
        pytest.skip("no corpus on this machine")
    book = reader.add(file.read_bytes())
    words = reader.papers(book, "video" if is_played else "video-unplayable")
    assert "Video Endoscopic Image Storage" in words
    if is_played:
        player = reader.page.locator("video.papers-video")
        player.evaluate("async player => { player.muted = true; await player.play(); }")
        reader.page.wait_for_function(
            "() => document.querySelector('video.papers-video').currentTime > 0.2", timeout=20_000
        )
        assert player.evaluate("p => [p.videoWidth, p.videoHeight]") == [320, 240]
    else:
        assert "cannot play" in reader.page.inner_text(".papers")
    reader.viewer.picture(f"video-{is_played}")


def nothing_to_see() -> dict[str, tuple[Any, str, str]]:
    unknown = documents.base("2", "OT", 61)
    unknown.SOPClassUID = "1.2.3.4.5"
    page = documents.document(b"<script>alert(1)</script>", "text/html", "104.2", 31)
    return {
        "ecg": (documents.waveform(), "waveform", "12-lead ECG Waveform Storage"),
        "plan": (documents.base("481.5", "RTPLAN", 62), "treatment plan", "RT Plan Storage"),
        "raw": (documents.base("66", "OT", 63), "no picture", "Raw Data Storage"),
        "unknown": (unknown, "no picture", "class 1.2.3.4.5"),
        "cda": (page, "document", "Encapsulated CDA Storage"),
        "state": (documents.base("11.1", "PR", 64), "presentation state", "Softcopy Presentation"),
    }


@pytest.mark.parametrize("what", [*nothing_to_see()])
def test_what_cannot_be_drawn_is_named_and_can_be_saved(reader: Reader, what: str) -> None:
    dataset, state, name = nothing_to_see()[what]
    reader.papers(reader.add(dataset), state)
    words = reader.page.inner_text(".papers")
    assert name in words
    assert "can be downloaded" in words
    with reader.page.expect_download() as download:
        reader.page.locator(".papers-download").click()
    assert download.value.path().stat().st_size == len(documents.written(dataset))


def test_an_electrocardiogram_is_drawn_to_the_millimetre(reader: Reader) -> None:
    words = reader.papers(reader.add(documents.electrocardiogram()), "waveform")
    reader.page.locator(".waves canvas").first.wait_for()
    reader.viewer.picture("electrocardiogram")
    words = reader.page.inner_text(".papers")
    for expected in ("RHYTHM", "Lead II", "Lead V1", "25 mm/s", "10 mm/mV"):
        assert expected in words
    # 8 mm before the first sample; 17 mm above the line, for a beat of 15 mm and two more.
    inked = reader.page.locator(".waves canvas").first.evaluate(
        """(canvas, points) => points.map(([x, y]) => {
          const ink = canvas.getContext('2d'), mm = canvas.height / 25;
          const { data } = ink.getImageData((8 + x) * mm - 2, (17 - y) * mm - 2, 4, 4);
          return Math.min(...data.filter((_, at) => at % 4 === 0)) < 100;
        })""",
        [[12.5, 0], [27.5, 15], [45, 0], [27.5, 0], [12.5, 15], [-3.5, 10]],
    )
    assert inked == [True, True, True, False, False, True]


def test_graphics_of_an_image_lie_on_it(reader: Reader) -> None:
    (image, *_) = documents.ct(1)
    mask = square(7, 8, 12, 4)
    image.SeriesInstanceUID, image.SOPInstanceUID = f"{documents.ROOT}80", f"{documents.ROOT}80.1"
    image.add_new(0x60000010, "US", ROWS)
    image.add_new(0x60000011, "US", COLUMNS)
    image.add_new(0x60000040, "CS", "G")
    image.add_new(0x60000050, "SS", [1, 1])
    image.add_new(0x60000100, "US", 1)
    image.add_new(0x60000102, "US", 0)
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    image.add_new(0x60003000, "OW", packed)
    reader.viewer.open(reader.add(image))
    reader.viewer.until_shown(0)
    reader.page.locator("canvas.layers").wait_for()
    seen = np.array(reader.page.evaluate(LAYER, ALL))[:, 3] > 0
    assert np.array_equal(seen, mask.ravel().astype(bool))


def test_pixels_that_are_not_square_are_not_drawn_square(reader: Reader) -> None:
    (image, *_) = documents.ct(1)
    image.SeriesInstanceUID, image.SOPInstanceUID = f"{documents.ROOT}81", f"{documents.ROOT}81.1"
    for keyword in ("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(image, keyword)
    image.PixelAspectRatio = [2, 1]
    reader.viewer.open(reader.add(image))
    reader.viewer.until_shown(0)
    first, right, below = (
        reader.page.evaluate("p => window.__pacsProxy.placed(...p)", point)
        for point in ((0, 0), (10, 0), (0, 10))
    )
    across, down = right[0] - first[0], below[1] - first[1]
    assert down / across == pytest.approx(2, rel=0.01)
