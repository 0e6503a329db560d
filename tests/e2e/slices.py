"""CT slices that carry their number as broad bars: a look at the screen tells which it is."""

from dataclasses import dataclass

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.uid import ExplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.8.498.77"
CT = "1.2.840.10008.5.1.4.1.1.2"
BARS = 12
INDEX_BITS = 8
DARK, BRIGHT, NOISE = 200, 700, 100


@dataclass(frozen=True)
class Barred:
    """A series of such slices. `tag` (0 to 15) is in the bars too: another series looks other."""

    tag: int
    count: int = 24
    side: int = 192

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> bytes:
        """The file of slice `index`, in viewing order."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        target = DicomBytesIO()
        dcmwrite(target, self._dataset(index), enforce_file_format=True)
        return bytes(target.getvalue())

    def _pixels(self, index: int) -> bytes:
        code = self.tag << INDEX_BITS | index
        bits = [code >> bit & 1 for bit in range(BARS)]
        bars = np.repeat([BRIGHT if bit else DARK for bit in bits], self.side // BARS)
        noise = np.random.default_rng(code).integers(0, NOISE, (self.side, self.side))
        return bytes((bars[None, :] + noise).astype("<u2").tobytes())

    def _dataset(self, index: int) -> Dataset:
        dataset = self._header(index)
        dataset.PixelSpacing, dataset.SliceThickness = [1, 1], 2
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [0, 0, 2 * index]
        dataset.Rows = dataset.Columns = self.side
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.PixelRepresentation = 0
        dataset.WindowCenter, dataset.WindowWidth = 500, 1000
        dataset.PixelData = self._pixels(index)
        return dataset

    def _header(self, index: int) -> Dataset:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.SOPClassUID = CT
        dataset.StudyInstanceUID = f"{ROOT}.{self.tag}"
        dataset.SeriesInstanceUID = f"{ROOT}.{self.tag}.{self.side}"
        dataset.SOPInstanceUID = f"{ROOT}.{self.tag}.{self.side}.{index + 1}"
        dataset.PatientName, dataset.PatientID = f"Bars^{self.tag}", f"BARS-{self.tag}"
        dataset.StudyDate, dataset.Modality = "20260101", "CT"
        dataset.SeriesDescription, dataset.InstanceNumber = f"Bars {self.tag}", index + 1
        return dataset
