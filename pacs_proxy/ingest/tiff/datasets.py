"""The DICOM headers around converted pixels; the same upload always gives the same bytes."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, JPEGLSLossless

from pacs_proxy.ingest.tiff.plan import Piece, Tiff
from pacs_proxy.ingest.tiff.target import Target, uid_of

_WRITER_UID = "2.25.228563283203117427107441126208083497744"
_WRITER_NAME = "PACS PROXY 1"
# Not the program's version: an update between a crash and the repetition must change no byte.
_SOFTWARE = "TIFF conversion 1"
_SHORTEST_PROFILE = 128
_SIXTEEN_BIT = 16


@dataclass(frozen=True, slots=True)
class Source:
    """The upload: who it is for, when it came, what it was; `window` only for 16 bit."""

    upload_id: str
    received: float
    target: Target
    tiff: Tiff
    sha256: str
    window: tuple[float, float] | None = None

    @property
    def moment(self) -> datetime:
        """When it came, in UTC."""
        return datetime.fromtimestamp(self.received, UTC)


def begun(source: Source, piece: Piece, role: str, number: int) -> Dataset:
    """What every instance has: patient, study, series, equipment, derivation, pixels.

    `role` is what the series holds (`slide`, `capture`, `overview`), `number` the instance's.
    """
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    _whose(made, source)
    _series(made, source, piece, role)
    made.InstanceNumber = number
    place = f"{piece.pages[0]}"
    made.SOPInstanceUID = UID(uid_of("instance", source.upload_id, place, role, str(number)))
    date, time = source.moment.strftime("%Y%m%d"), source.moment.strftime("%H%M%S")
    made.ContentDate, made.ContentTime = date, time
    made.InstanceCreationDate, made.InstanceCreationTime = date, time
    made.TimezoneOffsetFromUTC = "+0000"
    made.DerivationDescription = _derivation(source, piece)
    _pixels(made, source, piece)
    return made


def _whose(made: Dataset, source: Source) -> None:
    target, moment = source.target, source.moment
    made.PatientName, made.PatientID = target.patient_name, target.patient_id
    made.PatientBirthDate, made.PatientSex = target.birth_date, target.sex
    made.StudyInstanceUID = UID(target.study_uid)
    made.StudyDate, made.StudyTime = target.study_date, target.study_time
    if not target.study_date:
        made.StudyDate, made.StudyTime = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    made.StudyDescription, made.StudyID = target.study_description, target.study_id
    made.AccessionNumber, made.ReferringPhysicianName = target.accession, target.referring


def _series(made: Dataset, source: Source, piece: Piece, role: str) -> None:
    place = piece.pages[0]
    made.SeriesInstanceUID = UID(uid_of("series", source.upload_id, str(place), role))
    made.SeriesNumber = 2 * place + (2 if role == "overview" else 1)
    made.Modality = "SM" if role == "slide" else "OT"
    made.SeriesDescription = {"slide": "Slide", "overview": "Slide, overview"}.get(role, "Picture")
    made.Manufacturer, made.ManufacturerModelName = "PACS Proxy", "TIFF conversion"
    made.DeviceSerialNumber, made.SoftwareVersions = "none", _SOFTWARE


def _derivation(source: Source, piece: Piece) -> str:
    pages = "page" if len(piece.pages) == 1 else "pages"
    numbers = f"{piece.pages[0] + 1}"
    if len(piece.pages) > 1:
        numbers += f" to {piece.pages[-1] + 1}"
    said = [f"Converted from TIFF, {pages} {numbers} of {len(source.tiff.pages)}."]
    if piece.page.extra:
        said.append("Alpha channel left out.")
    return " ".join([*said, f"SHA-256 of the TIFF: {source.sha256}"])


def _pixels(made: Dataset, source: Source, piece: Piece) -> None:
    page = piece.page
    bits = 8 if page.colour else 8 * page.bytes_each
    made.SamplesPerPixel = 3 if page.colour else 1
    made.PhotometricInterpretation = "RGB" if page.colour else "MONOCHROME2"
    if page.colour:
        made.PlanarConfiguration = 0
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = 0
    # Nobody looked: who removes identities must look at these pictures.
    made.BurnedInAnnotation = "YES"
    made.LossyImageCompression = "01" if page.is_lossy else "00"
    if page.is_lossy:
        made.LossyImageCompressionRatio = f"{piece.ratio:.4g}"
        made.LossyImageCompressionMethod = "ISO_10918_1"
    if not page.colour:
        made.PresentationLUTShape = "IDENTITY"
        made.RescaleIntercept, made.RescaleSlope, made.RescaleType = "0", "1", "US"
    if bits == _SIXTEEN_BIT and source.window:
        low, high = source.window
        made.WindowCenter, made.WindowWidth = f"{(low + high) / 2:.10g}", f"{high - low:.10g}"


def profile_of(tiff: Tiff) -> bytes:
    """The TIFF's own RGB profile where it is sound, else sRGB, always of the same bytes."""
    try:
        own = base64.b64decode(tiff.profile, validate=True)
    except ValueError:
        own = b""
    if len(own) >= _SHORTEST_PROFILE and own[36:40] == b"acsp" and own[16:20] == b"RGB ":
        return own
    from PIL import ImageCms  # slow to load, and seldom needed

    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1 7.2: the moment of making, and a digest of everything.
    made[24:36], made[84:100] = struct.pack(">6H", 2026, 1, 1, 0, 0, 0), bytes(16)
    return bytes(made)


def written(dataset: Dataset, frames: int) -> tuple[bytes, int]:
    """The file up to its first frame, and where its table of frames lies (0: it has none).

    The table (PS3.3 C.7.6.3, Extended Offset Table) is zeros until the frames are known.
    """
    dataset.file_meta = _meta(dataset)
    out = io.BytesIO()
    dcmwrite(out, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
    table = 0
    if frames > 1:
        table = out.tell()
        for element in (1, 2):
            out.write(struct.pack("<HH2sHI", 0x7FE0, element, b"OV", 0, 8 * frames))
            out.write(bytes(8 * frames))
    out.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF))
    # An empty basic offset table.
    out.write(struct.pack("<HHI", 0xFFFE, 0xE000, 0))
    return out.getvalue(), table


def _meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = JPEGLSLossless
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(_WRITER_UID), _WRITER_NAME
    return meta
