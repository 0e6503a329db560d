"""Studies as ZIPs from an archive that goes wrong: whole and proven, or not at all."""

import http.client
import io
import zipfile

import pytest

from tests.fakes import FakeOrthanc
from tests.fakes.store import orthanc_id
from tests.server import Answer, Proxy
from tests.waiting import until

COUNT, SIZE = 6, 40_000
numbers = iter(range(1, 1000))


def filled(orthanc: FakeOrthanc) -> dict[str, bytes]:
    """A study of its own: instances by identifier, in the order of their numbers."""
    study = f"1.2.{next(numbers)}"
    held = {}
    for number in range(COUNT):
        series = f"{study}.{number // 3}"
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        tags = {**uids, "SOPInstanceUID": f"{series}.{number}", "InstanceNumber": str(number)}
        name, data = orthanc_id(study, str(number)), bytes([number + 1]) * SIZE
        orthanc.add(name, data, tags={**tags, "SeriesNumber": str(number // 3)})
        held[name] = data
    orthanc.requests.clear()
    return held


def study_of(held: dict[str, bytes], orthanc: FakeOrthanc) -> str:
    stored = orthanc.store.get(next(iter(held)))
    assert stored
    return orthanc_id("Study", stored.tags["StudyInstanceUID"])


@pytest.fixture
def held(orthanc: FakeOrthanc) -> dict[str, bytes]:
    return filled(orthanc)


@pytest.fixture
def path(orthanc: FakeOrthanc, held: dict[str, bytes]) -> str:
    return f"/api/pacs/studies/{study_of(held, orthanc)}/download"


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def same(answer: Answer) -> dict[str, str]:
    changing = {"Date", "X-Request-Id"}
    return {name: value for name, value in answer.headers.items() if name not in changing}


def test_a_study_is_every_instance_in_order_with_a_directory(
    server: Proxy, path: str, held: dict[str, bytes]
) -> None:
    answer = server.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    found = members(answer.body)
    assert list(found) == [
        "DICOMDIR",
        *(f"IMAGES/SE00000{s}/IM00000{n}" for s in (1, 2) for n in (1, 2, 3)),
    ]
    assert list(found.values())[1:] == list(held.values())


def test_head_says_what_get_will_bring_and_fetches_nothing(
    server: Proxy, path: str, orthanc: FakeOrthanc
) -> None:
    head = server.get(path, method="HEAD")
    assert orthanc.counts["data"] == 0
    get = server.get(path)
    assert same(head) == same(get)
    assert head.headers["Content-Length"] == str(len(get.body))


def test_any_range_is_the_same_bytes_whichever_process_sends_them(
    server: Proxy, path: str, orthanc: FakeOrthanc
) -> None:
    whole = server.get(path)
    with Proxy(orthanc.url) as other:
        for start in (0, 1, 60, SIZE, 3 * SIZE + 17, len(whole.body) - 5):
            for served_by in (server, other):
                headers = {"Range": f"bytes={start}-", "If-Range": whole.headers["ETag"]}
                part = served_by.get(path, headers)
                assert (part.status, part.body) == (206, whole.body[start:])
        assert other.get(path, {"Range": "bytes=5-9"}).body == whole.body[5:10]
        assert other.get(path, {"If-None-Match": whole.headers["ETag"]}).status == 304


def test_a_list_that_is_shorter_than_the_count_sends_nothing(
    server: Proxy, path: str, orthanc: FakeOrthanc
) -> None:
    counted = path.replace("/api/pacs", "").replace("download", "statistics")
    orthanc.set_answer(f"GET {counted}", {"CountInstances": COUNT + 1})
    answer = server.get(path)
    assert (answer.status, answer.problem["code"]) == (502, "incomplete")
    assert "counts 7" in answer.problem["detail"]
    assert orthanc.counts["data"] == 0


def test_a_damaged_member_breaks_the_connection_before_its_first_byte(
    server: Proxy, path: str, orthanc: FakeOrthanc, held: dict[str, bytes]
) -> None:
    damaged = list(held)[3]
    orthanc.store.damage(damaged, b"wrong" + held[damaged][5:])
    expected = int(server.get(path, method="HEAD").headers["Content-Length"])
    with pytest.raises(http.client.IncompleteRead) as cut:
        server.get(path)
    got = cut.value.partial
    assert len(got) < expected
    assert b"wrong" not in got
    assert held[list(held)[2]] in got
    again = server.get(path, {"Range": f"bytes={len(got)}-"})
    assert (again.status, again.problem["code"]) == (502, "stored_object_damaged")


def test_another_file_in_its_place_is_another_zip(
    server: Proxy, path: str, orthanc: FakeOrthanc, held: dict[str, bytes]
) -> None:
    before = server.get(path)
    name = next(iter(held))
    stored = orthanc.store.get(name)
    assert stored
    orthanc.store.overwrite(name, b"9" * SIZE, tags=stored.tags)
    after = server.get(path, {"Range": "bytes=9-", "If-Range": before.headers["ETag"]})
    assert after.status == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert b"9" * SIZE in members(after.body).values()


def test_without_digests_in_the_archive_a_study_is_still_whole(
    server: Proxy, orthanc: FakeOrthanc
) -> None:
    tags = {"StudyInstanceUID": "9.9", "SeriesInstanceUID": "9.9.9", "SOPInstanceUID": "9.9.9.9"}
    orthanc.add(orthanc_id("lone"), b"x" * 3000, md5="", tags=tags)
    answer = server.get(f"/api/pacs/series/{orthanc_id('Series', '9.9.9')}/download")
    assert members(answer.body)["IMAGES/SE000001/IM000001"] == b"x" * 3000


def test_only_so_many_at_once_and_a_place_is_free_when_its_client_left(
    orthanc: FakeOrthanc,
) -> None:
    name = orthanc_id("large")
    uids = {"StudyInstanceUID": "8", "SeriesInstanceUID": "8.8", "SOPInstanceUID": "8.8.8"}
    # More than the kernel's buffers take: an answer that is not read does not end.
    orthanc.add(name, b"x" * (24 << 20), tags=uids)
    path = f"/api/pacs/studies/{orthanc_id('Study', '8')}/download"
    with Proxy(orthanc.url, export_streams=1) as server:
        first = server.connect()
        first.request("GET", path)
        assert first.getresponse().status == 200
        refused = server.get(path)
        assert (refused.status, refused.problem["code"]) == (503, "archive_busy")
        assert server.get(path, method="HEAD").status == 200
        first.sock.close()
        first.close()
        until(lambda: server.get(path, {"Range": "bytes=0-9"}).status == 206)
