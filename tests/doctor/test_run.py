"""The whole of doctor against archives that are away, are something else, or misbehave."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pacs_proxy import doctor
from pacs_proxy.demo.orthanc import free_port
from pacs_proxy.doctor import Check
from pacs_proxy.settings import Settings
from tests.fakes import Always, FakeOrthanc, Manner, Reply, faults

DATA = bytes(128) + b"DICM" + bytes(500)


def asked(orthanc: FakeOrthanc, config: Path | None = None, **settings: object) -> dict[str, Check]:
    chosen = replace(Settings(), orthanc_url=orthanc.url, **settings)  # type: ignore[arg-type]
    return {check.name: check for check in doctor.run(chosen, config)}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine's own Orthanc has no say, and C-ECHO has its test with a real one."""
    monkeypatch.setattr("pacs_proxy.doctor.connections._echoed", lambda host, port, aet: None)
    monkeypatch.setattr("pacs_proxy.doctor.options.USUAL", tmp_path / "etc")


def running(manner: Manner | None = None) -> FakeOrthanc:
    orthanc = FakeOrthanc(manner=manner, idle=None)
    told = datetime.now(UTC).strftime("%Y%m%dT%H%M%S").encode()
    orthanc.set_answer("GET /tools/now", Reply(200, told))
    orthanc.set_answer("GET /plugins", ["dicom-web"])
    orthanc.set_answer("GET /instances", ["a"])
    orthanc.add("a", DATA)
    return orthanc


def test_nothing_listening_is_said_with_the_address_to_change() -> None:
    settings = replace(Settings(), orthanc_url=f"http://127.0.0.1:{free_port()}")
    checks = {check.name: check for check in doctor.run(settings)}
    assert checks["reachable"].ok is False
    assert "nothing listens there" in checks["reachable"].found
    assert settings.orthanc_url in checks["reachable"].advice
    assert "version" not in checks


def test_a_web_server_that_is_not_orthanc_is_recognised() -> None:
    with FakeOrthanc(Always(faults.html_200, routes=None)) as other:
        checks = asked(other)
    assert checks["reachable"].ok is True
    assert checks["is Orthanc"].ok is False
    assert "text/html" in checks["is Orthanc"].found


def test_something_that_speaks_no_http_is_recognised() -> None:
    with FakeOrthanc(Always(faults.framed("junk"), routes=None)) as other:
        other.set_answer("GET /system", {"Version": "1.0"})
        assert asked(other)["is Orthanc"].ok is False


@pytest.mark.parametrize(
    ("username", "password", "advice"),
    [("", "", "Set ORTHANC_USERNAME"), ("anna", "CANARY", "Compare ORTHANC_USERNAME")],
)
def test_a_refused_password_is_said_without_showing_it(
    username: str, password: str, advice: str
) -> None:
    with FakeOrthanc() as orthanc:
        orthanc.credentials = ("anna", "right")
        checks = asked(orthanc, orthanc_username=username, orthanc_password=password)
    assert checks["credentials"].ok is False
    assert checks["credentials"].advice.startswith(advice)
    assert "CANARY" not in json.dumps([check.as_dict() for check in checks.values()])


def test_the_right_password_is_accepted_and_known_defaults_are_not() -> None:
    with running() as orthanc:
        for name, word, ok in (("anna", "right", True), ("orthanc", "orthanc", False)):
            orthanc.credentials = (name, word)
            checks = asked(orthanc, orthanc_username=name, orthanc_password=word)
            assert checks["credentials"].ok is ok


def test_a_password_that_nobody_asks_for_is_noted() -> None:
    with running() as orthanc:
        checks = asked(orthanc, orthanc_username="anna", orthanc_password="x")
    assert checks["credentials"].ok is None


@pytest.mark.parametrize(
    ("version", "ok", "words"),
    [
        ("1.9.7", False, "too old"),
        ("1.10.1", None, "2 GiB"),
        ("1.11.3", None, "no Range"),
        ("1.12.7", None, "CVE-2026-5437"),
        ("1.12.11", None, "CVE-2026-10528"),
        ("1.13.0", True, "nothing missing"),
        ("mainline", True, "nothing missing"),
    ],
)
def test_each_version_is_told_what_it_lacks(version: str, ok: bool | None, words: str) -> None:
    with running(Manner(version)) as orthanc:
        check = asked(orthanc)["version"]
    assert check.ok is ok
    assert words in check.found


def test_instances_without_md5_are_a_fault() -> None:
    with running() as orthanc:
        assert asked(orthanc)["MD5 kept"].ok is True
        orthanc.add("a", DATA, md5="")
        assert asked(orthanc)["MD5 kept"].ok is False


def test_an_empty_archive_is_no_fault() -> None:
    with running() as orthanc:
        orthanc.set_answer("GET /instances", [])
        checks = asked(orthanc)
    assert checks["MD5 kept"].ok is None
    assert checks["resume"].ok is None


def test_range_is_tried_and_not_believed() -> None:
    with running() as orthanc:
        assert asked(orthanc)["resume"].ok is True
        orthanc.manner = Manner("1.12.7", ranges=False)
        assert asked(orthanc)["resume"].ok is None
        orthanc.plan = Always(faults.forbidden)
        assert asked(orthanc)["resume"].ok is False


@pytest.mark.parametrize(
    ("system", "name", "ok"),
    [
        ({"MaximumStorageSize": 0, "MaximumPatientCount": 0}, "recycling", True),
        ({"MaximumStorageSize": 9, "MaximumPatientCount": 0}, "recycling", False),
        (
            {"MaximumStorageSize": 9, "MaximumPatientCount": 0, "MaximumStorageMode": "Reject"},
            "recycling",
            True,
        ),
        ({}, "recycling", None),
        ({"OverwriteInstances": False}, "overwriting", True),
        ({"OverwriteInstances": True}, "overwriting", None),
        ({"OverwriteInstances": True, "OverwriteInstancesMode": "Never"}, "overwriting", True),
        ({"IngestTranscoding": "1.2.840.10008.1.2.4.70"}, "stored as sent", None),
        ({"StorageCompression": True}, "stored as sent", None),
        ({"IsHttpServerSecure": False}, "access to Orthanc", None),
        ({"StoreMD5ForAttachments": False}, "MD5 kept", False),
        ({"Performance": {"HttpThreadsCount": 50}}, "pool size", True),
        ({"Performance": {"HttpThreadsCount": 49}}, "pool size", False),
    ],
)
def test_what_orthanc_says_of_itself_is_judged(
    system: dict[str, object], name: str, ok: bool | None
) -> None:
    with running() as orthanc:
        told = {"ApiVersion": 27, "Version": "1.12.7", "MaximumStorageMode": "Recycle"}
        orthanc.set_answer("GET /system", {**told, **system})
        assert asked(orthanc)[name].ok is ok


def test_the_pool_must_leave_threads_for_others(tmp_path: Path) -> None:
    config = tmp_path / "o.json"
    with running() as orthanc:
        assert asked(orthanc, pool_size=40)["pool size"].ok is True
        assert asked(orthanc, pool_size=41)["pool size"].ok is None
        config.write_text('{"HttpPort": 8042, "HttpThreadsCount": 20}', encoding="utf-8")
        check = asked(orthanc, config, pool_size=40)["pool size"]
    assert check.ok is False
    assert "HttpThreadsCount to 50" in check.advice
    assert "PACS_PROXY_POOL_SIZE to 10" in check.advice


def test_keep_alive_is_measured_against_our_own_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as orthanc:
        assert asked(orthanc)["keep-alive"].ok is True
        orthanc.idle = 1.0
        assert asked(orthanc)["keep-alive"].ok is True
        # A busy machine measures more than it is.
        monkeypatch.setattr("pacs_proxy.doctor.archive.Archive.idle_seconds", lambda *_: 1.0)
        assert asked(orthanc, idle_seconds=0.9)["keep-alive"].ok is False
        monkeypatch.setattr("pacs_proxy.doctor.archive.Archive.idle_seconds", lambda *_: 0.3)
        check = asked(orthanc)["keep-alive"]
    assert check.ok is False
    assert "PACS_PROXY_IDLE_SECONDS to 0.1" in check.advice


@pytest.mark.parametrize(("apart", "ok"), [(2, True), (20, None), (-7200, False)])
def test_the_clocks_are_compared(apart: int, ok: bool | None) -> None:
    with running() as orthanc:
        told = (datetime.now(UTC) + timedelta(seconds=apart)).strftime("%Y%m%dT%H%M%S")
        orthanc.set_answer("GET /tools/now", Reply(200, told.encode()))
        assert asked(orthanc)["clock"].ok is ok


def test_gdcm_is_noted_where_it_is_loaded() -> None:
    with running() as orthanc:
        assert asked(orthanc)["GDCM plugin"].ok is True
        orthanc.set_answer("GET /plugins", ["gdcm"])
        assert asked(orthanc)["GDCM plugin"].ok is None


def test_an_orthanc_that_falls_silent_between_questions_is_a_finding_not_a_crash() -> None:
    with running() as orthanc:
        orthanc.plan = Always(faults.vanish(), routes={"statistics"})
        check = asked(orthanc)["md5"]
    assert check.ok is False
    assert "closed the connection" in check.found


def test_an_answer_of_another_form_is_a_finding_not_a_crash() -> None:
    with running() as orthanc:
        orthanc.set_answer("GET /system", {"ApiVersion": 1, "Version": "1.13.0", "Performance": 5})
        assert asked(orthanc)["pool"].ok is False


def test_a_configuration_of_another_orthanc_is_noted_and_not_believed(tmp_path: Path) -> None:
    config = tmp_path / "o.json"
    config.write_text('{"HttpPort": 1, "DicomPort": 2, "HttpThreadsCount": 5}', encoding="utf-8")
    with running() as orthanc:
        checks = asked(orthanc, config)
    assert checks["Orthanc's configuration"].ok is None
    assert checks["pool size"].ok is True


def test_the_usual_folder_is_looked_at_when_it_is_that_of_the_running_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("pacs_proxy.doctor.options.USUAL", tmp_path)
    (tmp_path / "o.json").write_text('{"DicomServerTimeout": 5}', encoding="utf-8")
    with running() as orthanc:
        assert asked(orthanc)["option names"].ok is False
        (tmp_path / "o.json").write_text('{"HttpPort": 9}', encoding="utf-8")
        assert "option names" not in asked(orthanc)


def test_several_nodes_are_each_asked() -> None:
    with running() as one, running(Manner("1.13.0")) as two:
        settings = replace(Settings(), orthanc_url=f"{one.url},{two.url}")
        checks = {check.name: check for check in doctor.run(settings)}
    assert (checks["version (node 1)"].ok, checks["version (node 2)"].ok) == (None, True)


def test_the_report_says_what_to_make_of_it() -> None:
    checks = [
        Check("a", True, "fine"),
        Check("b", False, "broken", "mend it"),
        Check("c", None, "?"),
    ]
    lines = doctor.report(checks).splitlines()
    assert lines[0] == "ok   a: fine"
    assert lines[2] == "       -> mend it"
    assert lines[-1] == "3 checks: 1 to put right, 1 notes."
