"""An archive whose content the tests know by heart: which bytes, in which series, drawn how."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from pacs_proxy.demo.load import store
from pacs_proxy.demo.phantom import Series
from tests.e2e.slices import Barred
from tests.e2e.textured import Textured

KINDS = ("<i2", "<u2", "u1", "i1", "<i4", "<u4", "<f4")


@dataclass(frozen=True)
class Book:
    """One stored series; instances in the order they were given."""

    study: str
    series: str
    instances: tuple[str, ...]


@dataclass
class Shelf:
    """What was stored in an Orthanc, by Orthanc's identifiers."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, contents: Sequence[bytes] | Series | Barred | Textured) -> Book:
        """Store the files of one series."""
        instances = []
        for content in map(contents.__getitem__, range(len(contents))):
            instances.append(store(self.url, content))
            self.files[instances[-1]] = content
        series = str(self.asked(f"instances/{instances[0]}")["ParentSeries"])
        study = str(self.asked(f"series/{series}")["ParentStudy"])
        return Book(study, series, tuple(instances))

    def pixels(self, image_id: str) -> NDArray[np.float64]:
        """The values a picture must be made of, from the stored file: pydicom's, rescaled."""
        instance, _, frame = image_id.removeprefix("vdcm:").partition("?frame=")
        dataset = dcmread(io.BytesIO(self.files[instance]))
        values = dataset.pixel_array
        if int(dataset.get("NumberOfFrames", 1) or 1) > 1:
            values = values[int(frame or 1) - 1]
        slope = float(dataset.get("RescaleSlope", 1) or 1)
        rescaled: NDArray[np.float64] = values * slope + float(dataset.get("RescaleIntercept", 0))
        return rescaled

    def asked(self, path: str) -> dict[str, Any]:
        with urlopen(f"{self.url}/{path}") as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def digests(values: NDArray[Any]) -> set[str]:
    """The MD5 of these values in every number type that holds them exactly."""
    exact = values.astype(np.float64)
    with np.errstate(invalid="ignore"):
        held = [exact.astype(kind) for kind in KINDS]
    return {
        hashlib.md5(one.tobytes(), usedforsecurity=False).hexdigest()
        for one in held
        if np.array_equal(one.astype(np.float64), exact)
    }


def is_drawn_right(shelf: Shelf, drawn: dict[str, object] | None) -> bool:
    """Whether these pixels are, to the last bit, those of the file that they claim to be."""
    if drawn is None:
        return False
    return drawn["md5"] in digests(shelf.pixels(str(drawn["imageId"])))
