"""An Enhanced CT: one file of many frames, each with its own place and its own rescale."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage

from tests.e2e.textured import Textured

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Enhanced:
    """The pictures of `slices` as frames in another order than they lie; `left_out` are missing."""

    slices: Textured
    left_out: tuple[int, ...] = ()
    order: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        kept = [at for at in range(len(self.slices)) if at not in self.left_out]
        object.__setattr__(self, "order", tuple(kept[1::2] + kept[::2]))

    def file(self) -> bytes:
        target = DicomBytesIO()
        dcmwrite(target, self._dataset(), enforce_file_format=True)
        return bytes(target.getvalue())

    def rescale(self, at: int) -> tuple[float, float]:
        """Slope and intercept of the frame of slice `at`: no two are alike."""
        return 1 + at / 4, -1000 - 10 * at

    def values(self) -> Values:
        """[slice, row, column] in the order in which they lie, rescaled."""
        slices = [at for at in range(len(self.slices)) if at not in self.left_out]
        stored = [self.slices._values(at).astype(float) for at in slices]
        pairs = [self.rescale(at) for at in slices]
        return np.array([v * slope + low for v, (slope, low) in zip(stored, pairs, strict=True)])

    def _dataset(self) -> Dataset:
        dataset = self.slices._dataset(0)
        dataset.SOPClassUID = EnhancedCTImageStorage
        for keyword in (
            "PixelSpacing",
            "SliceThickness",
            "ImageOrientationPatient",
            "ImagePositionPatient",
            "RescaleSlope",
            "RescaleIntercept",
            "RescaleType",
            "WindowCenter",
            "WindowWidth",
        ):
            delattr(dataset, keyword)
        dataset.NumberOfFrames = len(self.order)
        dataset.SharedFunctionalGroupsSequence = [self._shared()]
        dataset.PerFrameFunctionalGroupsSequence = Sequence(self._frame(at) for at in self.order)
        dataset.PixelData = b"".join(self.slices._values(at).tobytes() for at in self.order)
        return dataset

    def _shared(self) -> Dataset:
        group, lie, size = Dataset(), Dataset(), Dataset()
        lie.ImageOrientationPatient = list(self.slices.orientation)
        size.PixelSpacing, size.SliceThickness = [self.slices.down, self.slices.across], 4
        group.PlaneOrientationSequence, group.PixelMeasuresSequence = [lie], [size]
        return group

    def _frame(self, at: int) -> Dataset:
        group, place, table = Dataset(), Dataset(), Dataset()
        spot = np.array(self.slices.origin) + at * np.array(self.slices.step)
        place.ImagePositionPatient = [float(part) for part in spot]
        table.RescaleSlope, table.RescaleIntercept = self.rescale(at)
        table.RescaleType = "HU"
        group.PlanePositionSequence, group.PixelValueTransformationSequence = [place], [table]
        return group
