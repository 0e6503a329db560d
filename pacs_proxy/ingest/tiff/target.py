"""Whose picture a TIFF is: told by a person before it is sent, for a TIFF does not know."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pacs_proxy.errors import BadUpload

# A name of our own: the same text gives the same UID, on any machine, at any time.
_SPACE = uuid.UUID("5f2b2c0e-8d4a-4b5e-9a39-2f6f1f1f6e10")
_LONGEST = {"patient_name": 64, "patient_id": 64, "study_description": 64, "accession": 16}
_DATES = ("birth_date", "study_date")
_DATE = re.compile(r"\d{8}\Z", re.ASCII)
_SEXES = frozenset({"", "M", "F", "O"})
# PS3.5 6.2: a backslash would begin another value.
_FORBIDDEN = re.compile(r"[\\\x00-\x1f\x7f]")


def uid_of(*words: str) -> str:
    """A UID below 2.25 (PS3.5 B.2), always the same for the same words."""
    return f"2.25.{uuid.uuid5(_SPACE, json.dumps(words)).int}"


@dataclass(frozen=True, slots=True)
class Target:
    """Patient and study of the instances to be made; text as in DICOM, dates YYYYMMDD."""

    study_uid: str
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    study_description: str = ""
    study_date: str = ""
    study_time: str = ""
    accession: str = ""
    study_id: str = ""
    referring: str = ""

    @classmethod
    def of_form(cls, form: Mapping[str, Any], scope: str) -> Target:
        """A new study from what a person typed; equal forms within `scope` share one.

        Raises BadUpload (`target_invalid`) naming the first field that cannot be stored.
        """
        fields = {name: _text(form, name, most) for name, most in _LONGEST.items()}
        fields |= {name: _date(form, name) for name in _DATES}
        fields["sex"] = _sex(form)
        if not (fields["patient_name"] or fields["patient_id"]):
            raise _invalid("Say whose picture this is: the patient's name or ID.")
        study = uid_of("study", scope, *(fields[name] for name in sorted(fields)))
        return cls(study, **fields)

    @classmethod
    def of_study(cls, study: str, answer: Mapping[str, Any]) -> Target:
        """An existing study as Orthanc describes it (`GET /studies/<id>`).

        Raises BadUpload where what we would write would not come into that very study.
        """
        tags = {**answer.get("PatientMainDicomTags", {}), **answer.get("MainDicomTags", {})}
        found = cls(
            study_uid=str(tags.get("StudyInstanceUID", "")),
            patient_name=str(tags.get("PatientName", "")),
            patient_id=str(tags.get("PatientID", "")),
            birth_date=str(tags.get("PatientBirthDate", "")),
            sex=str(tags.get("PatientSex", "")),
            study_description=str(tags.get("StudyDescription", "")),
            study_date=str(tags.get("StudyDate", "")),
            study_time=str(tags.get("StudyTime", "")),
            accession=str(tags.get("AccessionNumber", "")),
            study_id=str(tags.get("StudyID", "")),
            referring=str(tags.get("ReferringPhysicianName", "")),
        )
        if found.orthanc_study != study:
            raise _invalid(
                "The chosen study's identifiers cannot be repeated exactly, so the picture would "
                "come into another study. Choose a new study instead."
            )
        return found

    @classmethod
    def of(
        cls,
        said: Mapping[str, Any] | None,
        scope: str,
        ask: Callable[[str], Mapping[str, Any]],
    ) -> Target:
        """From an upload's `target`; `ask` gets an existing study by its Orthanc id.

        `scope` is the batch: TIFFs sent together with equal forms come into one study.
        """
        if not said:
            raise _invalid("A TIFF does not say whose picture it is: name a patient or a study.")
        study = said.get("study")
        return cls.of_study(study, ask(study)) if study else cls.of_form(said, scope)

    @property
    def orthanc_study(self) -> str:
        """The name Orthanc will give the study (SHA-1 of patient ID and study UID)."""
        named = f"{self.patient_id}|{self.study_uid}".encode()
        digits = hashlib.sha1(named, usedforsecurity=False).hexdigest()
        return "-".join(digits[at : at + 8] for at in range(0, 40, 8))


def _text(form: Mapping[str, Any], name: str, most: int) -> str:
    value = form.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if (value is not None and not isinstance(value, str)) or _FORBIDDEN.search(text):
        raise _invalid(f"{_words(name)} holds characters that cannot be stored.")
    if len(text) > most:
        raise _invalid(f"{_words(name)} is longer than {most} characters.")
    return text


def _date(form: Mapping[str, Any], name: str) -> str:
    value = str(form.get(name) or "").replace("-", "")
    if value and not _DATE.match(value):
        raise _invalid(f"{_words(name)} must be a date as YYYYMMDD.")
    return value


def _sex(form: Mapping[str, Any]) -> str:
    value = str(form.get("sex") or "")
    if value not in _SEXES:
        raise _invalid("Sex must be M, F or O, or left out.")
    return value


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _invalid(reason: str) -> BadUpload:
    return BadUpload("target_invalid", reason)
