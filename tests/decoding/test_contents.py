"""What an instance holds beside a picture is told whole, bounded, and as the file says it."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import dcmread

from pacs_proxy.decoding import contours, findings, segments, tree, waves
from pacs_proxy.decoding.contents import contents
from pacs_proxy.decoding.frames import pieces
from pacs_proxy.decoding.payload import payload_of
from pacs_proxy.errors import NotRenderable
from tests.decoding import documents, samples
from tests.decoding.documents import COLUMNS, ROWS, item
from tests.decoding.test_corpus import CORPUS

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def told(dataset: Dataset, syntax: str = samples.EXPLICIT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        contents(io.BytesIO(documents.written(dataset, syntax)), 1 << 26)
    )
    return found


def payload(data: bytes) -> bytes:
    descriptor = os.memfd_create("instance")
    try:
        os.write(descriptor, data)
        return b"".join(pieces(descriptor, payload_of(descriptor).spans(1), 1000))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("syntax", [samples.EXPLICIT, samples.IMPLICIT, samples.BIG])
def test_a_report_is_told_with_names_values_and_units(syntax: str) -> None:
    found = told(documents.report(), syntax)
    assert (found["kind"], found["class_name"]) == ("report", "Comprehensive SR Storage")
    report = found["report"]
    assert (report["title"], report["completion"]) == ("Chest CT report", "COMPLETE")
    assert (report["verifiers"], report["cut"]) == (["Reader^Rita"], False)
    observer, findings, conclusion = report["items"]
    assert (observer["value"], observer["relation"]) == ("Reader^Rita", "has obs context")
    diameter, text, side, source = findings["items"]
    assert (diameter["name"], diameter["value"], diameter["unit"]) == ("Diameter", "12.5", "mm")
    assert text["value"] == "<img src=x onerror=alert(1)> é"
    assert side["value"] == "Left"
    assert (source["value"], source["uid"]) == ("CT Image Storage", f"{documents.ROOT}10.3")
    assert (findings["place"], diameter["place"]) == ("2", "2.1")
    assert conclusion["items"][0]["value"] == "see 2.1"


@pytest.mark.parametrize("syntax", [samples.EXPLICIT, samples.BIG])
def test_what_other_software_measured_lies_where_it_was_drawn(syntax: str) -> None:
    group, lone = told(documents.measured(), syntax)["structures"]["regions"]
    assert group["label"] == "Lesion 7: Long axis 12.5 mm"
    assert lone["label"] == "Depth 3 mm"
    ellipse, line = group["contours"]
    assert (ellipse["kind"], line["kind"]) == ("CLOSED_PLANAR", "OPEN_PLANAR")
    assert line["pixels"] == [10, 20, 30, 20]
    assert line["images"] == [f"{documents.ROOT}10.2"]
    around = np.array(ellipse["pixels"]).reshape(-1, 2)
    assert np.allclose(((around - [20, 20]) ** 2 / [100, 25]).sum(1), 1, atol=1e-3)
    (point,) = lone["contours"]
    assert (point["kind"], point["pixels"]) == ("POINT", [5, 6])


def test_places_that_say_nothing_are_no_contours() -> None:
    report = documents.measured()
    for shape in report.ContentSequence[0].ContentSequence[2:]:
        shape.GraphicData = [1.0, 2.0, 3.0]
    report.ContentSequence[1].ContentSequence[0].GraphicType = "CLOUD"
    assert told(report)["structures"]["regions"] == []


def test_a_report_with_more_points_than_a_browser_takes_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(findings, "MOST_POINTS", 20)
    assert told(documents.measured())["structures"] == {"regions": [], "too_large": True}


def channel(found: dict[str, Any]) -> samples.Pixels:
    values = np.frombuffer(base64.b64decode(found["samples"]), "<i2")
    return np.where(values == -32_768, np.nan, values * found["step"])


def test_an_electrocardiogram_is_told_in_millivolts_with_its_leads_and_gaps() -> None:
    (recording,) = told(documents.electrocardiogram())["waves"]["recordings"]
    assert (recording["label"], recording["rate"]) == ("RHYTHM", 500)
    beat, slope = recording["channels"]
    assert [beat["name"], slope["name"]] == ["Lead II", "Lead V1"]
    assert beat["unit"] == "mV"
    expected = np.zeros(1_000)
    expected[500:600] = 1.5
    assert np.abs(channel(beat) - expected).max() < 1e-4
    assert np.isnan(channel(slope)[:100]).all()
    assert np.abs(channel(slope)[100:] - np.arange(-400, 500) * 0.0025).max() < 1e-4


def test_a_waveform_cut_short_is_not_drawn_and_a_long_one_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told(documents.waveform())["waves"]["recordings"] == []
    monkeypatch.setattr(waves, "MOST_SAMPLES", 1_999)
    assert told(documents.electrocardiogram())["waves"] == {"recordings": [], "too_large": True}


@pytest.mark.skipif(not CORPUS.exists(), reason="no corpus on this machine")
def test_waveforms_of_others_are_those_of_pydicom() -> None:
    file = CORPUS / "transfer" / "dicomparser" / "wave_dfl"
    found = json.loads(contents(io.BytesIO(file.read_bytes()), 1 << 26))["waves"]["recordings"]
    dataset = dcmread(file)
    assert len(found) == len(dataset.WaveformSequence) > 0
    for index, recording in enumerate(found):
        expected = dataset.waveform_array(index)
        for at, one in enumerate(recording["channels"]):
            assert one["unit"] == "mV"
            assert np.abs(channel(one) - expected[:, at]).max() <= one["step"]


def test_a_tree_without_end_is_cut_and_says_so() -> None:
    deep = documents.report()
    level = deep
    for _ in range(tree.DEEPEST + 5):
        level.ContentSequence = [item(ValueType="CONTAINER", RelationshipType="CONTAINS")]
        level = level.ContentSequence[0]
    assert told(deep)["report"]["cut"] is True
    wide = documents.report()
    one = item(ValueType="TEXT", TextValue="x")
    wide.ContentSequence = [one] * (tree.MOST_ITEMS + 1)
    report = told(wide)["report"]
    assert (len(report["items"]), report["cut"]) == (tree.MOST_ITEMS, True)


def test_what_a_selection_is_about_is_named() -> None:
    found = told(documents.selection())
    assert found["kind"] == "key object selection"
    assert [one["uid"] for one in found["references"]] == [
        f"{documents.ROOT}10.2",
        f"{documents.ROOT}10.4",
    ]
    assert found["report"]["title"] == "For Teaching"


def mask(left: int, top: int, width: int, height: int, value: int = 1) -> samples.Pixels:
    found = np.zeros((ROWS, COLUMNS), np.uint8)
    found[top : top + height, left : left + width] = value
    return found


def unpacked(frame: dict[str, Any]) -> samples.Pixels:
    left, top, width, height = frame["box"]
    data = np.frombuffer(base64.b64decode(frame["mask"]), np.uint8)
    if frame["bits"] == 1:
        data = np.unpackbits(data, count=width * height)
    whole = np.zeros((ROWS, COLUMNS), np.uint8)
    whole[top : top + height, left : left + width] = data.reshape(height, width)
    return whole


@pytest.mark.parametrize("syntax", [samples.EXPLICIT, samples.IMPLICIT])
def test_masks_are_those_of_the_file_with_their_places(syntax: str) -> None:
    """Frames of 2400 bits: the second begins in the middle of a byte where sides are odd."""
    noise = np.random.default_rng(5).integers(0, 2, (ROWS, COLUMNS)).astype(np.uint8)
    masks = {(1, 1): mask(3, 5, 7, 11), (2, 1): noise, (1, 3): mask(59, 39, 1, 1)}
    found = told(documents.segmentation(masks), syntax)["segmentation"]
    assert [frame["segment"] for frame in found["frames"]] == [1, 2, 1]
    for frame, expected in zip(found["frames"], masks.values(), strict=True):
        assert np.array_equal(unpacked(frame), expected)
    assert found["frames"][2]["position"] == [-20.0, -30.0, 109.0]
    assert found["frames"][0]["images"] == [[f"{documents.ROOT}10.2", 0]]
    assert found["frames"][0]["spacing"] == list(documents.SPACING)
    assert [one["label"] for one in found["segments"]] == ["Segment 1", "Segment 2"]
    red, green = (one["colour"] for one in found["segments"])
    assert red == pytest.approx([255, 0, 0], abs=3)
    assert green == pytest.approx([0, 255, 0], abs=3)


def test_fractions_are_shares_of_the_largest_value_and_empty_frames_are_none() -> None:
    masks = {(1, 0): mask(2, 2, 4, 4, 100), (1, 1): mask(0, 0, 0, 0)}
    found = told(documents.segmentation(masks, "FRACTIONAL"))["segmentation"]
    (frame,) = found["frames"]
    assert unpacked(frame).max() == 128
    assert frame["box"] == [2, 2, 4, 4]


def test_a_labelmap_is_a_mask_for_each_of_its_values() -> None:
    both = mask(0, 0, 3, 3, 1) + mask(10, 10, 2, 2, 2)
    dataset = documents.segmentation({(1, 0): both, (2, 1): both}, "LABELMAP")
    dataset.SOPClassUID = documents.CLASSES + "66.7"
    found = told(dataset)["segmentation"]
    assert [(one["segment"], one["box"]) for one in found["frames"]] == [
        (1, [0, 0, 3, 3]),
        (2, [10, 10, 2, 2]),
    ] * 2


def test_masks_too_large_for_a_browser_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MOST_BYTES", 10)
    found = told(documents.segmentation({(1, 0): mask(0, 0, 20, 20)}))["segmentation"]
    assert (found["too_large"], found["frames"]) == (True, [])


SQUARE = [(-20.0, -30.0, 103.0), (0.0, -30.0, 103.0), (0.0, -10.0, 103.0)]


def test_regions_come_with_their_colours_and_contours(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(documents.structures({"Heart": [SQUARE], "Lung": []}))
    assert found["kind"] == "structure set"
    heart, lung = found["structures"]["regions"]
    assert (heart["label"], heart["colour"], heart["kind"]) == ("Heart", [0, 255, 255], "organ")
    assert heart["frame_of_reference"] == documents.FRAME
    assert heart["contours"][0]["points"] == [value for point in SQUARE for value in point]
    assert lung["contours"] == []
    monkeypatch.setattr(contours, "MOST_POINTS", 2)
    cut = told(documents.structures({"Heart": [SQUARE]}))["structures"]
    assert (cut["too_large"], cut["regions"]) == (True, [])


def test_a_waveform_is_named_with_what_was_recorded() -> None:
    found = told(documents.waveform())
    assert found["class_name"] == "12-lead ECG Waveform Storage"
    assert ["Recording 1", "12 channels, 5000 samples each, 10.0 s"] in found["facts"]


def test_a_class_that_nobody_knows_is_named_by_its_number() -> None:
    unknown = documents.base("2", "OT", 1)
    unknown.SOPClassUID = "1.2.3.4"
    assert told(unknown)["class_name"] == "class 1.2.3.4"


@pytest.mark.parametrize("syntax", [samples.EXPLICIT, samples.IMPLICIT])
@pytest.mark.parametrize("size", [400_000, 400_001])
def test_a_document_leaves_as_it_went_in(syntax: str, size: int) -> None:
    body = b"%PDF-1.4\n" + np.random.default_rng(size).bytes(size - 9)
    dataset = documents.document(body, "application/pdf")
    assert payload(documents.written(dataset, syntax)) == body
    assert told(dataset)["document"]["is_pdf"] is True


def test_what_is_called_a_pdf_and_is_none_is_told() -> None:
    dataset = documents.document(b"<html><script>alert(1)</script>", "application/pdf")
    assert told(dataset)["document"]["is_pdf"] is False


def test_a_video_leaves_in_one_piece_however_it_was_cut() -> None:
    parts = [np.random.default_rng(n).bytes(3_000) for n in range(4)]
    assert payload(documents.video(parts, samples.JPEG + "102")) == b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        documents.written(documents.waveform()),
        documents.written(documents.document(b"%PDF-1.4", "application/pdf"))[:-40],
        documents.video([b"12345678"], samples.JPEG + "102")[:-20],
        documents.written(documents.document(b"%PDF-1.4", "application/pdf"), samples.DEFLATED),
    ],
)
def test_what_is_not_there_or_cut_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(NotRenderable, match=r"\w"):
        payload(data)
