"""VL Whole Slide Microscopy images (PS3.3 A.32.8): one instance for each level of a pyramid."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID, VLWholeSlideMicroscopyImageStorage

from pacs_proxy.ingest.tiff.datasets import Source, begun, profile_of
from pacs_proxy.ingest.tiff.plan import TILE, Piece, tiles_of
from pacs_proxy.ingest.tiff.target import uid_of

# Nobody measures how thick what lies on a slide is; this is what is usually cut (mm).
_THICKNESS = 0.004


def slide(source: Source, piece: Piece, level: int) -> Dataset:
    """One level, 0 being the full size."""
    made = begun(source, piece, "slide", level + 1)
    made.SOPClassUID = VLWholeSlideMicroscopyImageStorage
    resampled = "RESAMPLED" if level else "NONE"
    made.ImageType = ["DERIVED", "PRIMARY", "VOLUME", resampled]
    made.AcquisitionDateTime = source.tiff.taken or source.moment.strftime("%Y%m%d%H%M%S")
    made.Columns = made.Rows = TILE
    made.VolumetricProperties = "VOLUME"
    made.SpecimenLabelInImage, made.FocusMethod, made.ExtendedDepthOfField = "NO", "AUTO", "NO"
    made.AcquisitionContextSequence = []
    _matrix(made, source, piece, level)
    _specimen(made, source)
    _optics(made, source, piece)
    _groups(made, piece, level)
    return made


def _matrix(made: Dataset, source: Source, piece: Piece, level: int) -> None:
    width, height = piece.levels[level]
    place = str(piece.pages[0])
    made.TotalPixelMatrixColumns, made.TotalPixelMatrixRows = width, height
    made.TotalPixelMatrixFocalPlanes = 1
    made.NumberOfFrames = tiles_of(width, height)
    made.DimensionOrganizationType = "TILED_FULL"
    organisation = Dataset()
    organisation.DimensionOrganizationUID = UID(uid_of("tiles", source.upload_id, place))
    made.DimensionOrganizationSequence = [organisation]
    made.PyramidUID = UID(uid_of("pyramid", source.upload_id, place))
    made.FrameOfReferenceUID = UID(uid_of("frame", source.upload_id, place))
    made.PositionReferenceIndicator = "SLIDE_CORNER"
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem = origin.YOffsetInSlideCoordinateSystem = "0"
    made.TotalPixelMatrixOriginSequence = [origin]
    made.ImageOrientationSlide = ["0", "-1", "0", "-1", "0", "0"]
    if piece.spacing:
        down, across = piece.spacing
        full_width, full_height = piece.levels[0]
        made.ImagedVolumeWidth, made.ImagedVolumeHeight = across * full_width, down * full_height
        made.ImagedVolumeDepth = _THICKNESS * 1000


def _specimen(made: Dataset, source: Source) -> None:
    made.ContainerIdentifier = "UNKNOWN"
    made.IssuerOfTheContainerIdentifierSequence = []
    made.ContainerTypeCodeSequence = [_code("433466003", "SCT", "Microscope slide")]
    specimen = Dataset()
    specimen.SpecimenIdentifier = "UNKNOWN"
    specimen.SpecimenUID = UID(uid_of("specimen", source.upload_id))
    specimen.IssuerOfTheSpecimenIdentifierSequence = []
    specimen.SpecimenPreparationSequence = []
    made.SpecimenDescriptionSequence = [specimen]


def _optics(made: Dataset, source: Source, piece: Piece) -> None:
    path = Dataset()
    path.OpticalPathIdentifier = "1"
    path.IlluminationTypeCodeSequence = [_code("111741", "DCM", "Transmission illumination")]
    path.IlluminationColorCodeSequence = [_code("414298005", "SCT", "Full Spectrum")]
    if piece.page.colour:
        path.ICCProfile = profile_of(source.tiff)
    made.NumberOfOpticalPaths = 1
    made.OpticalPathSequence = [path]


def _groups(made: Dataset, piece: Piece, level: int) -> None:
    shared = Dataset()
    if piece.spacing:
        measures = Dataset()
        measures.PixelSpacing = [f"{value * (1 << level):.10g}" for value in piece.spacing]
        measures.SliceThickness = f"{_THICKNESS:g}"
        shared.PixelMeasuresSequence = [measures]
    kind = Dataset()
    kind.FrameType = made.ImageType
    shared.WholeSlideMicroscopyImageFrameTypeSequence = [kind]
    path = Dataset()
    path.OpticalPathIdentifier = "1"
    shared.OpticalPathIdentificationSequence = [path]
    made.SharedFunctionalGroupsSequence = [shared]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
