"""Option names, types and recommendations, without any Orthanc."""

import json
from pathlib import Path
from typing import Any

import pytest

from pacs_proxy.demo.orthanc import shipped_configuration
from pacs_proxy.doctor import options
from pacs_proxy.doctor.configuration import Configuration, read
from pacs_proxy.doctor.option_names import IMAGINARY, KINDS, PLUGIN_SECTIONS, SINCE
from pacs_proxy.doctor.recommended import RECOMMENDED
from pacs_proxy.doctor.versions import NEWEST

DEBIAN = Path("/etc/orthanc/orthanc.json")


def of(**given: Any) -> Configuration:
    return Configuration(Path("o.json"), given)


def test_our_own_configuration_is_without_fault() -> None:
    checks = options.checks(Configuration(Path("ours"), shipped_configuration()), None)
    assert [check.found for check in checks if not check.ok] == []


@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's Orthanc is not installed here")
def test_every_option_that_debian_ships_is_known_with_its_type() -> None:
    configuration = read(DEBIAN)
    assert len(configuration.options) > 90
    assert options.names(configuration).ok
    assert options.types(configuration).ok


@pytest.mark.parametrize(
    ("imaginary", "instead"),
    [
        ("DicomServerTimeout", "DicomScpTimeout"),
        ("WorkerThreadsCount", "HttpThreadsCount"),
        ("HttpRequestMaxSize", "MaximumRequestBodySizeMB"),
        ("LimitJobs", "JobsHistorySize"),
        ("MaximumRequestBodySizeMb", "MaximumRequestBodySizeMB"),
        ("httpport", "HttpPort"),
        ("HttpThreadCount", "HttpThreadsCount"),
    ],
)
def test_an_option_that_does_not_exist_is_named_with_the_right_one(
    imaginary: str, instead: str
) -> None:
    check = options.names(of(**{imaginary: 1}))
    assert check.ok is False
    assert imaginary in check.found
    assert instead in check.advice


def test_the_section_of_an_unknown_plugin_is_no_fault() -> None:
    assert options.names(of(SomePlugin={"Enable": True})).ok is None
    assert options.names(of(DicomWeb={"Enable": True})).ok is True


def test_an_option_given_twice_is_a_fault() -> None:
    twice = Configuration(Path("o.json"), {"HttpPort": 2}, twice=("HttpPort",))
    assert options.names(twice).ok is False


@pytest.mark.parametrize(
    ("option", "value"),
    [("HttpTimeout", "60"), ("KeepAlive", 1), ("HttpPort", True), ("Plugins", "a.so")],
)
def test_a_wrong_type_is_a_fault_because_orthanc_would_not_start(option: str, value: Any) -> None:
    check = options.types(of(**{option: value}))
    assert check.ok is False
    assert option in check.found


def test_an_option_of_a_later_version_is_noted_with_that_version() -> None:
    check = options.too_new(of(KeepAliveTimeout=5), (1, 10, 1))
    assert check.ok is None
    assert "KeepAliveTimeout (1.11.3)" in check.found
    assert options.too_new(of(KeepAliveTimeout=5), (1, 12, 7)).ok


def test_a_default_counts_as_what_is_in_force() -> None:
    old = options.recommendations(of(), (1, 10, 1), frozenset())
    new = options.recommendations(of(), (1, 12, 7), frozenset())
    assert "option HttpCompressionEnabled" in {check.name for check in old}
    assert "option HttpCompressionEnabled" not in {check.name for check in new}


def test_a_recommendation_that_protects_data_is_a_fault_when_not_kept() -> None:
    checks = {
        check.name: check
        for check in options.recommendations(
            of(StoreMD5ForAttachments=False, WebDavEnabled=True), NEWEST, frozenset()
        )
    }
    assert checks["option StoreMD5ForAttachments"].ok is False
    assert checks["option WebDavEnabled"].ok is None
    assert "Set WebDavEnabled to false." in checks["option WebDavEnabled"].advice


def test_the_tables_agree_with_each_other() -> None:
    assert SINCE.keys() <= KINDS.keys()
    assert {wish.option for wish in RECOMMENDED} <= KINDS.keys()
    assert not IMAGINARY.keys() & KINDS.keys()
    assert not PLUGIN_SECTIONS & KINDS.keys()


def test_no_value_of_an_unjudged_option_is_ever_shown() -> None:
    given = {"RegisteredUsers": {"anna": "CANARY"}, "HttpTimeout": "CANARY", "Nonsense": "CANARY"}
    checks = options.checks(of(**given), None)
    assert "CANARY" not in json.dumps([check.as_dict() for check in checks])
