"""Figures as a structured report, TID 1500 of PS3.16, and as the bytes of a DICOM file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

import numpy as np
from highdicom.sr import (
    CodedConcept,
    ComprehensiveSR,
    ImageRegion,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    SourceImageForRegion,
    TrackingIdentifier,
)
from pydicom import Dataset  # noqa: TC002 - highdicom makes it needed anyway
from pydicom.sr.codedict import codes
from pydicom.uid import UID, generate_uid

from pacs_proxy.measurements.marks import Mark, Value

MAKER = "PACS Proxy"
# Before what a reader wrote: tells our figures from those of others, and which kind they are.
PREFIX = "pacs-proxy"
# SCOORD counts from the corner of the first pixel (PS3.3 C.10.5), the viewer from its centre.
HALF = 0.5

NAMES = {
    "length": codes.SCT.Length,
    "long": codes.SCT.LongAxis,
    "short": codes.SCT.ShortAxis,
    "angle": codes.SCT.Angle,
    "area": codes.SCT.Area,
    "mean": codes.SCT.Mean,
    "deviation": codes.SCT.StandardDeviation,
    "min": codes.SCT.Minimum,
    "max": codes.SCT.Maximum,
    "value": CodedConcept("112031", "DCM", "Attenuation Coefficient"),
}
UNITS = {
    "mm": codes.UCUM.Millimeter,
    "mm²": codes.UCUM.SquareMillimeter,
    "px": CodedConcept("{pixels}", "UCUM", "pixels"),
    "px²": CodedConcept("{pixels}2", "UCUM", "square pixels"),
    "°": codes.UCUM.Degree,
    "HU": codes.UCUM.HounsfieldUnit,
    "SUV": CodedConcept("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight"),
    "Bq/ml": CodedConcept("Bq/ml", "UCUM", "Becquerels/milliliter"),
    "": codes.UCUM.NoUnits,
}
_CLOSED = frozenset({"rectangle", "freehand"})


def written(
    marks: Sequence[Mark], evidence: Mapping[str, Dataset], observer: str, number: int
) -> bytes:
    """A new report in a series of its own; `evidence` holds the header of each marked instance.

    `observer` is a person's name, `number` the series'. What is in it is not verified (PS3.3
    C.17.2), for nobody signed it.
    """
    person = ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            # An account's name is one component, which the caret says.
            name=observer if "^" in observer else f"{observer}^"
        ),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_person_context=person),
        procedure_reported=CodedConcept("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[_group(mark, evidence[mark.instance]) for mark in marks],
        title=codes.DCM.ImagingMeasurementReport,
    )
    report = ComprehensiveSR(
        evidence=list(evidence.values()),
        content=content[0],
        series_instance_uid=generate_uid(prefix=None),
        series_number=number,
        sop_instance_uid=generate_uid(prefix=None),
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
    )
    report.SeriesDescription = "Measurements"
    report.SpecificCharacterSet = "ISO_IR 192"
    target = BytesIO()
    report.save_as(target)
    return target.getvalue()


def _group(mark: Mark, image: Dataset) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=UID(f"2.25.{mark.id.int}"), identifier=f"{PREFIX}:{mark.kind}:{mark.label}"
        ),
        referenced_region=ImageRegion(
            graphic_type=_graphic(mark),
            graphic_data=_scoord(mark),
            source_image=SourceImageForRegion(
                referenced_sop_class_uid=image.SOPClassUID,
                referenced_sop_instance_uid=image.SOPInstanceUID,
                referenced_frame_numbers=[mark.frame] if mark.frame else None,
            ),
        ),
        measurements=[_measurement(value) for value in mark.values] or None,
    )


def _measurement(value: Value) -> Measurement:
    return Measurement(NAMES[value.name], value.value, UNITS[value.unit])


def _graphic(mark: Mark) -> str:
    if mark.kind == "ellipse":
        return "ELLIPSE"
    return "POINT" if len(mark.points) == 1 else "POLYLINE"


def _scoord(mark: Mark) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    points = np.array(mark.points, dtype=np.float64) + HALF
    if mark.kind == "rectangle":
        points = points[[0, 1, 3, 2]]
    if mark.kind in _CLOSED:
        points = np.vstack([points, points[:1]])
    if mark.kind == "ellipse" and _is_tall(points):
        return points
    # The longer axis comes first (PS3.3 C.18.6.1.2).
    return points[[2, 3, 0, 1]] if mark.kind == "ellipse" else points


def _is_tall(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> bool:
    tall, wide = np.linalg.norm(points[1] - points[0]), np.linalg.norm(points[3] - points[2])
    return bool(tall >= wide)
