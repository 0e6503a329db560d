"""The fake answers as the Orthanc it plays, and counts what it was asked."""

import base64
import hashlib
import json
from time import monotonic

import pytest

from tests.fakes import Door, FakeOrthanc, Manner
from tests.fakes.conftest import DATA, INSTANCE
from tests.fakes.listener import QUIET, ask, at_the_door, connect, fetch, hear, post
from tests.waiting import PATIENCE, until

FILE = f"/instances/{INSTANCE}/file"
BYTES = f"/instances/{INSTANCE}/attachments/dicom/data"
INFO = f"/instances/{INSTANCE}/attachments/dicom/info"
MD5 = hashlib.md5(DATA).hexdigest()


def test_data_and_file_are_the_stored_bytes_and_only_data_has_an_etag(orthanc: FakeOrthanc) -> None:
    data, file = fetch(orthanc.port, BYTES), fetch(orthanc.port, FILE)
    assert data.body == file.body == DATA
    assert data.header("ETag") == [f'"0-{MD5}"']
    assert file.header("ETag") == []
    assert data.header("Content-Length") == [str(len(DATA))]


def test_info_keeps_the_values_of_ingest_when_the_file_is_damaged(orthanc: FakeOrthanc) -> None:
    orthanc.store.damage(INSTANCE, DATA[:100])
    info = json.loads(fetch(orthanc.port, INFO).body)
    assert (info["UncompressedSize"], info["UncompressedMD5"]) == (len(DATA), MD5)
    assert fetch(orthanc.port, BYTES).body == DATA[:100]


def test_overwriting_makes_a_new_uuid_even_for_the_same_bytes(orthanc: FakeOrthanc) -> None:
    before = json.loads(fetch(orthanc.port, INFO).body)["Uuid"]
    orthanc.store.overwrite(INSTANCE, DATA)
    assert json.loads(fetch(orthanc.port, INFO).body)["Uuid"] != before


def test_without_stored_md5_the_etag_is_a_constant(orthanc: FakeOrthanc) -> None:
    orthanc.add(INSTANCE, DATA, md5="")
    assert fetch(orthanc.port, BYTES).header("ETag") == ['"0-"']
    assert fetch(orthanc.port, INFO.replace("info", "md5")).status == 404


def test_head_is_404_and_errors_have_no_content_type(orthanc: FakeOrthanc) -> None:
    with connect(orthanc.port) as sock:
        ask(sock, BYTES, method="HEAD")
        head = hear(sock)
    missing = fetch(orthanc.port, "/instances/none/file")
    assert head.status == missing.status == 404
    assert head.header("Content-Type") == missing.header("Content-Type") == []


@pytest.mark.parametrize(
    ("tag", "status"),
    [(f'"0-{MD5}"', 304), (f"0-{MD5}", 304), ('"0-dead"', 200), ("*", 400), ('W/"0-aa"', 400)],
)
def test_if_none_match_knows_its_own_form_only(orthanc: FakeOrthanc, tag: str, status: int) -> None:
    assert fetch(orthanc.port, BYTES, {"If-None-Match": tag}).status == status


def test_ranges_have_the_bugs_of_the_real_one(orthanc: FakeOrthanc) -> None:
    middle = fetch(orthanc.port, BYTES, {"Range": "bytes=100-199", "If-Range": '"other"'})
    assert (middle.status, middle.body) == (206, DATA[100:200])
    assert middle.header("Content-Range") == [f"bytes 100-199/{len(DATA)}"]
    assert fetch(orthanc.port, BYTES, {"Range": "bytes=-100"}).body == DATA[:101]
    assert fetch(orthanc.port, BYTES, {"Range": f"bytes=5-{len(DATA)}"}).status == 416
    assert fetch(orthanc.port, FILE, {"Range": "bytes=100-199"}).status == 200


def test_the_old_version_answers_a_range_with_the_whole(orthanc: FakeOrthanc) -> None:
    orthanc.manner = Manner("1.10.1", ranges=False)
    assert fetch(orthanc.port, BYTES, {"Range": "bytes=100-199"}).body == DATA
    assert json.loads(fetch(orthanc.port, "/system").body)["Version"] == "1.10.1"


def test_an_idle_connection_is_closed_after_a_second_and_not_before(orthanc: FakeOrthanc) -> None:
    orthanc.idle = 1.0
    with connect(orthanc.port) as sock:
        started = monotonic()
        ask(sock, "/system")
        heard = hear(sock, PATIENCE)
        assert (heard.status, heard.end) == (200, "fin")
        assert monotonic() - started > 0.95


def test_wrong_credentials_are_401(orthanc: FakeOrthanc) -> None:
    orthanc.credentials = ("reader", "secret")
    assert fetch(orthanc.port, "/system").status == 401
    token = base64.b64encode(b"reader:secret").decode()
    assert fetch(orthanc.port, "/system", {"Authorization": f"Basic {token}"}).status == 200


def test_requests_routes_and_connections_are_counted(orthanc: FakeOrthanc) -> None:
    with connect(orthanc.port) as one, connect(orthanc.port) as two:
        for sock, path in ((one, BYTES), (two, FILE), (one, INFO)):
            ask(sock, path, {"Accept": "x/y"})
            hear(sock)
        assert orthanc.connections == orthanc.peak == 2
    assert orthanc.wait_for(connections=0)
    assert orthanc.counts == {"data": 1, "file": 1, "info": 1}
    assert orthanc.requests[0].headers["accept"] == "x/y"
    assert orthanc.requests[0].target == BYTES


def test_find_and_lookup_know_studies_and_series_by_their_tags(orthanc: FakeOrthanc) -> None:
    tags = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3", "PatientName": "Doe^J"}
    for number in range(3):
        orthanc.add(f"i{number}", DATA, tags={**tags, "SOPInstanceUID": f"1.2.3.{number}"})
    found = post(orthanc.port, "/tools/lookup", b"1.2.3.1")
    assert json.loads(found.body) == [{"ID": "i1", "Path": "/instances/i1", "Type": "Instance"}]
    asked = {"Level": "Study", "Query": {"PatientName": "Doe*"}, "Expand": True}
    body = json.dumps(asked).encode()
    studies = json.loads(post(orthanc.port, "/tools/find", body).body)
    assert [study["MainDicomTags"]["StudyInstanceUID"] for study in studies] == ["1.2"]


@pytest.mark.parametrize(
    ("door", "end"), [(Door.RESET, "rst"), (Door.CLOSED, "fin"), (Door.HANGING, "quiet")]
)
def test_a_door_decides_before_any_request(orthanc: FakeOrthanc, door: Door, end: str) -> None:
    orthanc.door = door
    assert at_the_door(orthanc.port, QUIET if end == "quiet" else PATIENCE) == (b"", end)


def test_killed_it_refuses_and_comes_back_on_the_same_port(orthanc: FakeOrthanc) -> None:
    with connect(orthanc.port) as sock:
        ask(sock, "/system")
        hear(sock)
        orthanc.kill()
        assert hear(sock).end in {"rst", "fin"}
    with pytest.raises(ConnectionRefusedError):
        connect(orthanc.port)
    orthanc.start()
    assert fetch(orthanc.port, BYTES).body == DATA


def test_when_all_threads_are_busy_the_next_caller_waits_unanswered() -> None:
    with (
        FakeOrthanc(idle=None, threads=1) as orthanc,
        connect(orthanc.port),
        connect(orthanc.port) as second,
    ):
        ask(second, "/system")
        until(lambda: orthanc.peak)
        assert hear(second, QUIET).data == b""
        assert orthanc.peak == 1


def test_a_route_of_the_tests_own_is_answered(orthanc: FakeOrthanc) -> None:
    orthanc.set_answer("GET /plugins", ["dicom-web", "gdcm"])
    assert json.loads(fetch(orthanc.port, "/plugins").body) == ["dicom-web", "gdcm"]
