"""Orthanc's answers as the studies, series and instances a reader knows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pacs_proxy.access.restriction import Traits


@dataclass(frozen=True)
class InstanceSummary:
    """One image or document; position in mm and direction cosines as in PS3.3 C.7.6.2."""

    id: str
    sop_uid: str
    number: int | None
    frames: int
    size: int
    md5: str | None
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None


@dataclass(frozen=True)
class SeriesSummary:
    """One series as a strip shows it."""

    id: str
    series_uid: str
    modality: str
    description: str
    number: int | None
    instance_count: int
    body_part: str
    protocol: str
    thumbnail_instance: str | None
    # Of its only instance, where that was asked for.
    frames: int | None = None


@dataclass(frozen=True)
class StudySummary:
    """One study as a list shows it; names are PN values in UTF-8, dates YYYYMMDD."""

    id: str
    study_uid: str
    patient_name: str
    patient_id: str
    patient_birth_date: str
    patient_sex: str
    study_date: str
    study_time: str
    description: str
    accession: str
    modalities: tuple[str, ...]
    series_count: int
    instance_count: int


def study(answer: dict[str, Any], series: list[SeriesSummary]) -> StudySummary:
    """From an expanded study and its series."""
    tags = {**answer.get("PatientMainDicomTags", {}), **answer.get("MainDicomTags", {})}
    return StudySummary(
        id=answer["ID"],
        study_uid=_text(tags, "StudyInstanceUID"),
        patient_name=_text(tags, "PatientName"),
        patient_id=_text(tags, "PatientID"),
        patient_birth_date=_text(tags, "PatientBirthDate"),
        patient_sex=_text(tags, "PatientSex"),
        study_date=_text(tags, "StudyDate"),
        study_time=_text(tags, "StudyTime"),
        description=_text(tags, "StudyDescription"),
        accession=_text(tags, "AccessionNumber"),
        modalities=tuple(sorted({s.modality for s in series if s.modality})),
        series_count=len(series),
        instance_count=sum(s.instance_count for s in series),
    )


def traits(answer: dict[str, Any], series: Iterable[SeriesSummary]) -> Traits:
    """What a restriction asks of a study, as far as the archive knows it."""
    named = _text(answer.get("MainDicomTags", {}), "InstitutionName")
    return Traits(
        # Orthanc has labels since 1.12.
        labels=frozenset(answer.get("Labels", ())),
        institutions=frozenset([named] if named else ()),
        modalities=frozenset(one.modality for one in series if one.modality),
    )


def series(answer: dict[str, Any]) -> SeriesSummary:
    """From an expanded series; the thumbnail is of its middle instance."""
    tags, instances = answer.get("MainDicomTags", {}), answer.get("Instances", [])
    return SeriesSummary(
        id=answer["ID"],
        series_uid=_text(tags, "SeriesInstanceUID"),
        modality=_text(tags, "Modality"),
        description=_text(tags, "SeriesDescription"),
        number=_whole(tags, "SeriesNumber"),
        instance_count=len(instances),
        body_part=_text(tags, "BodyPartExamined"),
        protocol=_text(tags, "ProtocolName"),
        thumbnail_instance=instances[len(instances) // 2] if instances else None,
    )


def instance(answer: dict[str, Any], md5: str | None) -> InstanceSummary:
    """From an expanded instance and its attachment's digest, where that is known."""
    tags = answer.get("MainDicomTags", {})
    return InstanceSummary(
        id=answer["ID"],
        sop_uid=_text(tags, "SOPInstanceUID"),
        number=_whole(tags, "InstanceNumber"),
        frames=frames(answer),
        size=int(answer["FileSize"]),
        md5=md5,
        position=_numbers(tags, "ImagePositionPatient", 3),
        orientation=_numbers(tags, "ImageOrientationPatient", 6),
    )


def frames(answer: dict[str, Any]) -> int:
    """From an expanded instance; 1 of an image without frames."""
    return max(1, _whole(answer.get("MainDicomTags", {}), "NumberOfFrames") or 1)


def _text(tags: dict[str, Any], name: str) -> str:
    value = tags.get(name, "")
    return value.strip(" \0") if isinstance(value, str) else ""


def _whole(tags: dict[str, Any], name: str) -> int | None:
    text = _text(tags, name)
    try:
        return int(text) if text else None
    except ValueError:
        return None


def _numbers(tags: dict[str, Any], name: str, count: int) -> tuple[float, ...] | None:
    return _vector(_text(tags, name), count)


# The slices of a stack all face the same way.
@lru_cache(maxsize=64)
def _vector(text: str, count: int) -> tuple[float, ...] | None:
    if not text:
        return None
    try:
        values = tuple(map(float, text.split("\\")))
    except ValueError:
        return None
    # NaN is a value for float(), and no JSON: one such header would make a whole list unreadable.
    return values if len(values) == count and all(map(math.isfinite, values)) else None
