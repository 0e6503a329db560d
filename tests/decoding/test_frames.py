"""A frame handed out alone is the frame the file holds; a file that lies is refused in words."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames

from pacs_proxy.decoding.frames import Frames, frames_of, pieces
from pacs_proxy.decoding.slide import slide_of
from pacs_proxy.errors import NotFound, NotRenderable
from tests.decoding import samples
from tests.decoding.test_corpus import CORPUS

JPEG_LS = samples.JPEG + "80"
COUNT = 5


def several(syntax: str, rows: int = 6, columns: int = 4) -> tuple[bytes, list[bytes]]:
    """An instance of COUNT frames without its pixels, and the frames."""
    rng = np.random.default_rng(3)
    frames = [rng.bytes(rows * columns * 2) for _ in range(COUNT)]
    dataset = samples.described(np.zeros((rows, columns), np.uint16), NumberOfFrames=COUNT)
    return samples.written(dataset, syntax), frames


def pixels(coded: bytes, tables: tuple[bytes, bytes] | None = None) -> bytes:
    """The elements of encapsulated pixels, as they follow a data set."""
    parts = []
    for tag, table in zip((1, 2), tables or (), strict=False):
        parts.append(struct.pack("<HH2sHI", 0x7FE0, tag, b"OV", 0, len(table)) + table)
    head = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, 0xFFFFFFFF)
    return b"".join([*parts, head, coded, b"\xfe\xff\xdd\xe0\0\0\0\0"])


def opened(data: bytes) -> int:
    descriptor = os.memfd_create("instance")
    os.write(descriptor, data)
    return descriptor


def read(data: bytes) -> list[bytes]:
    descriptor = opened(data)
    try:
        found = frames_of(descriptor)
        return [contents(descriptor, found, number) for number in range(1, found.count + 1)]
    finally:
        os.close(descriptor)


def contents(descriptor: int, found: Frames, number: int, size: int = 7) -> bytes:
    return b"".join(pieces(descriptor, found.spans(number), size))


@pytest.mark.parametrize(
    ("table", "fragments"), [("basic", 1), ("basic", 3), ("extended", 1), ("none", 1)]
)
def test_frames_come_out_as_they_went_in_by_every_table(table: str, fragments: int) -> None:
    head, frames = several(JPEG_LS)
    if table == "extended":
        coded, *tables = encapsulate_extended(frames)
        assert read(head + pixels(coded, (tables[0], tables[1]))) == frames
        return
    coded = encapsulate(frames, fragments_per_frame=fragments, has_bot=table == "basic")
    assert read(head + pixels(coded)) == frames


def test_pieces_that_no_table_assigns_are_refused() -> None:
    head, frames = several(JPEG_LS)
    coded = encapsulate(frames, fragments_per_frame=2, has_bot=False)
    with pytest.raises(NotRenderable, match="which pieces"):
        read(head + pixels(coded))


def test_a_single_frame_in_many_pieces_is_one_frame() -> None:
    dataset = samples.described(samples.grey())
    head, frame = samples.written(dataset, JPEG_LS), bytes(range(200))
    assert read(head + pixels(encapsulate([frame], fragments_per_frame=4, has_bot=False))) == [
        frame
    ]


@pytest.mark.parametrize("syntax", [samples.EXPLICIT, samples.IMPLICIT])
def test_native_frames_are_slices_of_the_pixels(syntax: str) -> None:
    head, frames = several(syntax)
    joined = b"".join(frames)
    element = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, len(joined))
    if syntax == samples.IMPLICIT:
        element = struct.pack("<HHI", 0x7FE0, 0x10, len(joined))
    assert read(head + element + joined) == frames
    with pytest.raises(NotRenderable, match="cut short"):
        read(head + element + joined[:-1])


def test_there_is_no_frame_before_the_first_or_beyond_the_last() -> None:
    head, frames = several(JPEG_LS)
    descriptor = opened(head + pixels(encapsulate(frames)))
    found = frames_of(descriptor)
    for number in (0, -1, COUNT + 1):
        with pytest.raises(NotFound, match=f"{COUNT} frames"):
            found.spans(number)
    os.close(descriptor)


HEAD, FRAMES = several(JPEG_LS)
BODIES = [
    pixels(encapsulate(FRAMES, fragments_per_frame=2)),
    pixels(encapsulate_extended(FRAMES)[0], encapsulate_extended(FRAMES)[1:]),
    pixels(encapsulate(FRAMES, has_bot=False)),
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.sampled_from(BODIES),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 600),
)
@example(body=BODIES[1], flips=[(8, 255), (9, 255), (10, 255), (11, 255)], cut=0)
def test_a_hostile_file_is_refused_or_read_within_its_bounds(
    body: bytes, flips: list[tuple[int, int]], cut: int
) -> None:
    changed = bytearray(body[: len(body) - cut] or body[:1])
    for at, value in flips:
        changed[at % len(changed)] = value
    data = HEAD + bytes(changed)
    descriptor = opened(data)
    try:
        found = frames_of(descriptor)
    except NotRenderable:
        return
    finally:
        os.close(descriptor)
    spans = [span for number in range(1, found.count + 1) for span in found.spans(number)]
    assert all(start >= 0 and start + length <= len(data) for start, length in spans)
    assert sum(length for _, length in spans) <= len(data)


@pytest.mark.parametrize("claim", [0, 1 << 30, 999_999_999])
def test_a_number_of_frames_that_cannot_be_is_refused(claim: int) -> None:
    data = HEAD.replace(b"\x28\x00\x08\x00IS\x02\x005 ", b"\x28\x00\x08\x00IS\x0a\x00%-10d" % claim)
    assert data != HEAD
    with pytest.raises(NotRenderable):
        read(data + BODIES[0])


def test_an_instance_without_pixels_has_no_frames() -> None:
    with pytest.raises(NotRenderable, match="no pixels"):
        read(HEAD)


@pytest.mark.skipif(not (CORPUS / "wsi").exists(), reason="no corpus on this machine")
@pytest.mark.parametrize(
    ("name", "size", "spacing", "syntax"),
    [
        ("cmu1_small/level0.dcm", (2220, 2967), 0.000499, samples.JPEG + "50"),
        ("sm_image_jpegls_nobot.dcm", (50, 50), None, JPEG_LS),
        ("sm_image_grayscale.dcm", (50, 50), None, samples.EXPLICIT),
    ],
)
def test_slides_of_others_are_understood(
    name: str, size: tuple[int, int], spacing: float | None, syntax: str
) -> None:
    path = CORPUS / "wsi" / name
    with path.open("rb") as file:
        slide = slide_of(file.fileno())
        found = frames_of(file.fileno())
        read_back = [contents(file.fileno(), found, n + 1, 1 << 20) for n in range(found.count)]
    assert (slide.width, slide.height) == size
    assert slide.transfer_syntax == found.syntax == syntax
    assert slide.frames == found.count
    if spacing:
        assert slide.spacing == pytest.approx((spacing, spacing))
    assert read_back == _by_pydicom(path)


def _by_pydicom(path: Path) -> list[bytes]:
    dataset = dcmread(path)
    count = int(dataset.NumberOfFrames)
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return list(generate_frames(dataset.PixelData, number_of_frames=count))
    size = len(dataset.PixelData) // count
    return [dataset.PixelData[n * size : (n + 1) * size] for n in range(count)]


def test_what_is_no_slide_is_told_so() -> None:
    descriptor = opened(samples.native(samples.grey()))
    with pytest.raises(NotRenderable, match="no whole-slide"):
        slide_of(descriptor)
    os.close(descriptor)
