"""Instances that are no plain pictures, and the slices they are about, whose content is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tests.decoding import samples
from tests.decoding.samples import EXPLICIT, Pixels

CLASSES = "1.2.840.10008.5.1.4.1.1."
ROOT = "1.2.826.0.1.3680043.8.498.77."
STUDY, FRAME = f"{ROOT}1", f"{ROOT}2"
ROWS, COLUMNS = 40, 60
# Rows are 1.5 mm apart, columns 0.75 mm, slices 3 mm; the first pixel's centre lies here.
SPACING, ORIGIN, STEP = (1.5, 0.75), (-20.0, -30.0, 100.0), 3.0


def item(**values: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def code(meaning: str, value: str = "1", scheme: str = "99TEST") -> list[Dataset]:
    return [item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def base(sop_class: str, modality: str, series: int, number: int = 1) -> Dataset:
    """What every instance of the one study has."""
    return item(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=CLASSES + sop_class,
        SOPInstanceUID=f"{ROOT}{series}.{number}",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=f"{ROOT}{series}",
        PatientName="Sample^Sam",
        PatientID="S1",
        StudyDate="20260101",
        StudyTime="101500",
        Modality=modality,
        SeriesNumber=series,
        InstanceNumber=number,
    )


def ct(slices: int = 5, frame: str = FRAME, *, turned: bool = False) -> list[Dataset]:
    """A stack of axial slices, a slope each; `turned`: rows run the other way."""
    found = []
    for index in range(slices):
        dataset = base("2", "CT", 10, index + 1)
        values = np.tile(np.arange(COLUMNS, dtype=np.uint16) * 10, (ROWS, 1)) + index
        for element in samples.described(values):
            dataset.setdefault(element.tag, element)
        dataset.FrameOfReferenceUID = frame
        dataset.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0] if turned else [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + STEP * index]
        dataset.PixelSpacing, dataset.SliceThickness = list(SPACING), STEP
        dataset.WindowCenter, dataset.WindowWidth = 300, 600
        dataset.RescaleIntercept, dataset.RescaleSlope = 0, 1
        dataset.PixelData = values.tobytes()
        found.append(dataset)
    return found


def report() -> Dataset:
    """A measurement with its unit, a person, a text that is HTML, an image, and a reference."""
    dataset = base("88.33", "SR", 20)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = code("Chest CT report")
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "VERIFIED"
    dataset.ContentDate, dataset.ContentTime = "20260102", "090000"
    dataset.VerifyingObserverSequence = [item(VerifyingObserverName="Reader^Rita")]
    measured = item(NumericValue="12.5", MeasurementUnitsCodeSequence=code("mm", "mm", "UCUM"))
    image = item(ReferencedSOPClassUID=CLASSES + "2", ReferencedSOPInstanceUID=f"{ROOT}10.3")
    group = _content("CONTAINER", "Findings", ContinuityOfContent="SEPARATE")
    group.ContentSequence = [
        _content("NUM", "Diameter", MeasuredValueSequence=[measured]),
        _content("TEXT", "Finding", TextValue="<img src=x onerror=alert(1)> é"),
        _content("CODE", "Side", ConceptCodeSequence=code("Left")),
        _content("IMAGE", "Source", ReferencedSOPSequence=[image]),
    ]
    reader = _content("PNAME", "Observer", PersonName="Reader^Rita", relation="HAS OBS CONTEXT")
    see = item(RelationshipType="INFERRED FROM", ReferencedContentItemIdentifier=[1, 2, 1])
    conclusion = _content("TEXT", "Conclusion", TextValue="Nodule.")
    conclusion.ContentSequence = [see]
    dataset.ContentSequence = [reader, group, conclusion]
    return dataset


def _content(kind: str, name: str, relation: str = "CONTAINS", **values: Any) -> Dataset:
    named = {"RelationshipType": relation, "ValueType": kind}
    return item(**named, ConceptNameCodeSequence=code(name), **values)


def measured() -> Dataset:
    """Of other software: a group with an ellipse and a line, and a number with its own point."""
    dataset = base("88.33", "SR", 22)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = code("Imaging Measurement Report", "126000", "DCM")
    images = [
        item(ReferencedSOPClassUID=CLASSES + "2", ReferencedSOPInstanceUID=f"{ROOT}10.{n}")
        for n in (2, 4)
    ]
    series = item(SeriesInstanceUID=f"{ROOT}10", ReferencedSOPSequence=images)
    dataset.CurrentRequestedProcedureEvidenceSequence = [
        item(StudyInstanceUID=STUDY, ReferencedSeriesSequence=[series])
    ]
    group = _content("CONTAINER", "Measurement Group", ContinuityOfContent="SEPARATE")
    group.ConceptNameCodeSequence = code("Measurement Group", "125007", "DCM")
    tracking = _content("TEXT", "Tracking", relation="HAS OBS CONTEXT", TextValue="Lesion 7")
    tracking.ConceptNameCodeSequence = code("Tracking Identifier", "112039", "DCM")
    group.ContentSequence = [
        tracking,
        _number("Long axis", "12.5"),
        _drawn("ELLIPSE", [10.5, 20.5, 30.5, 20.5, 20.5, 15.5, 20.5, 25.5], images[0]),
        _drawn("POLYLINE", [10.5, 20.5, 30.5, 20.5], images[0]),
    ]
    lone = _number("Depth", "3")
    lone.ContentSequence = [_drawn("POINT", [5.5, 6.5], images[1], "INFERRED FROM")]
    dataset.ContentSequence = [group, lone]
    return dataset


def _number(name: str, value: str) -> Dataset:
    measured = item(NumericValue=value, MeasurementUnitsCodeSequence=code("mm", "mm", "UCUM"))
    return _content("NUM", name, MeasuredValueSequence=[measured])


def _drawn(kind: str, points: list[float], image: Dataset, relation: str = "CONTAINS") -> Dataset:
    shape = _content("SCOORD", "Region", relation=relation, GraphicType=kind, GraphicData=points)
    shape.ContentSequence = [
        item(ValueType="IMAGE", RelationshipType="SELECTED FROM", ReferencedSOPSequence=[image])
    ]
    return shape


def selection() -> Dataset:
    """Two key images."""
    dataset = base("88.59", "KO", 21)
    dataset.ValueType, dataset.ContinuityOfContent = "CONTAINER", "SEPARATE"
    dataset.ConceptNameCodeSequence = code("For Teaching")
    images = [
        item(ReferencedSOPClassUID=CLASSES + "2", ReferencedSOPInstanceUID=f"{ROOT}10.{n}")
        for n in (2, 4)
    ]
    series = item(SeriesInstanceUID=f"{ROOT}10", ReferencedSOPSequence=images)
    study = item(StudyInstanceUID=STUDY, ReferencedSeriesSequence=[series])
    dataset.CurrentRequestedProcedureEvidenceSequence = [study]
    dataset.ContentSequence = [
        _content("IMAGE", "", ReferencedSOPSequence=[image]) for image in images
    ]
    return dataset


def document(body: bytes, mime: str, sop_class: str = "104.1", series: int = 30) -> Dataset:
    """Encapsulated, padded to an even length, with the length it had before."""
    dataset = base(sop_class, "DOC", series)
    dataset.DocumentTitle = "Letter"
    dataset.EncapsulatedDocument = body + b"\0" * (len(body) % 2)
    dataset.MIMETypeOfEncapsulatedDocument = mime
    dataset.EncapsulatedDocumentLength = len(body)
    return dataset


def pdf(words: str, extra: str = "") -> bytes:
    """One page with a line of text; `extra` goes into its catalogue."""
    stream = f"BT /F1 24 Tf 72 700 Td ({words}) Tj ET"
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {extra} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + head.encode() + tail.encode()


def segmentation(
    masks: dict[tuple[int, int], Pixels],
    kind: str = "BINARY",
    *,
    series: int = 40,
    named: bool = True,
    shift: float = 0.0,
    frame: str = FRAME,
) -> Dataset:
    """`masks` by (segment, slice), each ROWS x COLUMNS; `shift` in mm moves the planes in z."""
    dataset = base("66.4", "SEG", series)
    dataset.SegmentationType, dataset.FrameOfReferenceUID = kind, frame
    dataset.SegmentSequence = [
        item(
            SegmentNumber=number,
            SegmentLabel=f"Segment {number}",
            SegmentAlgorithmType="MANUAL",
            SegmentedPropertyTypeCodeSequence=code("Organ"),
            RecommendedDisplayCIELabValue=LAB[number],
        )
        for number in sorted({number for number, _ in masks})
    ]
    dataset.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=list(SPACING), SliceThickness=STEP)],
            PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        )
    ]
    groups = [_group(number, index, named, shift) for number, index in masks]
    dataset.PerFrameFunctionalGroupsSequence = groups
    referenced = [
        item(ReferencedSOPClassUID=CLASSES + "2", ReferencedSOPInstanceUID=f"{ROOT}10.{n + 1}")
        for n in sorted({index for _, index in masks})
    ]
    dataset.ReferencedSeriesSequence = [
        item(SeriesInstanceUID=f"{ROOT}10", ReferencedInstanceSequence=referenced)
    ]
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = len(masks), ROWS, COLUMNS
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.PixelRepresentation = 0
    bits = 1 if kind == "BINARY" else 8
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    stacked = np.stack(list(masks.values()))
    if kind == "FRACTIONAL":
        dataset.SegmentationFractionalType, dataset.MaximumFractionalValue = "PROBABILITY", 200
    if bits == 8:
        dataset.PixelData = stacked.astype(np.uint8).tobytes()
    else:
        packed = np.packbits(stacked.astype(bool).ravel(), bitorder="little").tobytes()
        dataset.PixelData = packed + b"\0" * (len(packed) % 2)
    return dataset


# Pure sRGB red and green in PCS values.
LAB = {1: [35579, 53665, 50857], 2: [57553, 12523, 53710]}


def _group(number: int, index: int, named: bool, shift: float) -> Dataset:
    position = [ORIGIN[0], ORIGIN[1], ORIGIN[2] + STEP * index + shift]
    group = item(
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=number)],
        PlanePositionSequence=[item(ImagePositionPatient=position)],
    )
    if named:
        source = item(
            ReferencedSOPClassUID=CLASSES + "2", ReferencedSOPInstanceUID=f"{ROOT}10.{index + 1}"
        )
        group.DerivationImageSequence = [item(SourceImageSequence=[source])]
    return group


def structures(
    regions: dict[str, list[list[tuple[float, float, float]]]],
    frame: str = FRAME,
    kind: str = "CLOSED_PLANAR",
) -> Dataset:
    """Each region's contours, in mm."""
    dataset = base("481.3", "RTSTRUCT", 50)
    dataset.StructureSetLabel = "Plan"
    dataset.StructureSetROISequence = [
        item(ROINumber=number, ROIName=name, ReferencedFrameOfReferenceUID=frame)
        for number, name in enumerate(regions, 1)
    ]
    dataset.ROIContourSequence = [
        item(
            ReferencedROINumber=number,
            ROIDisplayColor=[0, 255, 255] if number == 1 else [255, 0, 255],
            ContourSequence=[
                item(
                    ContourGeometricType=kind,
                    NumberOfContourPoints=len(points),
                    ContourData=[value for point in points for value in point],
                )
                for points in contours
            ],
        )
        for number, contours in enumerate(regions.values(), 1)
    ]
    dataset.RTROIObservationsSequence = [
        item(ReferencedROINumber=number, RTROIInterpretedType="ORGAN")
        for number in range(1, len(regions) + 1)
    ]
    images = [item(ReferencedSOPInstanceUID=f"{ROOT}10.1")]
    series = item(SeriesInstanceUID=f"{ROOT}10", ContourImageSequence=images)
    study = item(RTReferencedSeriesSequence=[series])
    dataset.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])
    ]
    return dataset


def waveform() -> Dataset:
    """Twelve channels of ten seconds."""
    dataset = base("9.1.1", "ECG", 60)
    dataset.WaveformSequence = [
        item(
            NumberOfWaveformChannels=12,
            NumberOfWaveformSamples=5_000,
            SamplingFrequency="500",
            WaveformBitsAllocated=16,
            WaveformData=b"\0\0" * 60,
        )
    ]
    return dataset


def electrocardiogram() -> Dataset:
    """Two leads of two seconds in microvolts: a beat of 1.5 mV from 1.0 s to 1.2 s, and a slope."""
    dataset = base("9.1.1", "ECG", 65)
    beat = np.zeros(1_000, "<i2")
    beat[500:600] = 600
    slope = np.arange(1_000, dtype="<i2") - 500
    slope[:100] = -32_000
    dataset.WaveformSequence = [
        item(
            MultiplexGroupLabel="RHYTHM",
            NumberOfWaveformChannels=2,
            NumberOfWaveformSamples=1_000,
            SamplingFrequency="500",
            WaveformBitsAllocated=16,
            WaveformSampleInterpretation="SS",
            WaveformPaddingValue=np.array([-32_000], "<i2").tobytes(),
            WaveformData=np.stack([beat, slope], 1).tobytes(),
            ChannelDefinitionSequence=[
                item(
                    ChannelSourceSequence=code(name),
                    ChannelSensitivity="2.5",
                    ChannelSensitivityUnitsSequence=code("microvolt", "uV", "UCUM"),
                    ChannelSensitivityCorrectionFactor="1",
                    ChannelBaseline="0",
                )
                for name in ("Lead II", "Lead V1")
            ],
        )
    ]
    return dataset


def video(stream: list[bytes], syntax: str) -> bytes:
    """A video in the given fragments."""
    dataset = base("77.1.1.1", "ES", 70)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 240, 320, 50
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "YBR_PARTIAL_420"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation, dataset.PlanarConfiguration = 7, 0, 0
    dataset.PixelData = encapsulate(stream, has_bot=False)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return samples.written(dataset, syntax)


def written(dataset: Dataset, syntax: str = EXPLICIT) -> bytes:
    """As a file."""
    return samples.written(dataset, syntax)
