"""An instance to the same instance with native pixels that browsers draw right."""

from __future__ import annotations

import io
import struct
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from pydicom import dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset

from pacs_proxy.decoding import recognise
from pacs_proxy.decoding.codec import Pixels, Source
from pacs_proxy.decoding.elements import KNOWN_VRS
from pacs_proxy.decoding.lookup import apply_table, coloured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_PIXEL_GROUP, _AFTER_PIXELS = 0x7FE00000, 0x7FE10000
_ITEM = b"\xfe\xff\x00\xe0"
_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_LONGEST_DECIMAL = 16
# Attributes that speak of stored values; they are wrong once a table was applied to those.
_STORED_VALUE_KEYWORDS = (
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
)


def convert(source: Source, out: BinaryIO) -> None:
    """Write the converted file; every element is kept but those that describe coding."""
    tables = _tables(source)
    frames = (_stored(source, frame, tables) for frame in source.frames())
    first = next(frames)
    dataset = source.dataset
    syntax = _EXPLICIT_LITTLE if first.nbytes % 2 == 0 else recognise.ENCAPSULATED_NATIVE
    repair(dataset)
    tail = _describe(source, first, syntax)
    dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=False)
    if syntax == _EXPLICIT_LITTLE:
        _write_native(out, chain([first], frames), first.nbytes * source.layout.frames)
    else:
        write_items(out, (frame.tobytes() for frame in chain([first], frames)))
    _write_tail(out, tail)


def _tables(source: Source) -> Dataset:
    """The lookup tables that go into the pixels; the data set itself loses them on the way."""
    tables, dataset, layout = Dataset(), source.dataset, source.layout
    wanted: list[str] = []
    if (
        layout.photometric == "PALETTE COLOR"
        and "SegmentedRedPaletteColorLookupTableData" in dataset
    ):
        wanted = dataset.dir("PaletteColorLookupTable")
    elif not layout.colour and not layout.floating and dataset.get("ModalityLUTSequence"):
        wanted = ["ModalityLUTSequence"]
    for keyword in wanted:
        tables[keyword] = dataset[keyword]
    return tables


def _stored(source: Source, frame: Pixels, tables: Dataset) -> Pixels:
    """One frame as it will lie in the file."""
    if source.layout.floating:
        return _single_precision(frame)
    if "ModalityLUTSequence" in tables:
        frame = apply_table(frame, tables.ModalityLUTSequence[0], source.layout.signed)
    elif len(tables):
        return coloured(frame, tables)
    return np.ascontiguousarray(frame, frame.dtype.newbyteorder("<"))


def _single_precision(frame: Pixels) -> Pixels:
    """Browsers cut floats when both ends are whole: move the upper one by the least step."""
    values = np.ascontiguousarray(frame, "<f4")
    ends = values.min(), values.max()
    if all(float(end).is_integer() for end in ends):
        values = values.copy()
        values[values == ends[1]] = np.nextafter(ends[1], np.float32(np.inf))
    return values


def _describe(source: Source, frame: Pixels, syntax: str) -> Dataset:
    """Make the attributes fit the new pixels; returns the elements that follow the pixels."""
    dataset, layout = source.dataset, source.layout
    tail = without_pixels(dataset)
    if frame.ndim == 2 and not layout.floating:
        _describe_grey(dataset, frame, layout.stored)
    elif frame.ndim == 2:
        _describe_float(dataset)
    else:
        _describe_colour(dataset)
    if "NumberOfFrames" in dataset:
        dataset.NumberOfFrames = layout.frames
    describe_coding(dataset, syntax)
    return tail


def without_pixels(dataset: Dataset) -> Dataset:
    """Take the pixels out of it, and what follows them, which is returned."""
    tail = Dataset()
    for tag in [tag for tag in list(dataset.keys()) if tag >= _PIXEL_GROUP]:
        if tag >= _AFTER_PIXELS:
            tail[tag] = dataset[tag]
        del dataset[tag]
    return tail


def _describe_grey(dataset: Dataset, frame: Pixels, stored: int) -> None:
    signed, bits = frame.dtype.kind == "i", frame.dtype.itemsize * 8
    if dataset.get("ModalityLUTSequence"):
        stored = bits
        dataset.RescaleIntercept, dataset.RescaleSlope = "0", "1"
        dataset.RescaleType = "US"
        for keyword in _STORED_VALUE_KEYWORDS:
            dataset.pop(keyword, None)
    # Browsers extend the sign from BitsStored; after decoding it is extended already.
    stored = bits if signed else min(max(stored, 1), bits)
    if dataset.get("BitsAllocated") == 1 and "WindowCenter" not in dataset:
        dataset.WindowCenter, dataset.WindowWidth = "0.5", "1"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, stored, stored - 1
    dataset.PixelRepresentation = int(signed)
    _keep_fractions(dataset, stored)


def _describe_float(dataset: Dataset) -> None:
    dataset.BitsAllocated = 32
    for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
        dataset.pop(keyword, None)


def _describe_colour(dataset: Dataset) -> None:
    for keyword in dataset.dir("PaletteColorLookupTable"):
        del dataset[keyword]
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "RGB"
    dataset.PlanarConfiguration = 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0


def describe_coding(dataset: Dataset, syntax: str) -> None:
    """File meta information for `syntax`, and a character set that browsers know."""
    if recognise.character_set_reason(str(dataset.get("SpecificCharacterSet") or "")):
        dataset.SpecificCharacterSet = "ISO_IR 100"
    meta = getattr(dataset, "file_meta", None) or FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.FileMetaInformationGroupLength = 0
    meta.setdefault("FileMetaInformationVersion", b"\0\1")
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if keyword in dataset:
            meta.setdefault(f"MediaStorage{keyword}", dataset[keyword].value)
    dataset.file_meta = meta
    # A preamble can hold another file format; nothing here needs one.
    dataset.preamble = b"\0" * 128


def _keep_fractions(dataset: Dataset, stored: int) -> None:
    """Move the intercept by a billionth: then no end is whole, and browsers use floats."""
    for item in _rescaled(dataset):
        if recognise.loses_fractions(str(item.get("RescaleSlope") or "1").strip(), stored):
            item.RescaleIntercept = _not_whole(float(item.get("RescaleIntercept") or 0))


def _rescaled(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in dataset.get(keyword) or []:
            yield from group.get("PixelValueTransformationSequence") or []


def _not_whole(intercept: float) -> str:
    decimals = min(9, _LONGEST_DECIMAL - len(f"{intercept:.0f}") - 2)
    if decimals < 1:
        return f"{intercept:.10g}"
    return f"{intercept + 10.0**-decimals:.{decimals}f}"


def repair(dataset: Dataset) -> None:
    """Give every element a value representation that browsers know."""
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        vr = str(element.VR or "")
        if vr and vr.encode() not in KNOWN_VRS:
            dataset[tag] = DataElement(tag, "UN", element.value)
        elif vr == "UN" and not tag.is_private:
            # Reading it replaces the raw form by the one of the dictionary.
            _ = dataset[tag]


def _write_native(out: BinaryIO, frames: Any, length: int) -> None:
    first = next(frames)
    tag, vr = (0x7FE00008, b"OF") if first.dtype.kind == "f" else (0x7FE00010, b"OW")
    if first.dtype.itemsize == 1:
        vr = b"OB"
    out.write(struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr, 0, length))
    out.writelines(frame.tobytes() for frame in chain([first], frames))


def write_items(out: BinaryIO, frames: Iterable[bytes]) -> None:
    """One fragment for each frame, made even: padding between native frames is not possible."""
    out.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF))
    out.write(_ITEM + b"\0\0\0\0")
    for frame in frames:
        even = frame + b"\0" * (len(frame) % 2)
        out.write(_ITEM + struct.pack("<I", len(even)) + even)
    out.write(_END)


def _write_tail(out: BinaryIO, tail: Dataset) -> None:
    if not len(tail):
        return
    part = io.BytesIO()
    dcmwrite(part, tail, implicit_vr=False, little_endian=True, enforce_file_format=False)
    out.write(part.getvalue())
