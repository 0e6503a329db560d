"""Small instances of every transfer syntax, whose pixels are known."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
RLE = "1.2.840.10008.1.2.5"
JPEG = "1.2.840.10008.1.2.4."
CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"

Pixels = np.ndarray[Any, np.dtype[Any]]

LOSSLESS: dict[str, Callable[[Pixels], bytes | bytearray]] = {
    JPEG + "57": lambda v: imagecodecs.ljpeg_encode(v, bitspersample=16),
    JPEG + "70": lambda v: imagecodecs.ljpeg_encode(v, bitspersample=16),
    JPEG + "80": imagecodecs.jpegls_encode,
    JPEG + "90": lambda v: imagecodecs.jpeg2k_encode(
        v, level=0, codecformat="j2k", reversible=True
    ),
    JPEG + "201": imagecodecs.htj2k_encode,
    JPEG + "110": lambda v: imagecodecs.jpegxl_encode(v, lossless=True),
}


def grey(high: int = 4095, rows: int = 48, columns: int = 64, low: int = 0) -> Pixels:
    """A slope with some noise, so that no two pixels of a row hide a shift."""
    noise = np.random.default_rng(7).integers(0, 8, (rows, columns))
    slope = np.linspace(low, high - 8, rows * columns).reshape(rows, columns)
    dtype = np.int16 if low < 0 else np.uint16
    return (slope + noise).astype(dtype)


def colour(rows: int = 48, columns: int = 64) -> Pixels:
    """Three different smooth ramps: JPEG keeps them nearly as they are."""
    down, across = np.mgrid[0:rows, 0:columns]
    ramps = (across * 255 / columns, down * 255 / rows, (across + down) * 255 / (rows + columns))
    return np.stack(ramps, -1).astype(np.uint8)


def described(pixels: Pixels, **attributes: Any) -> Dataset:
    """A data set for such pixels, with a public, a private and a nested element to lose."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CT_CLASS, "1.2.826.0.1.1"
    dataset.PatientName, dataset.PatientID = "Test^Jos\u00e9", "T1"
    dataset.Modality = "CT"
    dataset.add_new(0x00091001, "LO", "private")
    dataset.add_new(0x00090010, "LO", "SOMEONE")
    item = Dataset()
    item.CodeValue = "T-D1100"
    dataset.AnatomicRegionSequence = [item]
    bits = pixels.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    dataset.PhotometricInterpretation = "MONOCHROME2" if pixels.ndim == 2 else "RGB"
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def native(pixels: Pixels, syntax: str = EXPLICIT, **attributes: Any) -> bytes:
    """A file with uncompressed pixels."""
    dataset = described(pixels, **attributes)
    ordered = pixels.dtype.newbyteorder(">") if syntax == BIG else pixels.dtype
    data = pixels.astype(ordered).tobytes()
    return native_bytes(dataset, data, syntax)


def native_bytes(dataset: Dataset, data: bytes, syntax: str = EXPLICIT) -> bytes:
    """A file with these very bytes as pixels."""
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated <= 8 else "OW"
    return written(dataset, syntax)


def compressed(
    dataset: Dataset, frames: Sequence[bytes | bytearray], syntax: str, table: bool = True
) -> bytes:
    """A file with these frames, one fragment each."""
    dataset.PixelData = encapsulate([bytes(frame) for frame in frames], has_bot=table)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return written(dataset, syntax)


def lossless(pixels: Pixels, syntax: str, **attributes: Any) -> bytes:
    """The pixels, compressed without loss."""
    dataset = described(pixels, **attributes)
    frame = run_length(pixels) if syntax == RLE else bytes(LOSSLESS[syntax](pixels))
    return compressed(dataset, [frame], syntax)


def run_length(pixels: Pixels) -> bytes:
    """One RLE frame (PS3.5 annex G): a segment for each byte of each sample, high bytes first."""
    size = pixels.dtype.itemsize
    planes = np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), -1, 0)
    octets = planes.astype(pixels.dtype.newbyteorder(">")).tobytes()
    plane = len(octets) // len(planes)
    parts = [
        _literal_runs(octets[number * plane : (number + 1) * plane][byte::size])
        for number in range(len(planes))
        for byte in range(size)
    ]
    offsets = [64 + sum(map(len, parts[:number])) for number in range(len(parts))]
    return struct.pack("<16I", len(parts), *offsets, *[0] * (15 - len(parts))) + b"".join(parts)


def _literal_runs(octets: bytes) -> bytes:
    runs = (octets[at : at + 128] for at in range(0, len(octets), 128))
    coded = b"".join(bytes([len(run) - 1]) + run for run in runs)
    return coded + b"\0" * (len(coded) % 2)


def written(dataset: Dataset, syntax: str) -> bytes:
    """The data set as a file."""
    meta = dataset.file_meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength, meta.FileMetaInformationVersion = 0, b"\0\1"
    meta.TransferSyntaxUID = UID(syntax)
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.preamble = bytes(128)
    out = io.BytesIO()
    # pydicom does not know every syntax that is tested here.
    dcmwrite(
        out,
        dataset,
        implicit_vr=syntax == IMPLICIT,
        little_endian=syntax != BIG,
        force_encoding=True,
    )
    return out.getvalue()
