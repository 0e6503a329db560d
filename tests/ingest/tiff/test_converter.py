"""Every pixel of a TIFF comes out as it went in, and no TIFF harms more than the child it meets."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import parse_basic_offsets
from wsidicom import WsiDicom

from pacs_proxy.decoding.frames import frames_of, pieces
from pacs_proxy.decoding.slide import slide_of
from pacs_proxy.errors import BadUpload, Busy, PacsProxyError
from pacs_proxy.ingest.tiff import Bounds, Rules, Target, TiffConverter
from pacs_proxy.ingest.tiff.converter import tiff_launcher
from tests.decoding.test_corpus import CORPUS
from tests.ingest.tiff import samples
from tests.ingest.tiff.samples import KINDS, Kind, Pixels

RULES = Rules(Bounds(capture_side=samples.SLIDE_SIDE, decoded_bytes=1 << 28))
SHARED = tiff_launcher()
CONVERTER = TiffConverter(RULES, SHARED)
TARGET = Target.of_form({"patient_name": "Test^Tiff", "patient_id": "T1"}, "batch")
RECEIVED = 1_790_000_000.0
Convert = Callable[[Path], list[Path]]


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    out = tmp_path / "out"
    out.mkdir()
    return lambda source: CONVERTER.convert(source, out, TARGET, "0" * 32, RECEIVED)


def frames(path: Path) -> list[Pixels]:
    """Each frame, decoded by neither the writer nor the browser's decoder."""
    with path.open("rb") as file:
        found = frames_of(file.fileno())
        coded = [
            b"".join(pieces(file.fileno(), found.spans(number + 1), 1 << 20))
            for number in range(found.count)
        ]
    return [imagecodecs.jpegls_decode(frame) for frame in coded]


def stitched(path: Path) -> Pixels:
    """A level of a slide as one picture."""
    with path.open("rb") as file:
        level = slide_of(file.fileno())
    across = -(-level.width // level.tile_width)
    tiles = frames(path)
    rows = [np.concatenate(tiles[n : n + across], 1) for n in range(0, len(tiles), across)]
    return np.concatenate(rows)[: level.height, : level.width]


def by_role(paths: list[Path]) -> dict[str, Path]:
    return {path.stem.split("-", 1)[1]: path for path in paths}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_pixel_of_a_slide_is_the_tiffs(kind: Kind, tmp_path: Path, convert: Convert) -> None:
    source = kind.write(tmp_path)
    made = by_role(convert(source))
    stored = tifffile.imread(source)
    if kind.options.get("planarconfig"):
        stored = np.moveaxis(stored, 0, -1)
    shown = stitched(made["slide-0"])
    assert shown.shape == stored.shape
    assert np.abs(shown.astype(int) - stored.astype(int)).max() <= kind.loss
    assert np.array_equal(stitched(made["slide-1"]), _halved(shown))
    assert np.array_equal(frames(made["overview"])[0], shown)


def _halved(pixels: Pixels) -> Pixels:
    blocks = pixels.astype(np.uint32).reshape(
        pixels.shape[0] // 2, 2, pixels.shape[1] // 2, 2, *pixels.shape[2:]
    )
    mean: Pixels = ((blocks.sum((1, 3)) + 2) // 4).astype(pixels.dtype)
    return mean


def test_the_same_upload_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    source = KINDS[5].write(tmp_path)
    made = []
    for name, upload in (("first", "a"), ("again", "a"), ("other", "b")):
        (tmp_path / name).mkdir()
        paths = CONVERTER.convert(source, tmp_path / name, TARGET, upload * 32, RECEIVED)
        made.append([hashlib.md5(path.read_bytes()).hexdigest() for path in paths])
        assert sorted([file.name for file in (tmp_path / name).iterdir()]) == sorted(
            path.name for path in paths
        )
    assert made[0] == made[1]
    assert not set(made[0]) & set(made[2])


def test_patient_study_and_origin_stand_in_every_instance(tmp_path: Path, convert: Convert) -> None:
    source = KINDS[0].write(tmp_path)
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    made = [dcmread(path) for path in convert(source)]
    assert {str(dataset.PatientName) for dataset in made} == {"Test^Tiff"}
    assert {dataset.StudyInstanceUID for dataset in made} == {TARGET.study_uid}
    assert all(sha256 in dataset.DerivationDescription for dataset in made)
    assert len({dataset.SOPInstanceUID for dataset in made}) == len(made)
    slides = [dataset for dataset in made if dataset.Modality == "SM"]
    assert len({dataset.SeriesInstanceUID for dataset in slides}) == 1
    assert {str(dataset.ContentDate) for dataset in made} == {"20260921"}


def test_wsidicom_opens_the_pyramid_and_reads_the_same_region(
    tmp_path: Path, convert: Convert
) -> None:
    pixels = samples.colour()
    kind = Kind(
        "scanned",
        pixels,
        {**samples.TILES, "resolution": samples.MICROSCOPE, "resolutionunit": "CENTIMETER"},
    )
    made = convert(kind.write(tmp_path))
    slides = [path for path in made if "slide" in path.name]
    with WsiDicom.open(slides) as slide:
        assert (slide.size.width, slide.size.height) == (samples.WIDTH, samples.HEIGHT)
        assert [level.level for level in slide.levels] == [0, 1]
        assert slide.mpp.width == pytest.approx(0.25)
        region = np.asarray(slide.read_region((300, 400), 0, (700, 600)))
    assert np.array_equal(region, pixels[400:1000, 300:1000])


@pytest.mark.parametrize(
    ("resolution", "unit", "spacing"),
    [
        (samples.MICROSCOPE, "CENTIMETER", [0.00025, 0.00025]),
        ((300, 300), "INCH", None),
        ((72, 72), "INCH", None),
        ((118.11, 118.11), "CENTIMETER", None),
        ((1, 1), "NONE", None),
    ],
)
def test_a_spacing_is_told_only_where_somebody_measured(
    tmp_path: Path, convert: Convert, resolution: Any, unit: str, spacing: list[float] | None
) -> None:
    options = {**samples.STRIPS, "resolution": resolution, "resolutionunit": unit}
    made = by_role(convert(Kind("kind", samples.grey(8), options).write(tmp_path)))
    shared = dcmread(made["slide-0"]).SharedFunctionalGroupsSequence[0]
    overview = dcmread(made["overview"])
    if spacing is None:
        assert "PixelMeasuresSequence" not in shared
        assert "PixelSpacing" not in overview
        return
    assert shared.PixelMeasuresSequence[0].PixelSpacing == spacing
    second = dcmread(made["slide-1"]).SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert second.PixelSpacing == [2 * value for value in spacing]


CAPTURES = {
    "grey8": (samples.grey(8, 200, 100), "1.2.840.10008.5.1.4.1.1.7"),
    "grey16": (samples.grey(16, 200, 100), "1.2.840.10008.5.1.4.1.1.7"),
    "rgb": (samples.colour(200, 100), "1.2.840.10008.5.1.4.1.1.7"),
}


@pytest.mark.parametrize("name", CAPTURES)
def test_a_small_picture_is_a_secondary_capture(
    name: str, tmp_path: Path, convert: Convert
) -> None:
    pixels, sop_class = CAPTURES[name]
    [made] = convert(Kind(name, pixels, {"compression": "zlib"}).write(tmp_path))
    dataset = dcmread(made)
    assert dataset.SOPClassUID == sop_class
    assert np.array_equal(frames(made)[0], pixels)
    assert np.array_equal(dataset.pixel_array, pixels)


@pytest.mark.parametrize(
    ("pixels", "sop_class"),
    [
        (samples.grey(8, 96, 64), "1.2.840.10008.5.1.4.1.1.7.2"),
        (samples.grey(16, 96, 64), "1.2.840.10008.5.1.4.1.1.7.3"),
        (samples.colour(96, 64), "1.2.840.10008.5.1.4.1.1.7.4"),
    ],
)
def test_equal_pages_are_the_frames_of_one_instance(
    pixels: Pixels, sop_class: str, tmp_path: Path, convert: Convert
) -> None:
    source = tmp_path / "pages.tif"
    pages = [np.roll(pixels, 7 * number, 0) for number in range(5)]
    with tifffile.TiffWriter(source) as writer:
        for page in pages:
            writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack")
    [made] = convert(source)
    dataset = dcmread(made)
    assert dataset.SOPClassUID == sop_class
    assert all(np.array_equal(a, b) for a, b in zip(frames(made), pages, strict=True))
    _offsets_are_true(dataset)


def _offsets_are_true(dataset: Dataset) -> None:
    """The extended table leads to each frame, and the basic one is empty, as it must be."""
    assert parse_basic_offsets(dataset.PixelData) == []
    count = int(dataset.NumberOfFrames)
    for at, length in zip(
        struct.unpack(f"<{count}Q", dataset.ExtendedOffsetTable),
        struct.unpack(f"<{count}Q", dataset.ExtendedOffsetTableLengths),
        strict=True,
    ):
        frame = dataset.PixelData[8 + at + 8 : 8 + at + 8 + length]
        assert frame[:2] == b"\xff\xd8"
        assert frame.rstrip(b"\0")[-2:] == b"\xff\xd9"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_is_stored_upright(
    orientation: int, tmp_path: Path, convert: Convert
) -> None:
    upright = samples.grey(8, 60, 40)
    source = tmp_path / "turned.tif"
    turned = _turned(upright, orientation)
    extra = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(source, turned, photometric="minisblack", extratags=extra, metadata=None)
    assert np.array_equal(frames(convert(source)[0])[0], upright)


def _turned(upright: Pixels, orientation: int) -> Pixels:
    """Stored so that Pillow's reading of the tag gives the upright picture."""
    moves: dict[int, Callable[[Pixels], Pixels]] = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: np.transpose,
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.transpose(np.rot90(p, 2)),
        8: lambda p: np.rot90(p, -1),
    }
    return np.ascontiguousarray(moves[orientation](upright))


def test_white_is_zero_and_palettes_come_out_as_they_look(tmp_path: Path, convert: Convert) -> None:
    values = samples.grey(8, 60, 40)
    source = tmp_path / "inverted.tif"
    tifffile.imwrite(source, values, photometric="miniswhite")
    assert np.array_equal(frames(convert(source)[0])[0], 255 - values)
    palette = np.random.default_rng(2).integers(0, 256, (256, 3), np.uint8)
    picture = Image.fromarray(values).convert("P")
    picture.putpalette(palette.tobytes())
    picture.save(tmp_path / "palette.tif")
    expected = np.asarray(Image.open(tmp_path / "palette.tif").convert("RGB"))
    assert np.array_equal(frames(convert(tmp_path / "palette.tif")[0])[0], expected)


def test_a_thumbnail_is_the_mean_of_blocks_in_a_sensible_window(tmp_path: Path) -> None:
    pixels = (samples.grey() >> 4) + 300
    png = CONVERTER.thumbnail(Kind("dark", pixels, samples.STRIPS).write(tmp_path), 256)
    drawn = np.asarray(Image.open(io.BytesIO(png)))
    assert max(drawn.shape) <= 2 * 256
    assert drawn.min() == 0
    assert drawn.max() == 255


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "float": (np.zeros((64, 64), np.float32), {}, "floating-point"),
    "signed": (np.zeros((64, 64), np.int16), {}, "signed"),
    "deep": (np.zeros((64, 64), np.uint32), {}, "32 bits"),
    "rgb16": (np.zeros((64, 64, 3), np.uint16), {"photometric": "rgb"}, "16 bits"),
    "cmyk": (
        np.zeros((64, 64, 4), np.uint8),
        {"photometric": "separated", "planarconfig": "contig"},
        "CMYK",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_in_words(name: str, tmp_path: Path) -> None:
    pixels, options, words = REFUSED[name]
    source = tmp_path / "x.tif"
    tifffile.imwrite(source, pixels, metadata=None, **options)
    with pytest.raises(BadUpload, match=words) as caught:
        CONVERTER.probe(source)
    assert caught.value.code == "tiff_unsupported"


def bomb(width: int, height: int, rows_per_strip: int = 1) -> bytes:
    """A few bytes that claim to be a huge picture, every strip the same one."""
    strips = -(-height // rows_per_strip)
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 32773),
        (262, 3, 1, 1),
        (277, 3, 1, 1),
        (278, 4, 1, rows_per_strip),
    ]
    data = b"\x81\0" * (width // 128 + 1)
    at = 8 + len(data)
    offsets, counts = struct.pack("<I", 8) * strips, struct.pack("<I", len(data)) * strips
    places = (at, at + len(offsets)) if strips > 1 else (8, len(data))
    entries += [(273, 4, strips, places[0]), (279, 4, strips, places[1])]
    directory = at + len(offsets) + len(counts)
    fields = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    ifd = struct.pack("<H", len(entries)) + fields + bytes(4)
    return b"II*\0" + struct.pack("<I", directory) + data + offsets + counts + ifd


def test_a_bomb_is_refused_by_what_it_claims(tmp_path: Path) -> None:
    source = tmp_path / "bomb.tif"
    source.write_bytes(bomb(60_000, 60_000))
    with pytest.raises(BadUpload, match="once decoded"):
        CONVERTER.convert(source, tmp_path, TARGET, "0" * 32, RECEIVED)


@pytest.mark.parametrize("limit", ["time", "memory"])
def test_a_bomb_that_is_let_in_ends_its_child_alone(limit: str, tmp_path: Path) -> None:
    source = tmp_path / "bomb.tif"
    source.write_bytes(bomb(60_000, 60_000, 60_000 if limit == "memory" else 1))
    bounds = Bounds(samples.SLIDE_SIDE, 1 << 40)
    rules = Rules(bounds, seconds=2.0) if limit == "time" else Rules(bounds, 1 << 30, 60.0)
    with pytest.raises(BadUpload) as caught:
        TiffConverter(rules, SHARED).convert(source, tmp_path, TARGET, "0" * 32, RECEIVED)
    assert caught.value.code == "tiff_damaged"
    assert [file.name for file in (tmp_path).iterdir()] == ["bomb.tif"]


def test_a_file_cut_anywhere_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    whole = KINDS[3].write(tmp_path).read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    for share in (0.0, 0.2, 0.9, 0.999):
        source = tmp_path / "cut.tif"
        source.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BadUpload) as caught:
            CONVERTER.convert(source, out, TARGET, "0" * 32, RECEIVED)
        assert caught.value.code in {"tiff_damaged", "tiff_unsupported"}
    assert [file.name for file in (out).iterdir()] == []


@pytest.mark.parametrize("number", [3, 8, 9, 10])
def test_damaged_compressed_pixels_are_refused(number: int, tmp_path: Path) -> None:
    source = KINDS[number].write(tmp_path)
    with tifffile.TiffFile(source) as tiff:
        page = tiff.pages[0].aspage()
        middle = page.dataoffsets[-1] + page.databytecounts[-1] // 2
    with source.open("r+b") as file:
        file.seek(middle)
        file.write(b"\xff" * 200)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(BadUpload, match="damaged"):
        CONVERTER.convert(source, out, TARGET, "0" * 32, RECEIVED)
    assert [file.name for file in (out).iterdir()] == []


def test_progress_is_told_and_may_stop_the_work(tmp_path: Path) -> None:
    source = KINDS[0].write(tmp_path)
    told: list[tuple[int, int]] = []
    CONVERTER.convert(
        source, tmp_path, TARGET, "0" * 32, RECEIVED, lambda done, total: told.append((done, total))
    )
    assert told[-1] == (samples.HEIGHT, samples.HEIGHT)
    assert told == sorted(told)

    def stop(_done: int, _total: int) -> None:
        raise PacsProxyError("cancelled")

    (tmp_path / "out").mkdir()
    with pytest.raises(PacsProxyError, match="cancelled"):
        CONVERTER.convert(source, tmp_path / "out", TARGET, "0" * 32, RECEIVED, stop)
    assert [file.name for file in (tmp_path / "out").iterdir()] == []


def test_a_large_tiff_waits_while_memory_is_short(tmp_path: Path) -> None:
    source = KINDS[0].write(tmp_path)
    greedy = TiffConverter(Rules(large_bytes=0, reserve_bytes=1 << 60))
    with pytest.raises(Busy, match="memory") as caught:
        greedy.convert(source, tmp_path, TARGET, "0" * 32, RECEIVED)
    assert caught.value.retry_after


@pytest.mark.skipif(not (CORPUS / "tiff").exists(), reason="no corpus on this machine")
def test_every_tiff_at_hand_is_converted_or_refused_in_words(
    tmp_path: Path, convert: Convert
) -> None:
    refused = {}
    for source in sorted((CORPUS / "tiff").iterdir()):
        try:
            assert convert(source)
        except BadUpload as error:
            refused[source.name] = error.detail
    assert refused.keys() == {
        "floatingpoint-32bit.tif",
        "gen_truncated.tif",
        "signed-integral-8bit.tif",
    }
    assert all(len(words) > 40 for words in refused.values())
