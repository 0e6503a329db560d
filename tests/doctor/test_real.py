"""Doctor against real Orthancs, well and badly configured."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest
from pydicom.data import get_testdata_file

from pacs_proxy import doctor
from pacs_proxy.demo.orthanc import OrthancUnavailable, ThrowawayOrthanc, find_executable
from pacs_proxy.doctor import Check
from pacs_proxy.settings import Settings

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="Orthanc is not installed here"),
]

WRONG = {
    "StoreMD5ForAttachments": False,
    "MaximumPatientCount": 5,
    "MaximumStorageMode": "Recycle",
    "HttpThreadsCount": 12,
    "DicomServerEnabled": False,
    "OverwriteInstances": True,
    "DicomServerTimeout": 60,
    "ExecuteLuaEnabled": True,
    "AuthenticationEnabled": True,
    "RegisteredUsers": {"anna": "CANARY-orthanc"},
}


def asked(orthanc: ThrowawayOrthanc, **settings: object) -> dict[str, Check]:
    chosen = replace(Settings(), orthanc_url=orthanc.url, **settings)  # type: ignore[arg-type]
    config = orthanc.storage.parent / "o.json"
    return {check.name: check for check in doctor.run(chosen, config)}


def store_one(orthanc: ThrowawayOrthanc) -> None:
    data = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    urlopen(f"{orthanc.url}/instances", data).close()


@pytest.fixture(scope="module")
def good() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc() as orthanc:
        store_one(orthanc)
        yield orthanc


@pytest.fixture(scope="module")
def wrong() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc(WRONG) as orthanc:
        yield orthanc


def test_our_own_configuration_has_nothing_to_put_right(good: ThrowawayOrthanc) -> None:
    checks = asked(good)
    assert [check for check in checks.values() if check.ok is False] == []
    sure = ["MD5 kept", "keep-alive", "pool size", "clock", "C-ECHO", "recycling", "overwriting"]
    assert [name for name in sure if not checks[name].ok] == []


def test_every_wrong_choice_is_found(wrong: ThrowawayOrthanc) -> None:
    checks = asked(wrong, orthanc_username="anna", orthanc_password="CANARY-orthanc")
    assert checks["credentials"].ok is True
    refused = {name for name, check in checks.items() if check.ok is False}
    assert {
        "recycling",
        "pool size",
        "option names",
        "option StoreMD5ForAttachments",
        "option ExecuteLuaEnabled",
    } == refused
    assert checks["C-ECHO"].ok is checks["overwriting"].ok is None
    assert "CANARY" not in doctor.report(list(checks.values()))


def test_a_wrong_password_is_refused(wrong: ThrowawayOrthanc) -> None:
    checks = asked(wrong, orthanc_username="anna", orthanc_password="CANARY-ours")
    assert checks["credentials"].ok is False
    assert "CANARY" not in doctor.report(list(checks.values()))


def test_an_orthanc_that_keeps_no_md5_is_found_by_its_instances() -> None:
    with ThrowawayOrthanc({"StoreMD5ForAttachments": False}) as orthanc:
        store_one(orthanc)
        settings = replace(Settings(), orthanc_url=orthanc.url)
        checks = {check.name: check for check in doctor.run(settings)}
    assert checks["MD5 kept"].ok is False


def test_a_type_that_we_call_wrong_really_stops_orthanc() -> None:
    with (
        pytest.raises(OrthancUnavailable, match=r"[Bb]ad type"),
        ThrowawayOrthanc({"HttpTimeout": "60"}),
    ):
        pass
