"""What is no plain picture is shown as what it is, or named with its download."""

from __future__ import annotations

from typing import Any

import pytest

from pacs_proxy.demo.orthanc import find_executable
from tests.decoding import documents
from tests.decoding.test_corpus import CORPUS
from tests.e2e.papers import Reader

pytestmark = [
    pytest.mark.browser,
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="run: apt-get install orthanc"),
]

SCRIPTED = documents.pdf(
    "Letter of the proxy", "/OpenAction << /S /JavaScript /JS (app.alert\\('ran'\\)) >>"
)


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
    reader.on_images(report)
    along = [(column, 20) for column in (12, 20, 28)]
    assert (reader.drawn(1, along)[:, 3] > 0).all()
    assert reader.drawn(1, [(20, 15), (20, 25), (35, 20), (5, 6)])[:, 3].astype(bool).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert (reader.drawn(3, [(5, 6)])[:, 3] > 0).all()
    assert not reader.drawn(3, along)[:, 3].any()
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
    reader.viewer.until_true(
        lambda: any(frame.url.startswith(address) for frame in reader.page.frames)
    )


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
            "() => document.querySelector('video.papers-video').currentTime > 0.2"
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
    reader.viewer.until_true(lambda: inked(reader) == [True, True, True, False, False, True])


def inked(reader: Reader) -> list[bool]:
    found: list[bool] = reader.page.locator(".waves canvas").first.evaluate(
        """(canvas, points) => points.map(([x, y]) => {
          const ink = canvas.getContext('2d'), mm = canvas.height / 25;
          const { data } = ink.getImageData((8 + x) * mm - 2, (17 - y) * mm - 2, 4, 4);
          return Math.min(...data.filter((_, at) => at % 4 === 0)) < 100;
        })""",
        [[12.5, 0], [27.5, 15], [45, 0], [27.5, 0], [12.5, 15], [-3.5, 10]],
    )
    return found
