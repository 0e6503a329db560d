"""What the generated studies promise to those who test and demonstrate with them."""

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from pacs_proxy.demo.phantom import (
    T1_CORONAL,
    Series,
    ct_series,
    mammogram,
    mr_series,
    ultrasound_cine,
)

SERIES: list[Callable[..., Series]] = [
    lambda syntax: ct_series(2, 48, 40, syntax),
    lambda syntax: ct_series(2, 48, 40, syntax, signed=False),
    lambda syntax: mr_series(2, 31, 33, syntax),
]
PLAIN = "1.2.840.10008.1.2.1"


def read(content: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(content))


def rle(stream: bytes) -> NDArray[Any]:
    return np.frombuffer(imagecodecs.dicomrle_decode(stream, "uint16"), np.uint16)


DECODERS: dict[str, Callable[[bytes], NDArray[Any]]] = {
    JPEGLSLossless: imagecodecs.jpegls_decode,
    JPEG2000Lossless: imagecodecs.jpeg2k_decode,
    HTJ2KLossless: imagecodecs.htj2k_decode,
    RLELossless: rle,
    JPEGLosslessSV1: imagecodecs.jpegsof3_decode,
}


@pytest.mark.parametrize("make", SERIES, ids=["signed CT", "unsigned CT", "odd-sized MR"])
@pytest.mark.parametrize("syntax", DECODERS, ids=lambda uid: pydicom.uid.UID(uid).name[:24])
def test_every_compressed_file_decodes_to_the_pixels_of_the_uncompressed_one(
    syntax: str, make: Callable[..., Series]
) -> None:
    for plain, packed in zip(make(PLAIN), make(syntax), strict=True):
        dataset = read(packed)
        assert dataset.file_meta.TransferSyntaxUID == syntax
        (stream,) = generate_frames(dataset.PixelData, number_of_frames=1)
        decoded = DECODERS[syntax](stream)
        wanted = read(plain).pixel_array
        assert decoded.astype(wanted.dtype).reshape(wanted.shape).tolist() == wanted.tolist()


def test_jpeg_lossless_really_uses_selection_value_1() -> None:
    (stream,) = generate_frames(
        read(ct_series(1, 16, 16, JPEGLosslessSV1)[0]).PixelData, number_of_frames=1
    )
    scan = stream.index(b"\xff\xda")
    assert stream[scan + 7] == 1


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert ct_series(3, 32, 32)[1] == ct_series(3, 32, 32)[1]


def test_other_pixels_never_share_a_uid() -> None:
    variants = [
        ct_series(2, 32, 32),
        ct_series(2, 32, 34),
        ct_series(2, 32, 32, signed=False),
        ct_series(2, 32, 32, RLELossless),
        mr_series(2, 32, 32),
        mr_series(2, 32, 32, protocol=T1_CORONAL),
    ]
    uids = [read(content).SOPInstanceUID for series in variants for content in series]
    assert len(set(uids)) == 2 * len(variants)
    assert max(map(len, uids)) <= 64


@pytest.mark.parametrize("series", [ct_series(5, 32, 32), mr_series(5, 32, 32)], ids=["CT", "MR"])
def test_slices_stand_at_equal_distances_along_their_normal(series: Series) -> None:
    datasets = [read(content) for content in series]
    orientation = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(orientation[:3], orientation[3:])
    places = [float(normal @ np.array(d.ImagePositionPatient, float)) for d in datasets]
    assert np.diff(places) == pytest.approx(float(datasets[0].SliceThickness), abs=1e-2)
    assert np.linalg.norm(normal) == pytest.approx(1, abs=1e-5)


def test_the_mr_series_is_truly_oblique() -> None:
    orientation = np.array(read(mr_series(1, 32, 32)[0]).ImageOrientationPatient, float)
    assert np.abs(orientation).max() < 0.9999
    assert not {0.0, 1.0} & set(np.abs(orientation[3:]).tolist())


def test_ct_is_in_hounsfield_units() -> None:
    dataset = read(ct_series(8, 128, 128)[5])
    units = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    assert units[0, 0] == pytest.approx(-1000, abs=20)
    assert units.max() > 800
    assert 10 < np.median(units[40:88, 48:80]) < 60


def test_the_cine_moves_in_colour() -> None:
    dataset = read(ultrasound_cine(12, 96, 128)[0])
    frames = dataset.pixel_array
    assert frames.shape == (12, 96, 128, 3)
    assert all((a != b).any() for a, b in pairwise(frames))
    inside = frames[:, :, 10:100].astype(int)
    assert np.abs(inside[..., 0] - inside[..., 2]).max() > 100


def test_the_mammogram_keeps_to_its_twelve_bits() -> None:
    dataset = read(mammogram(256, 208)[0])
    assert (dataset.BitsStored, dataset.HighBit, dataset.ImageLaterality) == (12, 11, "R")
    assert 1000 < dataset.pixel_array.max() <= 4095


def test_a_series_has_a_length_and_an_end() -> None:
    series = ct_series(3, 16, 16)
    assert len(series) == len(list(series)) == 3
    assert series[-1] == series[2]
    with pytest.raises(IndexError):
        series[3]
