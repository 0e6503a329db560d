"""Our own reports read back: which figures lie on which images."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from pacs_proxy.ingest.identity import Identity
from pacs_proxy.measurements.marks import KINDS, Mark, Value
from pacs_proxy.measurements.report import HALF, MAKER, NAMES, PREFIX, UNITS

_UUID_ROOT = "2.25."
_QUANTITIES = {code.value: name for name, code in NAMES.items()}
_UNITS = {code.value: unit for unit, code in UNITS.items()}


@dataclass(frozen=True)
class Report:
    """When it was made, as DICOM writes date and time, by whom, and what is in it."""

    made: str
    observer: str
    marks: tuple[Mark, ...]


def read(file: bytes) -> Report | None:
    """None where the file is no report of ours."""
    try:
        dataset = dcmread(BytesIO(file))
    except InvalidDicomError:
        return None
    if dataset.get("Manufacturer") != MAKER or dataset.get("Modality") != "SR":
        return None
    homes = _homes(dataset)
    marks = [_mark(group, homes) for group in _groups(dataset)]
    return Report(
        made=f"{dataset.ContentDate}{dataset.ContentTime}",
        observer=_text(dataset, "121008").rstrip("^"),
        marks=tuple(mark for mark in marks if mark),
    )


def _homes(dataset: Dataset) -> dict[str, str]:
    """The archive's identifier of each instance the report is about, by SOP Instance UID."""
    patient, study = str(dataset.get("PatientID", "")), str(dataset.StudyInstanceUID)
    return {
        str(image.ReferencedSOPInstanceUID): Identity(
            patient, study, str(series.SeriesInstanceUID), str(image.ReferencedSOPInstanceUID)
        ).instance
        for request in dataset.get("CurrentRequestedProcedureEvidenceSequence", [])
        for series in request.ReferencedSeriesSequence
        for image in series.ReferencedSOPSequence
    }


def _items(dataset: Dataset) -> Iterator[Dataset]:
    for item in dataset.get("ContentSequence", []):
        yield item
        yield from _items(item)


def _code(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeValue) if names else ""


def _groups(dataset: Dataset) -> Iterator[Dataset]:
    return (item for item in _items(dataset) if _code(item) == "125007")


def _text(dataset: Dataset, code: str) -> str:
    for item in _items(dataset):
        if _code(item) == code:
            return str(item.get("TextValue", item.get("PersonName", item.get("UID", ""))))
    return ""


def _mark(group: Dataset, homes: dict[str, str]) -> Mark | None:
    prefix, _, rest = _text(group, "112039").partition(":")
    kind, _, label = rest.partition(":")
    region = next((item for item in _items(group) if item.ValueType == "SCOORD"), None)
    uid = _text(group, "112040")
    if prefix != PREFIX or kind not in KINDS or region is None or not uid.startswith(_UUID_ROOT):
        return None
    image = region.ContentSequence[0].ReferencedSOPSequence[0]
    instance = homes.get(str(image.ReferencedSOPInstanceUID))
    if instance is None:
        return None
    return Mark(
        id=uuid.UUID(int=int(uid.removeprefix(_UUID_ROOT))),
        instance=instance,
        frame=int(image.get("ReferencedFrameNumber", 0) or 0),
        kind=kind,
        points=_points(kind, [float(value) - HALF for value in region.GraphicData]),
        label=label,
        values=tuple(_values(group)),
    )


def _points(kind: str, flat: list[float]) -> tuple[tuple[float, float], ...]:
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    if kind == "rectangle":
        pairs = [pairs[0], pairs[1], pairs[3], pairs[2]]
    elif kind == "freehand":
        pairs = pairs[:-1]
    return tuple(pairs)


def _values(group: Dataset) -> Iterator[Value]:
    for item in group.ContentSequence:
        if item.ValueType != "NUM":
            continue
        measured = item.MeasuredValueSequence[0]
        unit = str(measured.MeasurementUnitsCodeSequence[0].CodeValue)
        name = _QUANTITIES.get(_code(item))
        if name is not None:
            yield Value(name, float(measured.NumericValue), _UNITS.get(unit, ""))
