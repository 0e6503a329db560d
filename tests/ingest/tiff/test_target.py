"""The picture of a TIFF comes to the patient and study that a person named, or nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacs_proxy.errors import BadUpload
from pacs_proxy.ingest.tiff import Target
from tests.fakes.store import orthanc_id

FORM = {
    "patient_name": "Müller^Jürgen",
    "patient_id": "4711",
    "birth_date": "1970-01-31",
    "sex": "M",
    "study_description": "Skin",
    "study_date": "20260102",
    "accession": "A1",
}


def never(_: str) -> dict[str, Any]:
    raise AssertionError("the archive was asked")


def test_a_form_gives_every_attribute_it_has() -> None:
    target = Target.of(FORM, "batch", never)
    assert (target.patient_name, target.birth_date, target.sex) == (
        "Müller^Jürgen",
        "19700131",
        "M",
    )
    assert (target.study_description, target.accession) == ("Skin", "A1")


def test_equal_forms_of_one_batch_share_a_study_and_of_two_do_not() -> None:
    first = Target.of_form(FORM, "one").study_uid
    assert Target.of_form(dict(FORM), "one").study_uid == first
    assert Target.of_form(FORM, "two").study_uid != first
    assert Target.of_form({**FORM, "patient_id": "4712"}, "one").study_uid != first


@settings(max_examples=50)
@given(st.text(max_size=8), st.text(max_size=8))
def test_every_study_uid_is_one(scope: str, name: str) -> None:
    try:
        uid = Target.of_form({"patient_name": name, "patient_id": "1"}, scope).study_uid
    except BadUpload:
        return
    assert uid.startswith("2.25.")
    assert len(uid) <= 64
    assert uid[5:].isdecimal()
    assert not uid[5:].startswith("0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patient_name": "", "patient_id": ""}, "whose"),
        ({"patient_name": "A\\B"}, "characters"),
        ({"patient_id": "1\n2"}, "characters"),
        ({"patient_name": 7}, "characters"),
        ({"study_description": "x" * 65}, "longer"),
        ({"accession": "x" * 17}, "longer"),
        ({"birth_date": "31.1.1970"}, "YYYYMMDD"),
        ({"sex": "male"}, "M, F or O"),
    ],
)
def test_a_form_that_cannot_be_stored_is_refused_by_its_field(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadUpload, match=words) as caught:
        Target.of_form({**FORM, **change}, "batch")
    assert caught.value.code == "target_invalid"


def test_without_a_target_there_is_no_conversion() -> None:
    with pytest.raises(BadUpload, match="whose picture"):
        Target.of(None, "batch", never)


STUDY = {
    "PatientMainDicomTags": {"PatientName": "A^B", "PatientID": "7", "PatientSex": "F"},
    "MainDicomTags": {"StudyInstanceUID": "1.2.3", "StudyDate": "20200101", "StudyID": "S"},
}


def test_an_existing_study_keeps_its_attributes_and_its_name_in_the_archive() -> None:
    study = orthanc_id("7", "1.2.3")
    target = Target.of({"study": study}, "batch", lambda asked: {study: STUDY}[asked])
    assert (target.study_uid, target.patient_id, target.study_id) == ("1.2.3", "7", "S")
    assert target.orthanc_study == study


def test_a_study_that_cannot_be_met_exactly_is_refused() -> None:
    with pytest.raises(BadUpload, match="another study"):
        Target.of_study(orthanc_id("7 ", "1.2.3"), STUDY)
