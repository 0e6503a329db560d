"""Compressed or native bytes to pixel values; runs only in the jailed child."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from pydicom.encaps import generate_frames, get_frame
from pydicom.pixels.processing import convert_color_space

from pacs_proxy.decoding import codestream, recognise
from pacs_proxy.decoding.elements import DEFLATED
from pacs_proxy.decoding.layout import Layout, layout_of
from pacs_proxy.errors import NotRenderable

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Pixels = np.ndarray[Any, np.dtype[Any]]

_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_JPEG = recognise.TWELVE_BIT | {recognise.BASELINE}
_UNCOMPRESSED = recognise.NATIVE | DEFLATED | {""}
_UNKNOWN_SYNTAX = "The transfer syntax is not one that can be decoded."
_OTHER_SIZE = "The compressed picture has another size than its header says."
_END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True)
class Source:
    """One instance whose attributes were checked; frames are decoded when asked for."""

    dataset: Dataset
    layout: Layout
    data: bytes
    encapsulated: bool
    offsets: tuple[bytes, bytes] | None

    def frame(self, index: int) -> Pixels:
        """One frame: rows x columns of stored values, or rows x columns x 3 of 8 bit RGB."""
        layout = self.layout
        if not 0 <= index < layout.frames:
            raise NotRenderable(
                f"Frame {index + 1} does not exist: the instance has {layout.frames}."
            )
        if not self.encapsulated:
            return _native_frame(self.data, index, layout)
        extended = self.offsets
        data = get_frame(
            self.data, index, number_of_frames=layout.frames, extended_offsets=extended
        )
        return _decoded(data, layout)

    def frames(self) -> Iterator[Pixels]:
        """All frames in order, one at a time."""
        if not self.encapsulated:
            yield from (self.frame(index) for index in range(self.layout.frames))
            return
        wanted = self.layout.frames
        frames = generate_frames(self.data, number_of_frames=wanted, extended_offsets=self.offsets)
        for _ in range(wanted):
            data = next(frames, None)
            if data is None:
                raise NotRenderable(f"Fewer than the {wanted} frames announced are there.")
            yield _decoded(data, self.layout)


def source_of(dataset: Dataset, limit: int) -> Source:
    """Check the attributes against `limit` bytes of decoded pixels, and find the pixels."""
    layout = layout_of(dataset, limit)
    element = dataset[layout.keyword]
    encapsulated = bool(element.is_undefined_length)
    if not encapsulated and layout.syntax in _DECODERS:
        raise NotRenderable("The pixels are not compressed as the transfer syntax says.")
    if layout.syntax not in (_DECODERS if encapsulated else _UNCOMPRESSED):
        raise NotRenderable(_UNKNOWN_SYNTAX)
    if not isinstance(element.value, bytes) or not element.value:
        raise NotRenderable("The pixel data is empty.")
    data = element.value
    if not layout.little and element.VR == "OW" and layout.allocated < 16:
        data = np.frombuffer(data[: len(data) & ~1], ">u2").astype("<u2").tobytes()
    return Source(dataset, layout, data, encapsulated, _offsets(dataset))


def _offsets(dataset: Dataset) -> tuple[bytes, bytes] | None:
    """The extended offset table; an empty one is none."""
    offsets = dataset.get("ExtendedOffsetTable")
    lengths = dataset.get("ExtendedOffsetTableLengths")
    return (offsets, lengths) if offsets and lengths else None


def _native_frame(data: bytes, index: int, layout: Layout) -> Pixels:
    needed = (layout.frame_bits * layout.frames + 7) // 8
    if len(data) < needed:
        raise NotRenderable(f"The pixel data is cut short: {len(data)} of {needed} bytes.")
    if layout.allocated == 1:
        return _unpacked(np.frombuffer(data, np.uint8), index * layout.frame_bits, layout)
    size = layout.frame_bits // 8
    return _from_native(data[index * size : (index + 1) * size], layout)


def _unpacked(packed: Pixels, first_bit: int, layout: Layout) -> Pixels:
    """One bit a pixel; frames need not begin at a whole byte."""
    skipped, count = first_bit % 8, layout.rows * layout.columns
    part = packed[first_bit // 8 : (first_bit + count + 7) // 8]
    bits = np.unpackbits(part, bitorder="little")[skipped : skipped + count]
    return _shaped(bits, layout)


def _from_native(data: bytes, layout: Layout) -> Pixels:
    order = "<" if layout.little else ">"
    if layout.floating:
        return _shaped(np.frombuffer(data, f"{order}f{layout.allocated // 8}"), layout)
    values = np.frombuffer(data, f"{order}u{layout.allocated // 8}")
    if layout.photometric == "YBR_FULL_422":
        return _rgb(_placed(_doubled(values, layout), layout), layout)
    return _valued(_shaped(values, layout), layout)


def _doubled(values: Pixels, layout: Layout) -> Pixels:
    """Y1 Y2 Cb Cr of each pair to two whole pixels."""
    pairs = values.reshape(-1, 4)
    out = np.empty((len(pairs), 2, 3), values.dtype)
    out[:, :, 0] = pairs[:, :2]
    out[:, :, 1:] = pairs[:, None, 2:]
    return out.reshape(layout.rows, layout.columns, 3)


def _shaped(values: Pixels, layout: Layout) -> Pixels:
    rows, columns = layout.rows, layout.columns
    if not layout.colour:
        return values.reshape(rows, columns)
    if layout.planar:
        return np.moveaxis(values.reshape(3, rows, columns), 0, -1)
    return values.reshape(rows, columns, 3)


def _valued(values: Pixels, layout: Layout) -> Pixels:
    placed = _placed(values, layout)
    return _rgb(placed, layout) if layout.colour else _signed(placed, layout.stored, layout)


def _placed(values: Pixels, layout: Layout) -> Pixels:
    """The stored bits moved to the low end, everything else cleared."""
    shift = layout.high + 1 - layout.stored
    if shift == 0 and layout.stored == layout.allocated:
        return values
    placed: Pixels = (values >> shift) & values.dtype.type((1 << layout.stored) - 1)
    return placed


def _signed(values: Pixels, bits: int, layout: Layout) -> Pixels:
    """Stored values of `bits` bits as the numbers they stand for, in native byte order."""
    size = max(values.dtype.itemsize, 2 if layout.signed else 1)
    if not layout.signed:
        return values.astype(f"=u{size}", copy=False)
    sign = np.int64(1 << (bits - 1))
    wide = values.astype(np.int64) & ((1 << bits) - 1)
    return ((wide ^ sign) - sign).astype(f"=i{size}")


def _rgb(values: Pixels, layout: Layout) -> Pixels:
    """8 bit RGB from samples whose bits are already placed."""
    if layout.stored > 8:
        values = values >> (layout.stored - 8)
    samples: Pixels = np.ascontiguousarray(values.astype(np.uint8))
    if layout.photometric in {"YBR_FULL", "YBR_FULL_422"}:
        samples = convert_color_space(samples, "YBR_FULL", "RGB")
    return samples


def _decoded(data: bytes, layout: Layout) -> Pixels:
    return _DECODERS[layout.syntax](data, layout)


def _coded(decoder: Callable[[bytes], Pixels]) -> Callable[[bytes, Layout], Pixels]:
    """Wrap a codec whose stream tells size and precision itself."""

    def decode(data: bytes, layout: Layout) -> Pixels:
        stream = codestream.describe(data)
        if stream and (stream.rows, stream.columns) != (layout.rows, layout.columns):
            raise NotRenderable(_OTHER_SIZE)
        return _matched(decoder(data), stream.precision if stream else layout.stored, layout)

    return decode


def _matched(values: Pixels, precision: int, layout: Layout) -> Pixels:
    """Refuse another size than announced; read the sign as the header says."""
    shape = (layout.rows, layout.columns, 3)[: 3 if layout.colour else 2]
    if values.shape != shape:
        raise NotRenderable(_OTHER_SIZE)
    if layout.colour:
        return _rgb(values, replace(layout, stored=precision))
    unsigned = values.view(f"u{values.dtype.itemsize}")
    return _signed(unsigned & unsigned.dtype.type((1 << precision) - 1), precision, layout)


def _jpeg(data: bytes, layout: Layout) -> Pixels:
    """JPEG by DCT; components as coded, and the colour model by the stream, then by DICOM."""
    stream = codestream.describe(data)
    # libjpeg paints the rest grey when the end is missing; some writers leave junk behind it.
    if stream is None or data.rfind(_END_OF_IMAGE) < len(data) // 2:
        raise NotRenderable("The JPEG stream is cut short.")
    if not layout.colour:
        return _matched(imagecodecs.jpeg8_decode(data), stream.precision, layout)
    raw = imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="YCBCR")
    photometric = "YBR_FULL" if stream.is_luma(layout.photometric) else "RGB"
    return _matched(raw, stream.precision, replace(layout, photometric=photometric))


def _run_length(data: bytes, layout: Layout) -> Pixels:
    size = max(layout.allocated, 8) // 8
    values = np.frombuffer(imagecodecs.dicomrle_decode(data, np.dtype(f"<u{size}")), f"<u{size}")
    if layout.allocated == 1:
        return _unpacked(values, 0, layout)
    return _valued(_shaped(values, replace(layout, planar=True)), layout)


def _inflated(data: bytes, layout: Layout) -> Pixels:
    size = (layout.frame_bits + 7) // 8
    native = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size)
    return _native_frame(native, 0, replace(layout, frames=1))


def _as_is(data: bytes, layout: Layout) -> Pixels:
    return _native_frame(data, 0, replace(layout, frames=1))


_DECODERS: dict[str, Callable[[bytes, Layout], Pixels]] = {
    **dict.fromkeys(_JPEG, _jpeg),
    **dict.fromkeys(recognise.JPEG_LOSSLESS, _coded(imagecodecs.jpegsof3_decode)),
    **dict.fromkeys(recognise.JPEG_LS, _coded(imagecodecs.jpegls_decode)),
    # OpenJPEG for HTJ2K too: imagecodecs' OpenJPH wraps around instead of clipping.
    **dict.fromkeys(recognise.JPEG_2000, _coded(imagecodecs.jpeg2k_decode)),
    **dict.fromkeys(recognise.JPEG_XL, _coded(imagecodecs.jpegxl_decode)),
    recognise.RLE: _run_length,
    recognise.ENCAPSULATED_NATIVE: _as_is,
    _DEFLATED_FRAMES: _inflated,
}
