"""Orthanc's answers as values: what is odd becomes empty, and nothing breaks."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_proxy.archive import summaries

NAMES = [
    "PatientName", "StudyDate", "SeriesNumber", "InstanceNumber", "NumberOfFrames",
    "ImagePositionPatient", "ImageOrientationPatient", "Modality", "SOPInstanceUID",
]  # fmt: skip
VALUES = st.one_of(st.none(), st.text(max_size=20), st.integers(), st.lists(st.text(), max_size=2))
TAGS = st.dictionaries(st.sampled_from(NAMES), VALUES)


def image(**tags: Any) -> summaries.InstanceSummary:
    return summaries.instance({"ID": "i", "FileSize": 10, "MainDicomTags": tags}, None)


def test_a_name_in_several_scripts_comes_whole() -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    answer = {"ID": "s", "PatientMainDicomTags": {"PatientName": name}}
    assert summaries.study(answer, []).patient_name == name


def test_a_study_counts_and_collects_its_series() -> None:
    found = [
        summaries.series({"ID": f"{n}", "Instances": ["x"] * n, "MainDicomTags": {"Modality": m}})
        for n, m in [(3, "MR"), (0, ""), (2, "CT"), (1, "MR")]
    ]
    study = summaries.study({"ID": "s"}, found)
    assert (study.series_count, study.instance_count, study.modalities) == (4, 6, ("CT", "MR"))


def test_the_thumbnail_is_of_the_middle() -> None:
    assert summaries.series({"ID": "s", "Instances": ["a", "b", "c"]}).thumbnail_instance == "b"
    assert summaries.series({"ID": "s", "Instances": []}).thumbnail_instance is None


def test_padding_of_odd_values_is_dropped() -> None:
    assert image(SOPInstanceUID="1.2.3\0").sop_uid == "1.2.3"
    assert image(InstanceNumber=" 7 ").number == 7


def test_positions_are_three_numbers_or_none() -> None:
    assert image(ImagePositionPatient="1\\-2.5\\3e2").position == (1.0, -2.5, 300.0)
    for odd in ("", "1\\2", "1\\2\\x", "1\\2\\3\\4", None, 5):
        assert image(ImagePositionPatient=odd).position is None


@pytest.mark.parametrize("odd", ["nan\\0\\0", "0\\inf\\0", "0\\0\\-1e999"])
def test_what_json_cannot_say_is_no_position(odd: str) -> None:
    made = image(ImagePositionPatient=odd)
    assert made.position is None
    json.dumps(asdict(made), allow_nan=False)


def test_frames_are_at_least_one() -> None:
    assert [image(NumberOfFrames=n).frames for n in ("30", "0", "-1", "", "x")] == [30, 1, 1, 1, 1]


@given(TAGS)
def test_any_tags_are_summed_up(tags: dict[str, Any]) -> None:
    made = image(**tags)
    assert made.frames >= 1
    series = summaries.series({"ID": "s", "MainDicomTags": tags})
    assert isinstance(series.modality, str)
    assert summaries.study({"ID": "s", "MainDicomTags": tags}, [series]).series_count == 1
