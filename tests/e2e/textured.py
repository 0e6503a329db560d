"""CT slices whose neighbouring pixels all differ, in HU, with pixels that are not square."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.79"


@dataclass(frozen=True)
class Textured:
    """A series of such slices; `tag` tells series apart, `study` studies, `plane` how they lie."""

    tag: int = 1
    study: int = 1
    count: int = 3
    rows: int = 120
    columns: int = 140
    down: float = 1.5
    across: float = 0.75
    modality: str = "CT"
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0)
    origin: tuple[float, float, float] = (-50, -90, 0)
    step: tuple[float, float, float] = (0, 0, 4)
    date: str = "20260202"
    description: str = "Textured"
    patient: str = "TEXTURED"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> bytes:
        """The file of slice `index`, in viewing order."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        target = DicomBytesIO()
        dcmwrite(target, self._dataset(index), enforce_file_format=True)
        return bytes(target.getvalue())

    def _values(self, index: int) -> NDArray[np.uint16]:
        seed = np.random.default_rng([self.study, self.tag, index])
        rows, columns = np.mgrid[: self.rows, : self.columns]
        smooth = 900 + 4 * rows + 2 * columns
        values: NDArray[np.uint16] = (smooth + seed.integers(0, 300, smooth.shape)).astype("<u2")
        return values

    def _dataset(self, index: int) -> Dataset:
        dataset = self._header(index)
        dataset.PixelSpacing, dataset.SliceThickness = [self.down, self.across], 4
        dataset.ImageOrientationPatient = list(self.orientation)
        place = np.array(self.origin) + index * np.array(self.step)
        dataset.ImagePositionPatient = [float(value) for value in place]
        dataset.FrameOfReferenceUID = f"{ROOT}.{self.study}.99"
        dataset.Rows, dataset.Columns = self.rows, self.columns
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.PixelRepresentation = 0
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
        dataset.WindowCenter, dataset.WindowWidth = 500, 1400
        dataset.PixelData = self._values(index).tobytes()
        return dataset

    def _header(self, index: int) -> Dataset:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CTImageStorage
        dataset.StudyInstanceUID = f"{ROOT}.{self.study}"
        dataset.SeriesInstanceUID = f"{ROOT}.{self.study}.{self.tag}"
        dataset.SOPInstanceUID = f"{ROOT}.{self.study}.{self.tag}.{index + 1}"
        dataset.PatientName, dataset.PatientID = "Textured^Tom", self.patient
        dataset.PatientBirthDate, dataset.PatientSex = "19700101", "M"
        dataset.StudyDate, dataset.StudyTime = self.date, "101500"
        dataset.StudyDescription, dataset.AccessionNumber = "Textures", f"T{self.study}"
        dataset.Modality, dataset.SeriesNumber = self.modality, self.tag
        dataset.SeriesDescription, dataset.InstanceNumber = self.description, index + 1
        return dataset
