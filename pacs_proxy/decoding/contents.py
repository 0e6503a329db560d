"""What an instance that is no plain picture holds, as JSON; runs only in the jailed child."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from pydicom import config, dcmread

from pacs_proxy.decoding.contours import structures
from pacs_proxy.decoding.elements import HEAD_BYTES, read_header
from pacs_proxy.decoding.findings import findings
from pacs_proxy.decoding.kinds import kind_of
from pacs_proxy.decoding.segments import segmentation
from pacs_proxy.decoding.tree import class_name, items, meaning, report, said, text
from pacs_proxy.decoding.waves import waves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

_MOST_REFERENCES = 10_000
_CLASSES = "1.2.840.10008.5.1.4.1.1."
_KINDS = dict.fromkeys((_CLASSES + "66.4", _CLASSES + "66.7"), "segmentation")
_FACTS = (
    ("Title", "DocumentTitle"),
    ("Label", "ContentLabel"),
    ("Description", "ContentDescription"),
    ("Plan", "RTPlanLabel"),
    ("Plan name", "RTPlanName"),
    ("Plan date", "RTPlanDate"),
    ("Plan intent", "PlanIntent"),
    ("Structure set", "StructureSetLabel"),
    ("Structure set date", "StructureSetDate"),
    ("Kind of document", "MIMETypeOfEncapsulatedDocument"),
    ("Made by", "Manufacturer"),
    ("Date", "ContentDate"),
    ("Author", "ContentCreatorName"),
)


def contents(file: BinaryIO, limit: int) -> bytes:
    """The JSON object of `services/contents.py`; `limit` bounds what may be decoded for it."""
    config.settings.reading_validation_mode = config.IGNORE
    kind = kind_of(read_header(file.read(HEAD_BYTES)))
    file.seek(0)
    dataset = dcmread(file, force=True)
    told = _common(dataset, kind)
    for add in _PARTS.get(told["kind"], ()):
        told |= add(dataset, limit)
    return json.dumps(told, allow_nan=False, separators=(",", ":")).encode()


def _common(dataset: Dataset, kind: str) -> dict[str, Any]:
    uid = said(dataset, "SOPClassUID")
    return {
        "sop_uid": said(dataset, "SOPInstanceUID"),
        "sop_class": uid,
        "class_name": class_name(uid) or "no class named",
        "kind": _KINDS.get(uid, kind),
        "facts": [[name, value] for name, value in _facts(dataset) if value],
        "references": _references(dataset),
    }


def _facts(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for name, keyword in _FACTS:
        yield name, said(dataset, keyword)
    for number, group in enumerate(items(dataset, "WaveformSequence"), 1):
        yield f"Recording {number}", _waveform(group)
    beams = len(items(dataset, "BeamSequence")) or len(items(dataset, "IonBeamSequence"))
    yield "Beams", str(beams) if beams else ""


def _waveform(group: Dataset) -> str:
    channels, samples = (
        said(group, "NumberOfWaveformChannels"),
        said(group, "NumberOfWaveformSamples"),
    )
    words = [f"{channels} channels", f"{samples} samples each"]
    with suppress(ValueError, ZeroDivisionError):
        words.append(f"{int(samples) / float(said(group, 'SamplingFrequency')):.1f} s")
    return ", ".join(words)


def _references(dataset: Dataset) -> list[dict[str, str]]:
    """The instances that it is about, each once, in the order they are named."""
    found: dict[str, dict[str, str]] = {}
    for series, one in _referring(dataset):
        uid = said(one, "ReferencedSOPInstanceUID")
        if uid and len(found) < _MOST_REFERENCES:
            name = class_name(said(one, "ReferencedSOPClassUID"))
            found.setdefault(uid, {"uid": uid, "series": series, "class": name})
    return list(found.values())


def _referring(dataset: Dataset) -> Iterator[tuple[str, Dataset]]:
    evidence = [
        *items(dataset, "CurrentRequestedProcedureEvidenceSequence"),
        *items(dataset, "PertinentOtherEvidenceSequence"),
        *items(dataset, "StudiesContainingOtherReferencedInstancesSequence"),
        dataset,
    ]
    for frame in items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            for series in items(study, "RTReferencedSeriesSequence"):
                uid = said(series, "SeriesInstanceUID")
                yield from ((uid, one) for one in items(series, "ContourImageSequence"))
    for study in evidence:
        for series in items(study, "ReferencedSeriesSequence"):
            uid = said(series, "SeriesInstanceUID")
            for keyword in ("ReferencedSOPSequence", "ReferencedInstanceSequence"):
                yield from ((uid, one) for one in items(series, keyword))
            yield from ((uid, one) for one in items(series, "ReferencedImageSequence"))


def _report(dataset: Dataset, _: int) -> dict[str, Any]:
    return {"report": report(dataset)}


def _document(dataset: Dataset, _: int) -> dict[str, Any]:
    body = dataset.get("EncapsulatedDocument") or b""
    return {
        "document": {
            "mime": said(dataset, "MIMETypeOfEncapsulatedDocument"),
            "title": said(dataset, "DocumentTitle") or meaning(dataset, "ConceptNameCodeSequence"),
            "is_pdf": body[:1024].lstrip()[:5] == b"%PDF-",
            "size": len(body),
        }
    }


def _video(dataset: Dataset, _: int) -> dict[str, Any]:
    size = f"{text(dataset.get('Columns'))} x {text(dataset.get('Rows'))}"
    return {"video": {"size": size, "frames": said(dataset, "NumberOfFrames")}}


_PARTS: dict[str, tuple[Callable[[Dataset, int], dict[str, Any]], ...]] = {
    "report": (_report, findings),
    "key object selection": (_report,),
    "document": (_document,),
    "video": (_video,),
    "segmentation": (segmentation,),
    "structure set": (structures,),
    "waveform": (waves,),
}
