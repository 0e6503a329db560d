"""Secondary Capture images (PS3.3 A.8): pictures small enough to be looked at whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.tag import Tag
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from pacs_proxy.ingest.tiff.datasets import Source, begun
from pacs_proxy.ingest.tiff.plan import Piece

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PAGE_NUMBERS = 0x00182001


def capture(source: Source, piece: Piece) -> Dataset:
    """One page as Secondary Capture, several alike as one of its multi-frame kinds."""
    made = _capture(source, piece, "capture", piece.levels[0], piece.spacing)
    if len(piece.pages) == 1:
        return made
    made.SOPClassUID = _multi_frame(piece)
    made.NumberOfFrames = len(piece.pages)
    made.FrameIncrementPointer = Tag(_PAGE_NUMBERS)
    made.PageNumberVector = [number + 1 for number in piece.pages]
    return made


def overview(source: Source, piece: Piece, level: int) -> Dataset:
    """A level of a slide as one picture, for viewers that know no slides."""
    factor = 1 << level
    spacing = piece.spacing and (piece.spacing[0] * factor, piece.spacing[1] * factor)
    made = _capture(source, piece, "overview", piece.levels[level], spacing)
    made.DerivationDescription += f" Reduced {factor} times."
    return made


def _capture(
    source: Source,
    piece: Piece,
    role: str,
    size: tuple[int, int],
    spacing: tuple[float, float] | None,
) -> Dataset:
    made = begun(source, piece, role, 1)
    made.SOPClassUID = SecondaryCaptureImageStorage
    made.ConversionType = "WSD"
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.PatientOrientation = made.Laterality = ""
    made.Columns, made.Rows = size
    if spacing:
        made.PixelSpacing = made.NominalScannedPixelSpacing = [f"{value:.10g}" for value in spacing]
    return made


def _multi_frame(piece: Piece) -> str:
    if piece.page.colour:
        return str(MultiFrameTrueColorSecondaryCaptureImageStorage)
    if piece.page.bytes_each > 1:
        return str(MultiFrameGrayscaleWordSecondaryCaptureImageStorage)
    return str(MultiFrameGrayscaleByteSecondaryCaptureImageStorage)
