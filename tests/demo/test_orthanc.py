"""The throw-away Orthanc that every real-Orthanc test stands on."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from pacs_proxy.demo import orthanc as subject
from pacs_proxy.demo.orthanc import OrthancUnavailable, ThrowawayOrthanc, find_executable

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(find_executable() is None, reason="Orthanc is not installed"),
]


def system(orthanc: ThrowawayOrthanc) -> dict[str, object]:
    with urllib.request.urlopen(f"{orthanc.url}/system", timeout=60) as answer:
        content: dict[str, object] = json.load(answer)
    return content


@pytest.fixture
def running() -> Iterator[ThrowawayOrthanc]:
    with ThrowawayOrthanc({"Name": "throw-away"}) as orthanc:
        yield orthanc


def test_it_answers_with_our_configuration_and_the_overrides(running: ThrowawayOrthanc) -> None:
    content = system(running)
    assert content["Name"] == "throw-away"
    assert content["DicomPort"] == running.dicom_port


def test_after_a_kill_the_same_archive_is_back_on_the_same_ports(
    running: ThrowawayOrthanc,
) -> None:
    before = running.url
    running.kill()
    assert running.pid is None
    running.restart()
    assert running.url == before
    assert system(running)["Name"] == "throw-away"


def test_another_orthanc_on_its_port_is_not_taken_for_it(
    running: ThrowawayOrthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "free_port", lambda: running.http_port)
    with pytest.raises(OrthancUnavailable, match="stopped while starting"):
        ThrowawayOrthanc().start(attempts=1)
    assert system(running)["Name"] == "throw-away"


def test_it_leaves_neither_process_nor_files_behind() -> None:
    with ThrowawayOrthanc() as orthanc:
        storage = orthanc.storage
        assert storage.is_dir()
    assert orthanc.pid is None
    assert not storage.parent.exists()


def test_a_configuration_orthanc_refuses_is_reported_in_its_words() -> None:
    with pytest.raises(OrthancUnavailable, match="HttpThreadsCount"):
        ThrowawayOrthanc({"HttpThreadsCount": "fifty"}).start(attempts=1)


def test_where_orthanc_is_missing_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "find_executable", lambda: None)
    with pytest.raises(OrthancUnavailable, match="apt-get install -y orthanc"):
        ThrowawayOrthanc().start()
