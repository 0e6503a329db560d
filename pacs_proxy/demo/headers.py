"""Headers of generated DICOM files: who, which study, which series, which pixels."""

import io
from dataclasses import dataclass, field
from typing import Any

import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from pacs_proxy.demo.syntaxes import set_pixels
from pacs_proxy.demo.uids import uid

IMPLEMENTATION = uid("implementation")
DATE, TIME = "20260914", "101500"


@dataclass(frozen=True)
class Patient:
    """A person who does not exist; `charset` is SpecificCharacterSet."""

    name: str = "Demo^Head"
    identifier: str = "DEMO-0001"
    birth_date: str = "19610412"
    sex: str = "F"
    charset: str | tuple[str, ...] = "ISO_IR 192"


@dataclass(frozen=True)
class Study:
    """One examination of a patient."""

    patient: Patient = field(default_factory=Patient)
    description: str = "Head"
    accession: str = "DEMO-A1"
    date: str = DATE

    @property
    def uid(self) -> str:
        """Give the StudyInstanceUID that all its series share."""
        return uid("study", self)

    def header(self) -> Dataset:
        """Give the patient and study modules."""
        dataset = Dataset()
        charset = self.patient.charset
        dataset.SpecificCharacterSet = charset if isinstance(charset, str) else list(charset)
        dataset.PatientName = self.patient.name
        dataset.PatientID = self.patient.identifier
        dataset.PatientBirthDate = self.patient.birth_date
        dataset.PatientSex = self.patient.sex
        dataset.StudyInstanceUID = self.uid
        dataset.StudyID = self.accession[-2:]
        dataset.StudyDescription = self.description
        dataset.AccessionNumber = self.accession
        dataset.StudyDate, dataset.StudyTime = self.date, TIME
        dataset.ReferringPhysicianName = ""
        return dataset


@dataclass(frozen=True)
class SeriesHeader:
    """What all instances of one series have in common."""

    study: Study
    modality: str
    sop_class: str
    number: int
    description: str
    transfer_syntax: str = ExplicitVRLittleEndian
    body_part: str = "HEAD"
    # Whatever else makes the pixels different, so that other pixels have other UIDs.
    recipe: tuple[object, ...] = ()

    def instance(self, number: int) -> Dataset:
        """Give the header of one instance, numbered from 1."""
        dataset = self.study.header()
        dataset.SOPClassUID = self.sop_class
        dataset.SOPInstanceUID = uid("instance", self, number)
        dataset.SeriesInstanceUID = uid("series", self)
        dataset.FrameOfReferenceUID = uid("frame of reference", self.study)
        dataset.PositionReferenceIndicator = ""
        dataset.Modality = self.modality
        dataset.SeriesNumber = self.number
        dataset.InstanceNumber = number
        dataset.SeriesDescription = self.description
        dataset.BodyPartExamined = self.body_part
        dataset.SeriesDate = dataset.ContentDate = dataset.AcquisitionDate = self.study.date
        dataset.SeriesTime = dataset.ContentTime = dataset.AcquisitionTime = TIME
        dataset.Manufacturer = "PACS Proxy"
        dataset.ManufacturerModelName = "Phantom, not a patient"
        return dataset


def describe_pixels(dataset: Dataset, frames: NDArray[Any], bits: int) -> None:
    """Set the image pixel module for frames [frame, row, column(, 3)]."""
    colour = frames.ndim == 4
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = frames.shape[1:3]
    dataset.BitsAllocated = frames.dtype.itemsize * 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelRepresentation = int(frames.dtype.kind == "i")


def whole_file(dataset: Dataset, frames: NDArray[Any], bits: int, transfer_syntax: str) -> bytes:
    """Give the DICOM file of a header and its frames."""
    describe_pixels(dataset, frames, bits)
    set_pixels(dataset, frames, transfer_syntax)
    dataset.file_meta = meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = pydicom.uid.UID(transfer_syntax)
    meta.ImplementationClassUID = pydicom.uid.UID(IMPLEMENTATION)
    meta.ImplementationVersionName = "PACS_PROXY_DEMO"
    target = io.BytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()
