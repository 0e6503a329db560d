"""The shared corpus in an archive, and what each of its pictures must look like."""

import csv
import io
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array  # type: ignore[attr-defined]

CORPUS = Path(os.environ.get("PACS_PROXY_CORPUS") or Path(__file__).parents[3] / "shared" / "data")
MANIFEST = CORPUS / "MANIFEST.tsv"
NOT_SINGLE_FILES = ("archives/", "tiff/")
LOSSY = {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 81, 91, 112, 203)}
JPEG_XL = {f"1.2.840.10008.1.2.4.{n}" for n in (110, 111, 112)}
TABLE = "PixelValueTransformationSequence"
Pixels = NDArray[Any]
# Of values: what two right decoders of a lossy stream may differ by.
SLACK = 3.0


@dataclass
class Corpus:
    """An archive of it: the file behind each instance, and its series as (study, instances).

    Some files are versions of the same instance. They come in rounds, each overwriting the one
    before, so that whoever holds on to an older version is found out.
    """

    url: str
    names: dict[str, str] = field(default_factory=dict)
    series: dict[str, tuple[str, list[str]]] = field(default_factory=dict)

    def rounds(self) -> Iterator[set[str]]:
        """Store what Orthanc takes; gives the instances that are new or other than before."""
        with MANIFEST.open(newline="") as table:
            rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
        # The note about what kills Orthanc is believed.
        waiting = [
            row["file"]
            for row in rows
            if not row["file"].startswith(NOT_SINGLE_FILES) and "CRASH" not in row["orthanc"]
        ]
        while waiting:
            stored, waiting = self._round(waiting)
            yield stored

    def _round(self, files: list[str]) -> tuple[set[str], list[str]]:
        stored: set[str] = set()
        later = []
        for name in files:
            instance = self._store(name)
            if instance in stored:
                later.append(name)
                self._store(self.names[instance])
            elif instance:
                stored.add(instance)
                self.names[instance] = name
        for instance in stored:
            self._shelve(instance)
        return stored, later

    def _shelve(self, instance: str) -> None:
        series = self.asked(f"instances/{instance}")["ParentSeries"]
        study = self.asked(f"series/{series}")["ParentStudy"]
        instances = self.series.setdefault(series, (study, []))[1]
        if instance not in instances:
            instances.append(instance)

    def asked(self, path: str) -> dict[str, str]:
        with urlopen(f"{self.url}/{path}") as answer:
            found: dict[str, str] = json.load(answer)
            return found

    def stored(self, instance: str) -> bytes:
        """What Orthanc itself says it stored."""
        with urlopen(f"{self.url}/instances/{instance}/file") as answer:
            return bytes(answer.read())

    def _store(self, name: str) -> str:
        """Orthanc's identifier; empty when it refuses the file."""
        try:
            with urlopen(f"{self.url}/instances", (CORPUS / name).read_bytes()) as answer:
                said = json.load(answer)
        except HTTPError:
            return ""
        return str(said["ID"]) if isinstance(said, dict) else ""


@dataclass(frozen=True)
class Values:
    """What is compared of a picture."""

    count: int
    sum: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Pixels) -> "Values":
        wide = values.astype(np.float64)
        return cls(wide.size, float(wide.sum()), float(wide.min()), float(wide.max()))

    def differs(self, other: "Values", slack: float) -> str:
        """Empty when they are the same picture as far as these numbers tell."""
        if self.count != other.count:
            return f"{self.count} values, not {other.count}"
        mean = abs(self.sum - other.sum) / self.count
        ends = max(abs(self.min - other.min), abs(self.max - other.max))
        if mean > max(slack / 3, 1e-4 * (abs(other.max) + 1)) or ends > 20 * slack + 1e-3:
            return f"{self} is not {other}"
        return ""


def reference(data: bytes, frame: int) -> Pixels | None:
    """As pydicom decodes it, with decoders that are not ours; None when it cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(io.BytesIO(data), force=True)
            return _drawn(dataset, frame)
    except (Exception, RecursionError):  # noqa: BLE001 - whatever a decoder may throw at odd files
        return None


def slack(data: bytes) -> float:
    """How much the values may differ."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dcmread(io.BytesIO(data), stop_before_pixels=True, force=True)
    return SLACK if dataset.file_meta.get("TransferSyntaxUID") in LOSSY else 0.0


def _drawn(dataset: Dataset, frame: int) -> Pixels:
    if dataset.file_meta.TransferSyntaxUID in JPEG_XL:
        values: Pixels = imagecodecs.jpegxl_decode(next(generate_frames(dataset.PixelData)))
    else:
        values = pixel_array(dataset, index=frame - 1, raw=False)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        return _eight_bits(apply_color_lut(values, dataset)[..., :3])
    if int(dataset.SamplesPerPixel) > 1:
        return _eight_bits(values)
    return _rescaled(values, dataset, frame)


def _eight_bits(colour: Pixels) -> Pixels:
    return colour >> 8 * (colour.dtype.itemsize - 1)


def _rescaled(values: Pixels, dataset: Dataset, frame: int) -> Pixels:
    """Also by the tables of enhanced objects, and doses in Gray."""
    if dataset.get("Modality") == "RTDOSE":
        return values * float(dataset.DoseGridScaling)
    groups = [
        *list(dataset.get("PerFrameFunctionalGroupsSequence", []))[frame - 1 : frame],
        *dataset.get("SharedFunctionalGroupsSequence", []),
    ]
    found = [group.PixelValueTransformationSequence[0] for group in groups if TABLE in group]
    return apply_modality_lut(values, found[0] if found else dataset)
