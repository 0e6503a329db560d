"""Single images of the phantoms as whole DICOM files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from pacs_proxy.demo import breast, sector
from pacs_proxy.demo.anatomy import head
from pacs_proxy.demo.geometry import Plane
from pacs_proxy.demo.headers import SeriesHeader, whole_file

INTERCEPT = -1024
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
ULTRASOUND_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
MAMMOGRAPHY = "1.2.840.10008.5.1.4.1.1.1.2"


@dataclass(frozen=True)
class Stack:
    """The planes of a series and the distance between them in millimetres."""

    planes: list[Plane]
    spacing: float


def _place(dataset: Dataset, plane: Plane, spacing: float) -> None:
    """Write where the plane lies."""
    dataset.ImagePositionPatient = [round(value, 4) for value in plane.origin]
    dataset.ImageOrientationPatient = [
        round(float(value), 6) for value in (*plane.along_row, *plane.down_column)
    ]
    dataset.PixelSpacing = [round(plane.spacing, 5)] * 2
    dataset.SliceThickness = dataset.SpacingBetweenSlices = round(spacing, 4)
    dataset.SliceLocation = round(float(np.dot(plane.origin, plane.normal)), 3)
    dataset.PatientPosition = "HFS"


def _noise(plane: Plane, index: int, sigma: float) -> NDArray[np.float32]:
    random = np.random.default_rng((index, plane.rows, plane.columns))
    return random.standard_normal((plane.rows, plane.columns), np.float32) * np.float32(sigma)


def ct_file(header: SeriesHeader, stack: Stack, index: int) -> bytes:
    plane, dataset = stack.planes[index], header.instance(index + 1)
    signed = header.recipe[3]
    _place(dataset, plane, stack.spacing)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, INTERCEPT, "HU"
    dataset.WindowCenter, dataset.WindowWidth = [40, 500], [90, 2500]
    dataset.WindowCenterWidthExplanation = ["BRAIN", "BONE"]
    dataset.KVP, dataset.XRayTubeCurrent, dataset.ConvolutionKernel = 120, 280, "H30s"
    dataset.GantryDetectorTilt = 0
    units = head(plane, "CT") + _noise(plane, index, 3.6)
    stored = np.clip(np.rint(units) - INTERCEPT, 0, 4095).astype("<i2" if signed else "<u2")
    return whole_file(dataset, stored[None], 16, header.transfer_syntax)


def mr_file(header: SeriesHeader, stack: Stack, index: int) -> bytes:
    plane, dataset = stack.planes[index], header.instance(index + 1)
    weighting = str(header.recipe[3])
    _place(dataset, plane, stack.spacing)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    dataset.ScanningSequence, dataset.SequenceVariant = "SE", "SK"
    dataset.ScanOptions, dataset.MRAcquisitionType = "", "2D"
    dataset.MagneticFieldStrength = 3
    dataset.RepetitionTime, dataset.EchoTime = (4500, 98) if weighting == "T2" else (520, 11)
    dataset.WindowCenter, dataset.WindowWidth = (450, 900) if weighting == "T2" else (420, 840)
    # Rician noise: the magnitude of a complex signal, never below zero.
    signal = head(plane, weighting).clip(0) * np.float32(0.92)
    real, imaginary = (_noise(plane, 2 * index + part, 14) for part in (0, 1))
    stored = np.rint(np.hypot(signal + real, imaginary)).clip(0, 4095).astype("<u2")
    return whole_file(dataset, stored[None], 16, header.transfer_syntax)


def ultrasound_file(header: SeriesHeader, frames: int, rows: int, columns: int) -> bytes:
    dataset = header.instance(1)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "0001"]
    dataset.NumberOfFrames = frames
    dataset.FrameTime, dataset.CineRate = round(1000 / 30, 3), 30
    dataset.RecommendedDisplayFrameRate = 30
    dataset.FrameIncrementPointer = 0x00181063
    dataset.SequenceOfUltrasoundRegions = [_region(rows, columns)]
    dataset.LossyImageCompression = "00"
    return whole_file(dataset, sector.cine(frames, rows, columns), 8, header.transfer_syntax)


def _region(rows: int, columns: int) -> Dataset:
    """Calibrate the sector: 160 mm from top to bottom."""
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = 1, 1, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, 0
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = columns - 1, rows - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX = region.PhysicalDeltaY = 16.0 / rows
    return region


def mammogram_file(header: SeriesHeader, rows: int, columns: int) -> bytes:
    dataset = header.instance(1)
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ImageLaterality, dataset.ViewPosition = "R", "CC"
    dataset.PatientOrientation = ["P", "L"]
    dataset.ImagerPixelSpacing = [round(286.72 / rows, 5)] * 2
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", 1
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, 0, "US"
    dataset.PresentationLUTShape, dataset.BurnedInAnnotation = "IDENTITY", "NO"
    dataset.WindowCenter, dataset.WindowWidth = 1750, 3000
    dataset.LossyImageCompression = "00"
    frame = breast.mammogram(rows, columns).astype("<u2")
    return whole_file(dataset, frame[None], 12, header.transfer_syntax)
